package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// parseJSON reads JSON with encoding/json and not as YAML, which nearly contains
// it: tabs that indent and surrogate pairs are JSON's alone.
func parseJSON(l *lines) (*Node, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(l.data, &whole); err != nil {
		return nil, jsonSyntaxError(l, err)
	}
	r := &jsonReader{lines: l, dec: json.NewDecoder(bytes.NewReader(l.data))}
	r.dec.UseNumber()
	return r.value()
}

func jsonSyntaxError(l *lines, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return tagboat.Usagef("not JSON: %v", err).At(tagboat.Position{File: l.file})
	}
	e := tagboat.Usagef("not JSON: %v", err).At(l.offset(int(syntax.Offset) - 1))
	text := strings.TrimSpace(e.Where.Text)
	switch {
	case strings.HasPrefix(text, "//"), strings.HasPrefix(text, "#"), strings.HasPrefix(text, "/*"):
		e.Hint = "JSON has no comments: name the file .jsonnet or .yaml to have them"
	case int(syntax.Offset) >= len(bytes.TrimSpace(l.data)):
		e.Hint = "the file ends too early: a closing brace, bracket or quote is missing"
	case strings.HasPrefix(text, "}"), strings.HasPrefix(text, "]"):
		e.Hint = "JSON takes no comma after the last entry: look at the line before"
	}
	return e
}

type jsonReader struct {
	counting
	lines *lines
	dec   *json.Decoder
}

// next returns the next token and where it begins: after the end of the one before
// and the blanks, comma or colon between them.
func (r *jsonReader) next() (json.Token, tagboat.Position, error) {
	off := int(r.dec.InputOffset())
	off += len(r.lines.data[off:]) - len(bytes.TrimLeft(r.lines.data[off:], " \t\r\n,:"))
	token, err := r.dec.Token()
	if err != nil {
		return nil, tagboat.Position{}, jsonSyntaxError(r.lines, err)
	}
	return token, r.lines.offset(off), nil
}

func (r *jsonReader) value() (*Node, error) {
	token, at, err := r.next()
	if err != nil {
		return nil, err
	}
	defer r.leave()
	if err := r.enter(func() tagboat.Position { return at }); err != nil {
		return nil, err
	}
	n := &Node{At: at}
	switch v := token.(type) {
	case json.Delim:
		if v == '[' {
			return n, r.list(n)
		}
		return n, r.object(n)
	case bool:
		n.Kind, n.Text = Bool, strconv.FormatBool(v)
		n.Raw = n.Text
	case json.Number:
		n.Kind, n.Text, n.Raw = Number, v.String(), v.String()
	case string:
		n.Kind, n.Text = String, v
	}
	return n, nil
}

func (r *jsonReader) list(n *Node) error {
	n.Kind = List
	for r.dec.More() {
		item, err := r.value()
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, _, err := r.next()
	return err
}

func (r *jsonReader) object(n *Node) error {
	n.Kind = Map
	seen := map[string]bool{}
	for r.dec.More() {
		token, at, err := r.next()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return tagboat.Usagef("%q is defined twice", name).At(at).WithHint("remove one of the two")
		}
		seen[name] = true
		value, err := r.value()
		if err != nil {
			return err
		}
		n.Fields = append(n.Fields, Field{Name: name, At: at, Value: value})
	}
	_, _, err := r.next()
	return err
}
