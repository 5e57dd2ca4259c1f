package copilot

import (
	"fmt"
	"slices"

	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
)

// Workload is what the template of a stack says of a workload.
type Workload struct {
	Type     WorkloadType
	Manifest string // as it was deployed; "" where the template has none
	// Resource is the logical id of the ECS service; "" where there is none.
	Resource string
	// Parameters are those that bring the whole image of a container, by the container's name.
	Parameters map[string]string
	// Fixed are containers whose image is in the template, or made of more than one parameter, with
	// that image.
	Fixed map[string]string
	// Scaled says that autoscaling sets the desired count, and so does the template.
	Scaled bool
}

// ReadWorkload reads the template of a workload's stack.
func ReadWorkload(s cfn.Stack, body string) (Workload, error) {
	t, err := template.Read(body)
	if err != nil {
		return Workload{}, fmt.Errorf("reading the template of stack %s: %w", s.Name, err)
	}
	w := Workload{Manifest: text(t.Metadata, "Manifest"), Parameters: map[string]string{}, Fixed: map[string]string{}}
	in := template.InputsOf(s, nil)
	services := t.Services(in)
	w.Type = typeOf(t, w.Manifest, len(services) > 0)
	if len(services) != 1 || w.Type.Why() != "" {
		return w, nil
	}
	service := services[0]
	w.Resource = service.Logical
	w.Scaled = service.SetsCount && len(t.OfType("AWS::ApplicationAutoScaling::ScalableTarget")) > 0
	definition, _ := t.TaskDefinition(service.TaskDefinition, in)
	for _, c := range definition.Containers {
		if key, ok := brought(t, in, c.Image); ok {
			w.Parameters[c.Name.Value] = key
		} else {
			w.Fixed[c.Name.Value] = c.Image.Value
		}
	}
	return w, nil
}

// brought returns the parameter whose value is the image.
func brought(t *template.Template, in template.Inputs, image template.Image) (key string, ok bool) {
	if len(image.Sources) != 1 || image.Sources[0].Kind != template.Plain {
		return "", false
	}
	key = image.Sources[0].Name
	return key, image.Value == in.Parameters[key] && !t.Parameters[key].NoEcho
}

// typeOf returns the type that the manifest says, where the resources are those of the type; else
// what the resources say.
func typeOf(t *template.Template, manifest string, service bool) WorkloadType {
	said := WorkloadType("")
	if m, err := ReadManifest("manifest.yml", manifest); err == nil {
		said = m.Type
	}
	has := func(name string) bool { return len(t.OfType(name)) > 0 }
	switch {
	case service && slices.Contains([]WorkloadType{LoadBalanced, Backend, Worker}, said):
		return said
	case service && has("AWS::ElasticLoadBalancingV2::TargetGroup"):
		return LoadBalanced
	case service:
		return Backend
	case has("AWS::AppRunner::Service"):
		return RequestDriven
	case has("AWS::StepFunctions::StateMachine") && has(cfn.TypeTaskDefinition):
		return ScheduledJob
	case has("AWS::CloudFront::Distribution") && has("AWS::S3::Bucket"):
		return StaticSite
	default:
		return said
	}
}
