package proxytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Edit changes members of a JSON document: those that a path leads to. A step of a path
// is a member's name, an element's number, or * for all of both; the last name may be new.
type Edit struct {
	Path   []string
	Value  json.RawMessage
	Delete bool
}

// parseEdit reads PATH:=JSON or PATH:-, where PATH has dots between its steps. It reports
// false for what is no edit.
func parseEdit(text string) (Edit, bool, error) {
	if path, ok := strings.CutSuffix(text, ":-"); ok {
		return Edit{Path: strings.Split(path, "."), Delete: true}, true, nil
	}
	path, value, ok := strings.Cut(text, ":=")
	if !ok {
		return Edit{}, false, nil
	}
	if !json.Valid([]byte(value)) {
		return Edit{}, true, fmt.Errorf("%q is not JSON", value)
	}
	return Edit{Path: strings.Split(path, "."), Value: json.RawMessage(value)}, true, nil
}

// edit applies edits to a document. A path that leads nowhere changes nothing.
func edit(document []byte, edits []Edit) ([]byte, error) {
	if len(edits) == 0 {
		return document, nil
	}
	var root any
	in := json.NewDecoder(bytes.NewReader(document))
	in.UseNumber() // so that nothing else changes
	if err := in.Decode(&root); err != nil {
		return nil, fmt.Errorf("the answer is not JSON: %w", err)
	}
	for _, e := range edits {
		root = e.apply(root, e.Path)
	}
	return json.Marshal(root)
}

func (e Edit) apply(node any, path []string) any {
	if len(path) == 0 {
		return e.Value
	}
	step, rest := path[0], path[1:]
	switch node := node.(type) {
	case map[string]any:
		e.member(node, step, rest)
	case []any:
		return e.element(node, step, rest)
	}
	return node
}

func (e Edit) member(node map[string]any, step string, rest []string) {
	for name := range node {
		if name == step || step == "*" {
			if len(rest) == 0 && e.Delete {
				delete(node, name)
				continue
			}
			node[name] = e.apply(node[name], rest)
		}
	}
	if _, there := node[step]; !there && step != "*" && len(rest) == 0 && !e.Delete {
		node[step] = e.Value
	}
}

func (e Edit) element(node []any, step string, rest []string) []any {
	kept := node[:0:0]
	for i, element := range node {
		if step == "*" || step == strconv.Itoa(i) {
			if len(rest) == 0 && e.Delete {
				continue
			}
			element = e.apply(element, rest)
		}
		kept = append(kept, element)
	}
	return kept
}
