package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
)

// Read reads the file at path: YAML, or JSON where the name ends in .json, or
// Jsonnet where it ends in .jsonnet or .libsonnet. Places name the file relative to
// the working directory where it lies below it. What is wrong with the file's
// content is an error of kind Usage with its place. Neither the file nor what it imports may
// be outside of the border, and how large, how deep and how slow it may be has limits.
func Read(path string, within Border) (*Node, error) {
	if err := within.Check(path); err != nil {
		return nil, err
	}
	data, err := ReadFile(path)
	if err != nil {
		return nil, readError(path, err)
	}
	return parse(path, DisplayName(path), data, within)
}

// Parse is Read for content that is already at hand. Jsonnet imports are relative
// to file.
func Parse(file string, data []byte) (*Node, error) { return parse(file, file, data, Border{}) }

// ParseTagged reads YAML or JSON whose tags mean something to an application: tag returns what one,
// such as !Ref, makes of a value.
func ParseTagged(name string, data []byte, tag func(name string, value *Node) (*Node, error)) (*Node, error) {
	data, err := text(name, data)
	if err != nil {
		return nil, err
	}
	var root *Node
	if json.Valid(data) {
		root, err = parseJSON(newLines(name, data))
	} else {
		root, err = parseYAML(newLines(name, data), tag)
	}
	if err != nil {
		return nil, err
	}
	setPaths(root, "")
	return root, nil
}

// text refuses what is not text, and removes the byte order mark that some editors write.
func text(display string, data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case !utf8.Valid(data):
		return nil, tagboat.Usagef("the file is not text in UTF-8").At(tagboat.Position{File: display})
	case len(bytes.TrimSpace(data)) == 0:
		return nil, tagboat.Usagef("the file is empty").At(tagboat.Position{File: display})
	}
	return data, nil
}

func parse(path, display string, data []byte, within Border) (*Node, error) {
	data, err := text(display, data)
	if err != nil {
		return nil, err
	}
	var root *Node
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		root, err = parseJSON(newLines(display, data))
	case ".jsonnet", ".libsonnet":
		root, err = parseJsonnet(path, display, data, within)
	default:
		root, err = parseYAML(newLines(display, data), nil)
	}
	if err != nil {
		return nil, err
	}
	setPaths(root, "")
	return root, nil
}

// DisplayName returns path relative to the working directory where it lies below
// it, and path as it is where not.
func DisplayName(path string) string {
	dir, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

func readError(path string, err error) error {
	name := DisplayName(path)
	if errors.Is(err, fs.ErrNotExist) {
		e := tagboat.Usagef("there is no file %s", name)
		e.Err = fs.ErrNotExist
		return e
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return tagboat.Errorf(tagboat.Usage, "reading %s: %w", name, err)
}

// longestPath bounds the paths of nodes, which all that is in a node begins its own with.
const longestPath = 1000

func setPaths(n *Node, path string) {
	if len(path) > longestPath {
		path = "…" + strings.ToValidUTF8(path[len(path)-longestPath:], "")
	}
	n.Path = path
	for i, item := range n.Items {
		setPaths(item, fmt.Sprintf("%s[%d]", path, i))
	}
	for _, f := range n.Fields {
		setPaths(f.Value, strings.TrimPrefix(path+"."+f.Name, "."))
	}
}

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
