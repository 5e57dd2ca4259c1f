package taskdef

import (
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// normal returns a task definition in the one form that all equal ones have: of what
// RegisterTaskDefinition takes alone, without what ECS fills in by itself, with the
// lists that have no order sorted, and with images reduced to repository and digest.
func normal(d Definition) map[string]any {
	input, _ := Input(d)
	members, _ := simplify(input.members).(map[string]any)
	members, _ = normalize(members, registerTaskDefinition).(map[string]any)
	hostNetwork := members["networkMode"] == "awsvpc" || members["networkMode"] == "host"
	for _, c := range objects(members["containerDefinitions"]) {
		normalContainer(c, hostNetwork)
	}
	// A port that was the host's by itself does not take part in the order.
	for _, c := range objects(members["containerDefinitions"]) {
		sortBy(c["portMappings"], loadRules()["ContainerDefinition"]["portMappings"].by...)
	}
	normalPlatform(members)
	return members
}

// normalize applies the rules to a value of the type typ, deepest first, and drops what
// is empty after that.
func normalize(v any, typ string) any {
	if item, ok := listOf(typ); ok {
		list, _ := v.([]any)
		for i := range list {
			list[i] = normalize(list[i], item)
		}
		return v
	}
	object, ok := v.(map[string]any)
	s, structured := loadShapes().Structures[typ]
	if !ok || !structured {
		return v
	}
	for member, value := range object {
		memberType := s.Members[member]
		value = loadRules()[typ][member].apply(normalize(value, memberType))
		object[member] = value
		if isEmpty(value) || memberType == typeBoolean && value == false && loadRules()[typ][member].missing == nil || blank(typ, member, value) {
			delete(object, member)
		}
	}
	for member, rule := range loadRules()[typ] {
		if rule.missing != nil && object[member] == rule.missing {
			delete(object, member)
		}
		if rule.stated != nil && object[member] == nil {
			object[member] = rule.stated
		}
	}
	return object
}

func (r rule) apply(v any) any {
	list, ok := v.([]any)
	if ok && r.drop != nil {
		list = slices.DeleteFunc(list, r.drop)
		v = list
	}
	if ok && r.unordered {
		if len(r.by) == 0 {
			sortStrings(v)
		} else {
			sortBy(v, r.by...)
		}
	}
	if r.spell != nil {
		v = r.spell(v)
	}
	return v
}

// blank reports whether a member is a text that says nothing. The values of variables
// and tags say something even where they are empty.
func blank(typ, member string, v any) bool {
	return v == "" && (typ != "KeyValuePair" && typ != "Tag" || member != "value")
}

func normalContainer(c map[string]any, hostNetwork bool) {
	for _, p := range objects(c["portMappings"]) {
		// The host port says nothing where the task has the container's ports as its own.
		if hostNetwork && string(encode(p["hostPort"])) == string(encode(p["containerPort"])) {
			delete(p, "hostPort")
		}
	}
	// A container for FireLens runs as root unless something else is said
	// (terraform-provider-aws#41394, terraform-aws-ecs-container-definition#97).
	if c["firelensConfiguration"] != nil {
		dropEqual(c, map[string]any{"user": "0"})
	}
	for _, l := range objects([]any{c["linuxParameters"]}) {
		for _, d := range objects(l["devices"]) {
			normalDevice(d)
		}
	}
	if labels, ok := c["dockerLabels"].(map[string]any); ok {
		maps.DeleteFunc(labels, func(name string, _ any) bool { return strings.HasPrefix(name, labelPrefix) })
		dropEmpty(c, "dockerLabels")
	}
}

// normalDevice drops what a device has by default.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Device.html
func normalDevice(d map[string]any) {
	if d["containerPath"] == d["hostPath"] {
		delete(d, "containerPath")
	}
	if string(encode(d["permissions"])) == `["mknod","read","write"]` {
		delete(d, "permissions")
	}
}

// normalPlatform drops what Fargate takes where nothing is said.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
func normalPlatform(members map[string]any) {
	compatible, _ := members["requiresCompatibilities"].([]any)
	runtime, ok := members["runtimePlatform"].(map[string]any)
	if ok && slices.Contains(compatible, any("FARGATE")) {
		dropEqual(runtime, map[string]any{"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"})
		dropEmpty(members, "runtimePlatform")
	}
}

func normalImage(v any) any {
	ref, err := tagboat.ParseReference(text(v))
	if err != nil || ref.Digest == "" {
		return v
	}
	return ref.Pinned()
}
