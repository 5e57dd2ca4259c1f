package taskdef

import (
	"slices"
	"strings"
)

// covers reports whether what ECS has for a field is what the file wants: everything
// that the file sets is there, whatever else may be. What has no order is compared
// without one, and the name of a resource equals its ARN.
func covers(field string, want, have any) bool {
	if isEmpty(have) {
		return isEmpty(want) || absentMeans(field, want)
	}
	switch want := want.(type) {
	case nil:
		return true
	case map[string]any:
		object, ok := have.(map[string]any)
		return ok && coversObject(want, object) && (!named(field) || len(want) == len(object))
	case []any:
		list, ok := have.([]any)
		return ok && coversList(field, want, list)
	default:
		return sameScalar(field, want, have)
	}
}

// named reports whether a field is an object whose members the user names, so that ECS
// adds none.
func named(field string) bool { return field == "options" || field == "hookDetails" }

func coversObject(want, have map[string]any) bool {
	for field, value := range want {
		if !covers(field, value, have[field]) {
			return false
		}
	}
	return true
}

// coversList pairs the entries that are wanted with those that there are, each with one.
func coversList(field string, want, have []any) bool {
	if len(want) != len(have) {
		return false
	}
	p := pairing{by: make([]int, len(have)), fits: func(i, j int) bool {
		// Of a service's lists, the placement strategies alone have an order.
		return (field != "placementStrategy" || i == j) && covers(field, want[i], have[j])
	}}
	for j := range p.by {
		p.by[j] = -1
	}
	for i := range want {
		if !p.place(i, make([]bool, len(have))) {
			return false
		}
	}
	return true
}

// pairing gives each wanted entry one of its own. An entry that says little fits several,
// and makes room for one that says more.
type pairing struct {
	by   []int // which wanted entry has one, by its place; -1 for none
	fits func(want, have int) bool
}

func (p pairing) place(want int, tried []bool) bool {
	for have := range p.by {
		if tried[have] || !p.fits(want, have) {
			continue
		}
		tried[have] = true
		if p.by[have] < 0 || p.place(p.by[have], tried) {
			p.by[have] = want
			return true
		}
	}
	return false
}

// absentMeans reports whether a field that ECS does not show has the wanted value: its
// default.
func absentMeans(field string, want any) bool {
	switch want := want.(type) {
	case bool:
		return !want
	case number:
		return canonicalNumber(want) == "0"
	case map[string]any:
		return coversObject(want, nil)
	case string:
		defaults := map[string]string{
			"propagateTags": "NONE", "assignPublicIp": "DISABLED", "schedulingStrategy": "REPLICA",
			"platformVersion": "LATEST", "strategy": "ROLLING", "availabilityZoneRebalancing": "DISABLED",
			"type": "ECS", // of the deployment controller, the only type that can be absent
		}
		return want == "" || want == defaults[field]
	default:
		return false
	}
}

func sameScalar(field string, want, have any) bool {
	a, b := scalarText(want), scalarText(have)
	switch {
	case a == b:
		return true
	case field == "platformVersion" && a == "LATEST":
		return !outdated(b) // ECS may answer with the version that LATEST stood for
	case field == "field":
		return placementField(a) == placementField(b)
	case field == "namespace" && isARN(a) != isARN(b):
		return true // the ARN of a namespace has its id and not its name: nobody can tell
	case isARN(a) != isARN(b):
		return lastSegment(a) == lastSegment(b)
	default:
		return false
	}
}

// outdated reports whether a platform version of Fargate is none that LATEST stands for.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
func outdated(version string) bool {
	return slices.Contains([]string{"1.1.0", "1.2.0", "1.3.0"}, version)
}

// placementField returns the field of a placement strategy as ECS answers it
// (terraform-provider-aws, service.go; amazon-ecs-developer-guide#77).
func placementField(field string) string {
	switch lower := strings.ToLower(field); lower {
	case "host", "instanceid":
		return "instanceId"
	case "cpu", "memory":
		return strings.ToUpper(field)
	default:
		return field
	}
}

func scalarText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case number:
		return string(canonicalNumber(v))
	default:
		return string(encode(v))
	}
}

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }

// lastSegment returns the name that an ARN ends in, or a name without its path.
func lastSegment(s string) string { return s[strings.LastIndexAny(s, ":/")+1:] }

// project returns of what ECS has just the part that the file sets, written as the
// file does where both are the same.
func project(field string, want, have any) any {
	if covers(field, want, have) {
		return want
	}
	wanted, isObject := want.(map[string]any)
	object, both := have.(map[string]any)
	if !isObject || !both {
		return have
	}
	part := map[string]any{}
	for name, value := range wanted {
		if v := project(name, value, object[name]); v != nil {
			part[name] = v
		}
	}
	return part
}
