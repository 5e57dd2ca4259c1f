package source

import (
	"github.com/goccy/go-yaml/ast"

	"github.com/tagboat/tagboat"
)

// mapping reads the entries of a map. What a merge key (<<) brings does not replace
// what the map says itself: https://yaml.org/type/merge.html
func (r *yamlReader) mapping(n ast.Node, values []*ast.MappingValueNode) (*Node, error) {
	object := &Node{Kind: Map, At: r.mappingPlace(n, values)}
	seen := map[string]bool{}
	var merged []Field
	for _, value := range values {
		if value.Key.IsMergeKey() {
			fields, err := r.merge(value.Value)
			if err != nil {
				return nil, err
			}
			merged = append(merged, fields...)
			continue
		}
		field, err := r.field(value)
		if err != nil {
			return nil, err
		}
		if seen[field.Name] {
			return nil, tagboat.Usagef("%q stands here twice", field.Name).At(field.At).WithHint("remove one of the two")
		}
		seen[field.Name] = true
		object.Fields = append(object.Fields, field)
	}
	for _, field := range merged {
		if !seen[field.Name] {
			seen[field.Name] = true
			object.Fields = append(object.Fields, field)
		}
	}
	return object, nil
}

// mappingPlace is that of the first name: a block map's own token is its colon.
func (r *yamlReader) mappingPlace(n ast.Node, values []*ast.MappingValueNode) tagboat.Position {
	if m, ok := n.(*ast.MappingNode); ok && m.IsFlowStyle || len(values) == 0 {
		return r.at(n.GetToken())
	}
	return r.at(values[0].Key.GetToken())
}

func (r *yamlReader) field(value *ast.MappingValueNode) (Field, error) {
	var key ast.Node = value.Key
	if explicit, ok := key.(*ast.MappingKeyNode); ok {
		key = explicit.Value
	}
	if key == nil {
		return Field{}, tagboat.Usagef("a name is missing before the colon").At(r.at(value.GetToken()))
	}
	name, err := r.node(key)
	if err != nil {
		return Field{}, err
	}
	if name.Kind == List || name.Kind == Map {
		return Field{}, tagboat.Usagef("%s cannot be the name of an entry", name.Kind).At(name.At)
	}
	text := name.Text
	if name.Raw != "" {
		text = name.Raw
	}
	content, err := r.node(value.Value)
	return Field{Name: text, At: name.At, Value: content}, err
}

func (r *yamlReader) merge(n ast.Node) ([]Field, error) {
	value, err := r.node(n)
	if err != nil {
		return nil, err
	}
	switch value.Kind {
	case Map:
		return value.Fields, nil
	case List:
		var fields []Field
		for _, item := range value.Items {
			if item.Kind != Map {
				return nil, tagboat.Usagef("<< takes maps, not %s", item.Kind).At(item.At)
			}
			fields = append(fields, item.Fields...)
		}
		return fields, nil
	default:
		return nil, tagboat.Usagef("<< takes a map, not %s", value.Kind).At(value.At)
	}
}
