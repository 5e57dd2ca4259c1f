package source

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/tagboat/tagboat"
)

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

// tagged reads !!str 5 and its like. A tag of an application has no meaning here.
func (r *yamlReader) tagged(n *ast.TagNode) (*Node, error) {
	value, err := r.node(n.Value)
	if err != nil {
		return nil, err
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
	default:
		return nil, tagboat.Usagef("the tag %s has no meaning here", tag).At(r.at(n.Start))
	}
}
