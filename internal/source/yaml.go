package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/tagboat/tagboat"
)

// parseYAML reads one YAML document. Anchors, aliases and merge keys are unfolded. tag, which may be
// nil, says what an application's tags mean.
func parseYAML(l *lines, tag func(string, *Node) (*Node, error)) (*Node, error) {
	if err := checkSigns(l); err != nil {
		return nil, err
	}
	tokens := lexer.Tokenize(string(l.data))
	if err := checkTokens(l, tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, yamlSyntaxError(l, err)
	}
	r := yamlReader{lines: l, anchors: map[string]ast.Node{}, tag: tag}
	var root *Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		n, err := r.node(doc.Body)
		if err != nil {
			return nil, err
		}
		if root != nil {
			return nil, n.Errorf("a second YAML document begins here").
				WithHint("remove the line --- and put everything into one document")
		}
		root = n
	}
	if root == nil {
		return nil, tagboat.Usagef("the file is empty but for comments").At(tagboat.Position{File: l.file})
	}
	return root, nil
}

func yamlSyntaxError(l *lines, err error) error {
	var place yaml.Error
	if !errors.As(err, &place) {
		return tagboat.Usagef("not YAML: %v", err).At(tagboat.Position{File: l.file})
	}
	at := tagboat.Position{File: l.file}
	if t := place.GetToken(); t != nil && t.Position != nil {
		at = l.place(t.Position.Line, t.Position.Column)
	}
	e := tagboat.Usagef("not YAML: %s", place.GetMessage()).At(at)
	if strings.Contains(e.Where.Text, "\t") {
		e.Hint = "YAML is indented with spaces, never with tabs"
	}
	return e
}

type yamlReader struct {
	counting
	lines   *lines
	anchors map[string]ast.Node
	tag     func(name string, value *Node) (*Node, error)
}

func (r *yamlReader) at(t *token.Token) tagboat.Position {
	if t == nil || t.Position == nil {
		return tagboat.Position{File: r.lines.file}
	}
	return r.lines.place(t.Position.Line, t.Position.Column)
}

func (r *yamlReader) node(n ast.Node) (*Node, error) {
	defer r.leave()
	if err := r.enter(func() tagboat.Position { return r.at(n.GetToken()) }); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n, n.Values)
	case *ast.MappingValueNode:
		return r.mapping(n, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return r.sequence(n)
	case *ast.AnchorNode:
		value, err := r.node(n.Value)
		r.anchors[n.Name.GetToken().Value] = n.Value
		return value, err
	case *ast.AliasNode:
		return r.alias(n)
	case *ast.TagNode:
		return r.tagged(n)
	default:
		return r.scalar(n)
	}
}

func (r *yamlReader) alias(n *ast.AliasNode) (*Node, error) {
	name := n.Value.GetToken().Value
	anchor, ok := r.anchors[name]
	if !ok {
		return nil, tagboat.Usagef("there is no anchor &%s before this alias", name).At(r.at(n.GetToken()))
	}
	return r.node(anchor)
}

func (r *yamlReader) sequence(n *ast.SequenceNode) (*Node, error) {
	list := &Node{Kind: List, At: r.at(n.GetToken())}
	for _, value := range n.Values {
		item, err := r.node(value)
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, item)
	}
	return list, nil
}

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
			return nil, tagboat.Usagef("%q is defined twice", field.Name).At(field.At).WithHint("remove one of the two")
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

func (r *yamlReader) scalar(n ast.Node) (*Node, error) {
	at := r.at(n.GetToken())
	switch n := n.(type) {
	case *ast.NullNode:
		return &Node{At: at}, nil
	case *ast.BoolNode:
		return &Node{Kind: Bool, Text: strconv.FormatBool(n.Value), Raw: n.Token.Value, At: at}, nil
	case *ast.StringNode:
		return &Node{Kind: String, Text: n.Value, At: at}, nil
	case *ast.LiteralNode:
		return &Node{Kind: String, Text: n.Value.Value, At: at}, nil
	case *ast.IntegerNode:
		return &Node{Kind: Number, Text: number(n.Token.Value, fmt.Sprint(n.Value)), Raw: n.Token.Value, At: at}, nil
	case *ast.FloatNode:
		text := number(n.Token.Value, strconv.FormatFloat(n.Value, 'g', -1, 64))
		return &Node{Kind: Number, Text: text, Raw: n.Token.Value, At: at}, nil
	case *ast.InfinityNode, *ast.NanNode:
		return nil, tagboat.Usagef("%s is not a number that JSON has", n.GetToken().Value).At(at)
	default:
		return nil, tagboat.Usagef("%s is not a value", n.Type()).At(at)
	}
}

// number keeps what the file says where JSON writes the same number so, and takes
// the value where it does not, as with 0x10, 1_000 or .5 in YAML.
func number(raw, value string) string {
	if json.Valid([]byte(raw)) {
		return raw
	}
	if json.Valid([]byte(value)) {
		return value
	}
	return "0"
}

// tagged reads !!str 5 and its like. A tag of an application has a meaning where the reader knows it.
func (r *yamlReader) tagged(n *ast.TagNode) (*Node, error) {
	value := &Node{At: r.at(n.Start)}
	if n.Value != nil {
		var err error
		if value, err = r.node(n.Value); err != nil {
			return nil, err
		}
	}
	tag := n.Start.Value
	switch {
	case tag == "!!str" && value.Kind <= String:
		if value.Raw != "" {
			value.Text = value.Raw
		}
		value.Kind, value.Raw = String, ""
		return value, nil
	case tag == "!!map" && value.Kind == Map, tag == "!!seq" && value.Kind == List,
		tag == "!!int" && value.Kind == Number, tag == "!!float" && value.Kind == Number,
		tag == "!!bool" && value.Kind == Bool, tag == "!!null" && value.Kind == Null:
		return value, nil
	case r.tag != nil && !strings.HasPrefix(tag, "!!"):
		return r.tag(tag, value)
	default:
		return nil, tagboat.Usagef("the tag %s has no meaning here", tag).At(r.at(n.Start))
	}
}
