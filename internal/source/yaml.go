package source

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/tagboat/tagboat"
)

// parseYAML reads one YAML document. Anchors, aliases and merge keys are unfolded.
func parseYAML(l *lines) (*Node, error) {
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
	r := yamlReader{lines: l, anchors: map[string]ast.Node{}}
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
