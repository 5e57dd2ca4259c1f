package taskdef

import (
	"slices"
	"strings"
)

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
