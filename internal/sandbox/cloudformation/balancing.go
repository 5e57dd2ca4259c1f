package cloudformation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
)

// balancing is a type of Elastic Load Balancing: it is made by Create and removed by Delete, and its
// physical id is an ARN.
type balancing struct {
	noun string   // of the operations: TargetGroup
	id   string   // the member that has the ARN
	free []string // properties that change in place
}

// balancingOf returns a type of Elastic Load Balancing; false for any other.
func balancingOf(name string) (balancing, bool) {
	switch name {
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		return balancing{"TargetGroup", "TargetGroupArn", []string{
			"HealthCheckEnabled", "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol", "HealthCheckTimeoutSeconds",
			"HealthyThresholdCount", "Matcher", "Tags", "TargetGroupAttributes", "UnhealthyThresholdCount",
		}}, true
	case "AWS::ElasticLoadBalancingV2::LoadBalancer":
		return balancing{"LoadBalancer", "LoadBalancerArn", []string{"LoadBalancerAttributes", "SecurityGroups", "SubnetMappings", "Subnets", "Tags"}}, true
	case "AWS::ElasticLoadBalancingV2::Listener":
		return balancing{"Listener", "ListenerArn", []string{"Certificates", "DefaultActions", "ListenerAttributes", "Port", "Protocol", "SslPolicy"}}, true
	case "AWS::ElasticLoadBalancingV2::ListenerRule":
		return balancing{"Rule", "RuleArn", []string{"Actions", "Conditions", "Priority"}}, true
	}
	return balancing{}, false
}

// properties returns those that the type has.
func (b balancing) properties() []string {
	return append(slices.Clone(b.free), b.replaced()...)
}

// replaced returns the properties whose change replaces a resource.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ElasticLoadBalancingV2.html
func (b balancing) replaced() []string {
	return map[string][]string{
		"TargetGroup":  {"IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"},
		"LoadBalancer": {"IpAddressType", "Name", "Scheme", "Type"}, "Listener": {"LoadBalancerArn"}, "Rule": {"ListenerArn"},
	}[b.noun]
}

// balancing makes, changes and deletes what Elastic Load Balancing has. A target group can change;
// of the others, what would have to is an error.
func (w worker) balancing(r *resource) error {
	b, _ := balancingOf(r.Type)
	switch {
	case w.work.Doing == "delete":
		_, err := w.do("elasticloadbalancing", "Delete"+b.noun, map[string]any{b.id: r.Physical})
		return err
	case w.work.Doing == "update" && b.noun != "TargetGroup":
		return w.balancingUnchanged(r)
	}
	in, attributes := map[string]any{}, []any{}
	for name, value := range r.Properties {
		switch name {
		case "TargetGroupAttributes":
			attributes, _ = value.([]any)
		case "Tags", "LoadBalancerAttributes", "ListenerAttributes": // which have no effect here
		default:
			in[name] = balancingValue(name, value)
		}
	}
	operation := "Create" + b.noun
	if w.work.Doing == "update" {
		operation, in[b.id] = "ModifyTargetGroup", r.Physical
		maps.DeleteFunc(in, func(name string, _ any) bool { return slices.Contains(b.replaced(), name) })
	} else if in["Name"] == nil && slices.Contains(b.replaced(), "Name") {
		in["Name"] = w.shortName(r.Logical)
	}
	out, err := w.do("elasticloadbalancing", operation, in)
	if err != nil {
		return err
	}
	r.describe(b, out)
	if len(attributes) == 0 {
		return nil
	}
	_, err = w.do("elasticloadbalancing", "ModifyTargetGroupAttributes", map[string]any{b.id: r.Physical, "Attributes": attributes})
	return err
}

// balancingUnchanged refuses a change that the sandbox cannot make. Back to what was is none.
func (w worker) balancingUnchanged(r *resource) error {
	was := w.work.Was[r.Logical]
	if w.work.Phase == "back" || was == nil || len(w.work.Changed) == 0 {
		return nil
	}
	return template.Errorf("the sandbox does not change %s of %s", strings.Join(w.work.Changed, ", "), r.Type)
}

// shortName returns a name of at most 32 characters.
func (w worker) shortName(logical string) string {
	random := w.st.name("")
	return strings.Trim(w.st.Name[:min(9, len(w.st.Name))], "-") + "-" + logical[:min(9, len(logical))] + "-" + random[len(random)-12:]
}

// describe takes the ARN and the attributes of what was made or changed.
func (r *resource) describe(b balancing, out map[string]any) {
	for _, list := range out {
		items, _ := list.([]any)
		if len(items) == 0 {
			continue
		}
		one, _ := items[0].(map[string]any)
		r.Physical, _ = one[b.id].(string)
		r.Attributes = map[string]string{}
		for name, value := range one {
			if text, ok := value.(string); ok {
				r.Attributes[name] = text
			}
		}
		full := r.Physical[strings.LastIndex(r.Physical, ":")+1:]
		r.Attributes[b.noun+"FullName"] = strings.TrimPrefix(full, "loadbalancer/")
		r.Attributes["CanonicalHostedZoneID"] = r.Attributes["CanonicalHostedZoneId"]
	}
}

// balancingValue returns a property with the types of Elastic Load Balancing's API.
func balancingValue(name string, v any) any {
	numbers := []string{
		"HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "Order", "Port", "Priority", "UnhealthyThresholdCount", "Weight", "DurationSeconds",
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = balancingValue(key, value)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range v {
			out = append(out, balancingValue(name, value))
		}
		return out
	case string:
		switch {
		case slices.Contains(numbers, name) && json.Valid([]byte(v)):
			return json.Number(v)
		case (name == "HealthCheckEnabled" || name == "Enabled") && (v == "true" || v == "false"):
			return v == "true"
		}
	}
	return v
}
