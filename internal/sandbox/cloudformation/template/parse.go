package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// What a template may be at most; CloudFormation takes 51,200 bytes in a request.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	mostBytes  = 51200
	mostNested = 100
)

// Errorf returns AWS's error for what is wrong with a template or with its parameters.
func Errorf(format string, args ...any) error {
	return wire.Errorf("ValidationError", format, args...)
}

func formatError(format string, args ...any) error {
	return Errorf("Template format error: "+format, args...)
}

// read returns the tree of a template in JSON or YAML: maps, lists, strings, booleans and numbers
// as they are written. Short forms of functions are long ones in it.
func read(body string) (any, error) {
	if len(body) > mostBytes {
		return nil, wire.InvalidMember("ValidationError", body, "templateBody", "have length less than or equal to 51200")
	}
	if strings.HasPrefix(strings.TrimSpace(body), "{") {
		return readJSON(body)
	}
	tokens := lexer.Tokenize(body)
	if depth(tokens) > mostNested {
		return nil, formatError("the template is nested too deeply")
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, notWellFormed(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, formatError("unsupported structure.")
	}
	return node(file.Docs[0].Body, 0)
}

func readJSON(body string) (any, error) {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var tree any
	err := d.Decode(&tree)
	if err == nil {
		_, err = d.Token()
	}
	if !errors.Is(err, io.EOF) || tree == nil {
		offset := d.InputOffset()
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			offset = syntax.Offset
		}
		at := body[:min(int(offset), len(body))]
		return nil, formatError("JSON not well-formed. (line %d, column %d)", strings.Count(at, "\n")+1, len(at)-strings.LastIndex(at, "\n"))
	}
	return tree, nil
}

// depth returns how many brackets of flow style are open at once at most.
func depth(tokens token.Tokens) int {
	open, most := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			open++
		case token.MappingEndType, token.SequenceEndType:
			open--
		}
		most = max(most, open)
	}
	return most
}

func notWellFormed(err error) error {
	var place yaml.Error
	if errors.As(err, &place) && place.GetToken() != nil && place.GetToken().Position != nil {
		at := place.GetToken().Position
		return formatError("YAML not well-formed. (line %d, column %d)", at.Line, at.Column)
	}
	return formatError("YAML not well-formed.")
}

// node reads a node of YAML. CloudFormation has neither aliases nor merge keys.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
func node(n ast.Node, nested int) (any, error) {
	if nested > mostNested {
		return nil, formatError("the template is nested too deeply")
	}
	switch n := n.(type) {
	case nil:
		return nil, nil
	case *ast.MappingNode:
		return mapping(n.Values, nested)
	case *ast.MappingValueNode:
		return mapping([]*ast.MappingValueNode{n}, nested)
	case *ast.SequenceNode:
		list := make([]any, 0, len(n.Values))
		for _, value := range n.Values {
			item, err := node(value, nested+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	case *ast.TagNode:
		return tagged(n, nested)
	case *ast.AliasNode, *ast.AnchorNode:
		return nil, formatError("YAML aliases are not allowed in CloudFormation templates")
	default:
		return scalar(n)
	}
}

func mapping(values []*ast.MappingValueNode, nested int) (any, error) {
	object := make(map[string]any, len(values))
	for _, value := range values {
		if value.Key == nil || value.Key.GetToken() == nil || value.Key.IsMergeKey() {
			return nil, formatError("a key is not a string")
		}
		key := value.Key.GetToken().Value
		if _, twice := object[key]; twice {
			return nil, formatError("YAML not well-formed. Duplicate key %s", key)
		}
		content, err := node(value.Value, nested+1)
		if err != nil {
			return nil, err
		}
		object[key] = content
	}
	return object, nil
}

func scalar(n ast.Node) (any, error) {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.StringNode:
		if n.Token.Type == token.StringType {
			return plainText(n.Value), nil
		}
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode:
		return number(n.Token.Value), nil
	case *ast.FloatNode:
		return number(n.Token.Value), nil
	default:
		return nil, formatError("YAML not well-formed. %s is not a value", n.Type())
	}
}

// plainText reads a text without quotes. CloudFormation follows YAML 1.1, in which more words than true
// and false are booleans: https://yaml.org/type/bool.html
func plainText(s string) any {
	switch s {
	case "yes", "Yes", "YES", "on", "On", "ON":
		return true
	case "no", "No", "NO", "off", "Off", "OFF":
		return false
	}
	return s
}

// number keeps a number as it is written, and as text where JSON has no such number: an account
// that begins with a zero.
func number(raw string) any {
	if raw = strings.TrimSpace(raw); json.Valid([]byte(raw)) {
		return json.Number(raw)
	}
	return raw
}

// tagged reads the short form of a function.
func tagged(n *ast.TagNode, nested int) (any, error) {
	var value any
	var err error
	if n.Value != nil {
		value, err = node(n.Value, nested+1)
	}
	name, short := strings.CutPrefix(n.Start.Value, "!")
	switch {
	case err != nil:
		return nil, err
	case name == "!str":
		return text(value), nil
	case strings.HasPrefix(name, "!"):
		return value, nil
	case name == "Ref", name == "Condition":
		return map[string]any{name: value}, nil
	case !short || !slices.Contains(functions(), "Fn::"+name):
		return nil, unsupported("Fn::" + name)
	case name == "GetAtt":
		if dotted, ok := value.(string); ok {
			logical, attribute, _ := strings.Cut(dotted, ".")
			value = []any{logical, attribute}
		}
	}
	return map[string]any{"Fn::" + name: value}, nil
}

// functions returns the functions that templates may use here.
func functions() []string {
	return []string{"Fn::Base64", "Fn::GetAtt", "Fn::GetAZs", "Fn::ImportValue", "Fn::Join", "Fn::Split", "Fn::FindInMap", "Fn::Select", "Ref", "Fn::Equals", "Fn::If", "Fn::Not", "Condition", "Fn::And", "Fn::Or", "Fn::Sub"}
}

func unsupported(name string) error {
	return formatError("Encountered unsupported function: %s Supported functions are: [%s]", name, strings.Join(functions(), ", "))
}

// text returns a scalar as CloudFormation writes it; "" of anything else.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64: // in what a custom resource answers
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		if v {
			return "true"
		}
		return "false"
	default:
		return ""
	}
}

// isScalar reports whether v is a string, a number or a boolean.
func isScalar(v any) bool {
	switch v.(type) {
	case string, json.Number, bool:
		return true
	}
	return false
}

// Same reports whether two values say the same. Numbers and booleans count as their text, as
// CloudFormation passes them on.
func Same(a, b any) bool { return bytes.Equal(canonical(a), canonical(b)) }

func canonical(v any) []byte {
	out, _ := json.Marshal(Plain(v)) // trees always encode
	return out
}

// Plain returns a value with its scalars as text.
func Plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = Plain(value)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range v {
			out = append(out, Plain(value))
		}
		return out
	case nil:
		return nil
	default:
		return text(v)
	}
}
