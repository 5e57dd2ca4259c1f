package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Express reads and changes services that Express Mode of ECS made, by their ARNs.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html
type Express interface {
	// DescribeExpressService returns what the tasks of a service run with. The error wraps
	// ecs.ErrNotFound where there is no such service.
	DescribeExpressService(ctx context.Context, arn string) ([]ecs.ExpressConfiguration, error)
	// UpdateExpressService takes AWS's JSON for UpdateExpressGatewayService. It returns the ARN of
	// the task definition that the service gets; "" where AWS does not say. The error wraps
	// ecs.ErrAmbiguous where nobody knows whether the change took effect.
	UpdateExpressService(ctx context.Context, input json.RawMessage) (definition string, err error)
}

// UpdateExpress gives a service of Express Mode another image, and leaves all else as it is.
// Express Mode makes the task definition, and rolls it as a canary.
type UpdateExpress struct {
	Cluster, Name string
	Image         string // repository@digest
}

// String says what the step does.
func (s UpdateExpress) String() string {
	return fmt.Sprintf("update the image of Express Mode service %s in cluster %s", s.Name, s.Cluster)
}

// asExpress returns d with the task definition that Express Mode makes of it: the one that the
// service has, with the images of d. A definition that names a version in another form stays as it
// is.
func (d Desired) asExpress(o Observed) (Desired, error) {
	if !d.Express || o.Current == nil {
		return d, nil
	}
	current, err := taskdef.FromJSON(o.Current.Record)
	if err != nil {
		return d, fmt.Errorf("reading task definition %q: %w", o.Current.ARN, err)
	}
	has, wanted := current.Containers(), map[tagboat.ContainerName]tagboat.Reference{}
	for _, image := range d.Images {
		ref, err := tagboat.ParseReference(has[image.Container])
		if err != nil {
			return d, fmt.Errorf("task definition %s has no container %s", ecs.LastPart(o.Current.ARN), image.Container)
		}
		if !ref.SameVersion(image.Pinned) {
			ref = image.Pinned
			ref.Tag = "" // ECS documents repository@digest
			wanted[image.Container] = ref
		}
	}
	d.Definition, d.LeftOut = taskdef.WithImages(current, wanted), nil
	return d, nil
}

// lookAtExpress is lookForEqual of a service whose task definitions Express Mode registers: no
// revision is looked for.
func lookAtExpress(ctx context.Context, t Target, o *Observed) error {
	wanted, err := t.Desired.asExpress(*o)
	if err == nil && o.Current != nil && !Equal(wanted.Definition, *o.Current) { // an error is in the plan, too
		t.Desired = wanted
		o.AsPinned, err = runsAsPinned(ctx, t, *o)
		return err
	}
	return nil
}

// updateExpress adds the step that brings other images.
func (b *builder) updateExpress() {
	images := b.desired.Definition.Containers()
	for _, image := range b.desired.Images {
		b.steps = append(b.steps, UpdateExpress{Cluster: b.desired.Cluster, Name: b.desired.ServiceName, Image: images[image.Container]})
	}
}

// notExpress says why a service is not updated as tagboat.yaml has it. AWS would take an
// UpdateService of a service that Express Mode made; the next change of it through Express Mode is
// made of what Express Mode has.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-advanced-customization.html
func notExpress(d Desired) tagboat.Problem {
	if d.Express {
		return d.problemAt(d.place(), "take deploy out of the service in tagboat.yaml and name its task definition: taskDefinition: {family: NAME}",
			fmt.Sprintf("service %q in cluster %q was not made by Express Mode", d.ServiceName, d.Cluster))
	}
	return d.problemAt(d.place(),
		fmt.Sprintf("deploy it through Express Mode: take taskDefinition and service out of %s in tagboat.yaml, and write deploy: {through: express}, containers: {Main: IMAGE}", d.Service),
		fmt.Sprintf("service %q in cluster %q was made by Express Mode (resourceManagementType ECS), which owns its task definition and its settings", d.ServiceName, d.Cluster))
}

// ContainerOf returns what the tasks with a task definition of an Express Mode service run, as AWS's
// JSON of its primary container, with another image. What is sent with an update takes the place of
// what was, so all of it is sent.
func ContainerOf(all []ecs.ExpressConfiguration, definition, image string) (json.RawMessage, error) {
	at := slices.IndexFunc(all, func(c ecs.ExpressConfiguration) bool { return c.TaskDefinition == definition })
	if at < 0 {
		return nil, fmt.Errorf("Express Mode does not have %s any more: the service was changed meanwhile", ecs.LastPart(definition))
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(all[at].Container, &members); err != nil {
		return nil, fmt.Errorf("reading the primary container: %w", err)
	}
	quoted, err := json.Marshal(image)
	if err != nil {
		return nil, err
	}
	members["image"] = quoted
	return json.Marshal(members)
}

// ExpressImage reads a revision and returns the image that Express Mode changes: that of its
// container Main.
func ExpressImage(ctx context.Context, from Definitions, arn string) (string, error) {
	contents, err := ContentsOf(ctx, from, arn)
	if err != nil {
		return "", err
	}
	for _, c := range contents.Containers {
		if c.Name == string(config.ExpressContainer) {
			return c.Image, nil
		}
	}
	return "", fmt.Errorf("reading task definition %q: it has no container %s", arn, config.ExpressContainer)
}
