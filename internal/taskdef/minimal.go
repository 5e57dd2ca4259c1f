package taskdef

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// Minimal returns the input that registers an answer of DescribeTaskDefinition again, as a person
// would write it: without what ECS fills in or assumes, without Tagboat's labels, in the order of
// the answer, and without images, which tagboat.yaml maps. With the same images it is Equal to
// the answer. The second result names members that cannot be registered again.
func Minimal(answer Definition) (Definition, []string) {
	_, left := Input(answer)
	members := normalForm(answer, inOrder())
	for _, c := range objects(members["containerDefinitions"]) {
		delete(c, "image")
	}
	return Definition{members: members}, left
}

// inOrder returns the rules without those that sort lists.
func inOrder() rules {
	all := rules{}
	for structure, members := range loadRules() {
		all[structure] = map[string]rule{}
		for member, r := range members {
			r.unordered = false
			all[structure][member] = r
		}
	}
	return all
}

// MinimalService returns the input of CreateService that ECS's record of a service stands for, as
// a person would write it: without what CreateService assumes, and without the desired count, so
// that deploying leaves the count to who scales the service.
func MinimalService(record json.RawMessage) Definition {
	input := RunningService(record, func(string) tagboat.Position { return tagboat.Position{} })
	if input == nil {
		return Definition{}
	}
	members, _ := simplify(input.Value()).(map[string]any)
	delete(members, "desiredCount")
	tags, _ := members["tags"].([]any)
	members["tags"] = slices.DeleteFunc(tags, func(tag any) bool {
		t, _ := tag.(map[string]any)
		return strings.HasPrefix(text(t["key"]), tagPrefix)
	})
	dropEmpty(members, "tags")
	pruned, _ := prune(members, createService).(map[string]any)
	return Definition{members: pruned}
}

// prune drops what CreateService assumes where it is left out.
func prune(v any, typ string) any {
	if list, ok := v.([]any); ok {
		item, _ := listOf(typ)
		for i := range list {
			list[i] = prune(list[i], item)
		}
		return list
	}
	object, ok := v.(map[string]any)
	s, structured := loadShapes().Structures[typ]
	if !ok || !structured {
		return v
	}
	for member, value := range object {
		if !slices.Contains(s.Required, member) && assumed(member, value) {
			delete(object, member)
			continue
		}
		object[member] = prune(value, s.Members[member])
		if isEmpty(object[member]) {
			delete(object, member)
		}
	}
	return object
}

// assumed reports whether CreateService takes a value where a member is left out.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func assumed(member string, value any) bool {
	switch member {
	case "minimumHealthyPercent":
		return scalarText(value) == "100"
	case "maximumPercent":
		return scalarText(value) == "200"
	case "availabilityZoneRebalancing":
		return value == "ENABLED"
	case "resetOnHealthyTask":
		return value == true
	case "thresholdConfiguration": // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
		return string(encode(value)) == `{"type":"BOUNDED_PERCENT","value":50}`
	case "tags":
		return false
	default:
		return absentMeans(member, value)
	}
}

// Map returns the object with its numbers as they were written, for who arranges it otherwise.
func (d Definition) Map() map[string]any { return clone(d.members) }

// Literal returns how a text is written in a template that stands for it.
func Literal(s string) string { return strings.ReplaceAll(s, "${", "$${") }
