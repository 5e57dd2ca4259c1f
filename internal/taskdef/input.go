package taskdef

import (
	"slices"
	"strings"
)

// Input returns the input of RegisterTaskDefinition that registers again what
// DescribeTaskDefinition answered, which must have its tags in the member tags. It has
// what that input takes and nothing else: not what only answers have, no empty lists, and
// not the tags that AWS writes itself. The second result names the members, by their path, that
// neither the input nor any known answer has: AWS may have added them since.
func Input(answer Definition) (Definition, []string) {
	members := clone(answer.members)
	for _, field := range responseOnly() {
		delete(members, field)
	}
	if tags, ok := members["tags"].([]any); ok {
		members["tags"] = slices.DeleteFunc(tags, isSystemTag)
	}
	var left []string
	known := withKnown(members, registerTaskDefinition, "", &left)
	object, _ := known.(map[string]any)
	slices.Sort(left)
	return Definition{members: object}.WithoutEmptyLists(), slices.Compact(left)
}

// withKnown returns v without members that its type does not have, and without nulls,
// and adds the paths of those members to left. Lists and maps keep their length.
func withKnown(v any, typ, path string, left *[]string) any {
	switch v := v.(type) {
	case []any:
		item, _ := listOf(typ)
		for i := range v {
			v[i] = withKnown(v[i], item, path+"[]", left)
		}
	case map[string]any:
		s, isStructure := loadShapes().Structures[typ]
		value, _ := mapOf(typ)
		for name := range v {
			at, member, known := join(path, name), value, true
			if isStructure {
				member, known = s.Members[name]
			}
			switch {
			case v[name] == nil:
				delete(v, name)
			case !known:
				delete(v, name)
				*left = append(*left, at)
			default:
				v[name] = withKnown(v[name], member, at, left)
			}
		}
	}
	return v
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// WithoutEmptyLists returns d without the members that are empty lists. In a request
// they mean the same as nothing, or ECS refuses them, as it does for tags.
func (d Definition) WithoutEmptyLists() Definition {
	members, _ := withoutEmptyLists(clone(d.members)).(map[string]any)
	return Definition{members: members}
}

func withoutEmptyLists(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if list, ok := value.([]any); ok && len(list) == 0 {
				delete(v, name)
				continue
			}
			v[name] = withoutEmptyLists(value)
		}
	case []any:
		for i := range v {
			v[i] = withoutEmptyLists(v[i])
		}
	}
	return v
}
