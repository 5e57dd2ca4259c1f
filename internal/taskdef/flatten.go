package taskdef

import (
	"fmt"
	"strings"
)

// flatten returns the values that are not objects by their paths.
func flatten(members map[string]any) map[string]string {
	out := map[string]string{}
	flattenInto(out, "", members)
	return out
}

func flattenInto(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 && path != "" {
			out[path] = "{}"
		}
		for name, value := range v {
			flattenInto(out, strings.TrimPrefix(path+"."+name, "."), value)
		}
	case []any:
		if len(objects(v)) < len(v) {
			out[path] = string(encode(v))
			return
		}
		flattenList(out, path, v)
	default:
		out[path] = string(encode(v))
	}
}

// flattenList names the entries by what identifies them, and numbers them where
// nothing does. An entry that is a name and a value is one line.
func flattenList(out map[string]string, path string, list []any) {
	taken := map[string]bool{}
	for i, item := range objects(list) {
		key, value, pair := entryOf(item)
		if key == "" || taken[key] {
			key = fmt.Sprint(i)
		}
		taken[key] = true
		at := fmt.Sprintf("%s[%s]", path, key)
		if pair {
			out[at] = string(encode(value))
			continue
		}
		flattenInto(out, at, item)
	}
}

func entryOf(item map[string]any) (key string, value any, pair bool) {
	for _, name := range []string{"name", "key", "containerPort", "containerPath", "sourceVolume", "containerName", "portName", "capacityProvider"} {
		id, ok := item[name]
		if !ok {
			continue
		}
		key := strings.Trim(string(encode(id)), `"`)
		for _, field := range []string{"value", "valueFrom"} {
			if value, ok := item[field]; ok && len(item) == 2 {
				return key, value, true
			}
		}
		return key, nil, false
	}
	return "", nil, false
}
