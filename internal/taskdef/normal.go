package taskdef

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// normal returns a task definition in the one form that all equal ones have: of what
// RegisterTaskDefinition takes alone, without what ECS fills in by itself, with the
// lists that have no order sorted, and with images reduced to repository and digest.
func normal(d Definition) map[string]any { return normalForm(d, loadRules()) }

// normalForm is normal by some of the rules.
func normalForm(d Definition, by rules) map[string]any {
	input, _ := Input(d)
	members, _ := simplify(input.members).(map[string]any)
	members, _ = by.normalize(members, registerTaskDefinition).(map[string]any)
	hostNetwork := members["networkMode"] == "awsvpc" || members["networkMode"] == "host"
	for _, c := range objects(members["containerDefinitions"]) {
		normalContainer(c, hostNetwork)
	}
	// A port that was the host's by itself does not take part in the order.
	for _, c := range objects(members["containerDefinitions"]) {
		by["ContainerDefinition"]["portMappings"].apply(c["portMappings"])
	}
	normalPlatform(members)
	return members
}

// normalize applies the rules to a value of the type typ, deepest first, and drops what
// is empty after that.
func (by rules) normalize(v any, typ string) any {
	if item, ok := listOf(typ); ok {
		list, _ := v.([]any)
		for i := range list {
			list[i] = by.normalize(list[i], item)
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
		value = by[typ][member].apply(by.normalize(value, memberType))
		object[member] = value
		if isEmpty(value) || memberType == typeBoolean && value == false && by[typ][member].missing == nil || blank(typ, member, value) {
			delete(object, member)
		}
	}
	for member, rule := range by[typ] {
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

// simplify drops nulls, empty lists and empty maps, and writes each number in one
// way.
func simplify(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if value = simplify(value); isEmpty(value) {
				delete(v, name)
			} else {
				v[name] = value
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = simplify(v[i])
		}
		return v
	case number:
		return canonicalNumber(v)
	default:
		return v
	}
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	default:
		return false
	}
}

func dropEmpty(object map[string]any, field string) {
	if isEmpty(object[field]) {
		delete(object, field)
	}
}

// dropEqual removes what has the value that it has by default.
func dropEqual(object map[string]any, defaults map[string]any) {
	for field, value := range defaults {
		if object[field] == value {
			delete(object, field)
		}
	}
}

func objects(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

// sortBy sorts a list of objects that has no order by the given fields, and by the
// rest where those are equal.
func sortBy(v any, fields ...string) {
	list, _ := v.([]any)
	key := func(item any) string {
		object, _ := item.(map[string]any)
		var key strings.Builder
		for _, f := range fields {
			key.Write(encode(object[f]))
			key.WriteByte(0)
		}
		key.Write(encode(item))
		return key.String()
	}
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(key(a), key(b)) })
}

func sortStrings(v any) {
	list, _ := v.([]any)
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(string(encode(a)), string(encode(b))) })
}

type number = json.Number

// canonicalNumber writes a number in the one way that all equal ones have. Whole
// numbers keep every digit; others have the precision of a float.
func canonicalNumber(n number) number {
	s := string(n)
	if !strings.ContainsAny(s, ".eE") {
		if s == "-0" {
			return "0"
		}
		return n
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return n
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return number(strconv.FormatInt(int64(f), 10))
	default:
		return number(strconv.FormatFloat(f, 'g', -1, 64))
	}
}

// taskSize returns the cpu or memory of a task in units or MiB. Both may be written
// as "1 vCPU" and "2 GB", and ECS answers with the number, as a string.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
func taskSize(v any) any {
	s := text(v)
	if n, ok := v.(number); ok {
		s = string(n)
	}
	value, unit, ok := strings.Cut(strings.ToLower(strings.TrimSpace(s)), " ")
	if !ok {
		for _, suffix := range []string{"vcpu", "gb"} {
			if before, found := strings.CutSuffix(value, suffix); found {
				value, unit = before, suffix
			}
		}
	}
	f, err := strconv.ParseFloat(value, 64)
	if unit = strings.TrimSpace(unit); err == nil && (unit == "vcpu" || unit == "gb") {
		return strconv.FormatFloat(f*1024, 'f', -1, 64)
	}
	return s
}
