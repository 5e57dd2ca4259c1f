package cloudformation

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// revertDrift is the mode of change sets that compare the template with what there really is.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
const revertDrift = "REVERT_DRIFT"

// actual is a resource as it really is.
type actual struct {
	Status  string         // MODIFIED, DELETED, IN_SYNC, UNSUPPORTED
	Drifted map[string]any // properties that are otherwise than the last deployment left them; nil where one is gone
}

// liveDrift is what a drift-aware change set says of a property.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_LiveResourceDrift.html
type liveDrift struct {
	Actual   string    `json:"ActualValue,omitempty"`
	Previous string    `json:"PreviousValue,omitempty"`
	At       wire.Time `json:"DriftDetectionTimestamp"`
}

// live compares the resources of a stack with what they really are. Types that the sandbox has no
// reading for, such as custom resources and stand-ins, are unsupported.
func (c call) live(st *stack) (map[string]actual, error) {
	all := map[string]actual{}
	for _, r := range st.inOrder() {
		var is actual
		var err error
		switch {
		case r.Physical == "":
			continue
		case r.Type == "AWS::ECS::Service":
			is, err = c.liveService(r)
		case r.Type == "AWS::ECS::TaskDefinition":
			is, err = c.liveDefinition(r)
		case r.Type == "AWS::SSM::Parameter":
			is = c.liveParameter(r)
		default:
			is = actual{Status: "UNSUPPORTED"}
		}
		if err != nil {
			return nil, err
		}
		if is.Status == "" {
			is.Status = map[bool]string{true: "MODIFIED", false: "IN_SYNC"}[len(is.Drifted) > 0]
		}
		all[r.Logical] = is
	}
	return all, nil
}

func (c call) ask(service, operation string, in map[string]any) (map[string]any, error) {
	return c.deps.Call(c.ctx, c.caller, service, operation, in)
}

// liveService compares the properties that the template sets with those of the service.
func (c call) liveService(r *resource) (actual, error) {
	out, err := c.ask("ecs", "DescribeServices", map[string]any{"cluster": r.cluster(), "services": []string{r.Physical}})
	if err != nil {
		return actual{}, err
	}
	services, _ := out["services"].([]any)
	if len(services) == 0 {
		return actual{Status: "DELETED"}, nil
	}
	service, _ := services[0].(map[string]any)
	if service["status"] != "ACTIVE" {
		return actual{Status: "DELETED"}, nil
	}
	is := actual{Drifted: map[string]any{}}
	compared := []string{"TaskDefinition", "DesiredCount", "DeploymentConfiguration", "EnableExecuteCommand", "HealthCheckGracePeriodSeconds", "NetworkConfiguration", "PlatformVersion"}
	for _, name := range compared {
		value, set := r.Shape[name]
		there := service[ecsName(name)]
		if text, _ := there.(string); name == "TaskDefinition" && strings.HasSuffix(text, "/"+shown(value)) {
			continue // family:revision, of which the service has the ARN
		}
		if set && !within(ecsValue(ecsName(name), value), there) {
			is.Drifted[name] = there
		}
	}
	return is, nil
}

// within reports whether what is wanted is there; what is there may have more members.
func within(wanted, there any) bool {
	members, isMap := wanted.(map[string]any)
	if !isMap {
		return same(wanted, there)
	}
	have, _ := there.(map[string]any)
	for name, value := range members {
		if !within(value, have[name]) {
			return false
		}
	}
	return true
}

// same compares what a template has with what another service answers, whose numbers are numbers.
func same(wanted, there any) bool {
	one, _ := json.Marshal(wanted) // trees always encode
	other, _ := json.Marshal(there)
	return bytes.Equal(one, other) || string(one) == strconv.Quote(string(other))
}

// liveDefinition tells a revision that was deregistered, which nothing new can use.
func (c call) liveDefinition(r *resource) (actual, error) {
	out, err := c.ask("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": r.Physical})
	if err != nil {
		return actual{}, err
	}
	if d, _ := out["taskDefinition"].(map[string]any); d["status"] != "ACTIVE" {
		return actual{Status: "DELETED"}, nil
	}
	return actual{}, nil
}

func (c call) liveParameter(r *resource) actual {
	value, err := c.parameter(c.ctx, c.caller, r.Physical)
	if err != nil {
		return actual{Status: "DELETED"}
	}
	is := actual{Drifted: map[string]any{}}
	if value != r.word("Value") {
		is.Drifted["Value"] = value
	}
	return is
}

// revert adds to what a change set does to a resource what brings it back to the template. A
// property that the new template has as it really is stays, and no longer counts as drifted.
func (p planner) revert(c *resourceChange, r *resource, shape map[string]any) {
	is := p.live[r.Logical]
	c.DriftStatus = is.Status
	if is.Status == "DELETED" {
		c.Replacement = "True"
		p.changed[r.Logical] = "True"
	}
	for _, name := range slices.Sorted(maps.Keys(is.Drifted)) {
		was, wants := shown(is.Drifted[name]), shown(p.st.Spec.masked(shape[name]))
		target := changeTarget{
			Attribute: "Properties", Name: name, Recreated: "Never", Path: "/Properties/" + name, Before: was, After: wants, Kind: "Modify",
			BeforeFrom: "ACTUAL_STATE", AfterFrom: "TEMPLATE", Drift: &liveDrift{was, shown(p.st.Spec.masked(r.Shape[name])), wire.At(p.now)},
		}
		if same(shape[name], is.Drifted[name]) {
			target.Kind = "SyncWithActual"
		}
		i := slices.IndexFunc(c.Details, func(d changeDetail) bool { return d.Target.Name == name })
		if i < 0 {
			c.Details = append(c.Details, changeDetail{target, "Static", "NoModification", ""})
			continue
		}
		target.Recreated = c.Details[i].Target.Recreated
		c.Details[i].Target = target
	}
}

// synced reports whether a change resets what CloudFormation knows of drift, and nothing else.
func (c resourceChange) synced() bool {
	return c.DriftStatus == "MODIFIED" && !slices.ContainsFunc(c.Details, func(d changeDetail) bool { return d.Target.Kind != "SyncWithActual" })
}

// overwritten returns, of the changes of a drift-aware change set, the properties that are brought
// back, with what they were, by resource. A resource that is gone is made anew.
func overwritten(changes []changeView, live map[string]actual) map[string]actual {
	all := map[string]actual{}
	for _, change := range changes {
		if is := live[change.Resource.Logical]; change.Resource.Action == "Modify" && strings.HasSuffix(is.Status, "ED") && is.Status != "UNSUPPORTED" {
			all[change.Resource.Logical] = is
		}
	}
	return all
}
