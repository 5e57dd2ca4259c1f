package taskdef

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// normal returns a task definition in the one form that all equal ones have: without
// what only answers have, without what AWS fills in by itself, with the lists that
// have no order sorted, and with images reduced to repository and digest.
//
// The defaults are those of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
// and of the types that it links to.
func normal(d Definition) map[string]any {
	members, _ := simplify(clone(d.members)).(map[string]any)
	for _, field := range responseOnly() {
		delete(members, field)
	}
	for _, field := range []string{"cpu", "memory"} {
		if v, ok := members[field]; ok {
			members[field] = taskSize(v)
		}
	}
	dropEqual(members, map[string]any{"networkMode": "bridge", "enableFaultInjection": false})
	for _, v := range objects(members["volumes"]) {
		dropEmpty(v, "host")
	}
	hostNetwork := members["networkMode"] == "awsvpc" || members["networkMode"] == "host"
	for _, c := range objects(members["containerDefinitions"]) {
		normalContainer(c, hostNetwork)
	}
	sortBy(members["containerDefinitions"], "name")
	sortBy(members["volumes"], "name")
	sortBy(members["tags"], "key")
	sortStrings(members["requiresCompatibilities"])
	if proxy, ok := members["proxyConfiguration"].(map[string]any); ok {
		sortBy(proxy["properties"], "name")
		dropEqual(proxy, map[string]any{"type": "APPMESH"})
	}
	return members
}

func normalContainer(c map[string]any, hostNetwork bool) {
	dropEqual(c, map[string]any{
		"cpu": number("0"), "essential": true, "versionConsistency": "enabled",
		"interactive": false, "pseudoTerminal": false, "privileged": false,
		"readonlyRootFilesystem": false, "disableNetworking": false,
	})
	c["image"] = normalImage(text(c["image"]))
	for _, field := range []string{"environment", "secrets", "ulimits"} {
		sortBy(c[field], "name")
	}
	for _, p := range objects(c["portMappings"]) {
		normalPort(p, hostNetwork)
	}
	sortBy(c["portMappings"], "containerPort", "containerPortRange", "protocol", "hostPort")
	for _, field := range []string{"mountPoints", "volumesFrom"} {
		for _, m := range objects(c[field]) {
			dropEqual(m, map[string]any{"readOnly": false})
		}
	}
	if check, ok := c["healthCheck"].(map[string]any); ok {
		dropEqual(check, map[string]any{"interval": number("30"), "timeout": number("5"), "retries": number("3"), "startPeriod": number("0")})
	}
	if labels, ok := c["dockerLabels"].(map[string]any); ok {
		maps.DeleteFunc(labels, func(name string, _ any) bool { return strings.HasPrefix(name, labelPrefix) })
		dropEmpty(c, "dockerLabels")
	}
}

// normalPort drops the host port where it says nothing: where the task has the
// container's ports as its own, and where 0 asks for any.
func normalPort(p map[string]any, hostNetwork bool) {
	dropEqual(p, map[string]any{"protocol": "tcp", "hostPort": number("0")})
	if hostNetwork && string(encode(p["hostPort"])) == string(encode(p["containerPort"])) {
		delete(p, "hostPort")
	}
}

func normalImage(image string) string {
	ref, err := tagboat.ParseReference(image)
	if err != nil || ref.Digest == "" {
		return image
	}
	return ref.Pinned()
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
