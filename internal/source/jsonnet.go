package source

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/google/go-jsonnet"

	"github.com/tagboat/tagboat"
)

// parseJsonnet evaluates a Jsonnet program. Its own errors have the place that
// Jsonnet gives. The nodes know the file but no line: Jsonnet computes values, so
// what is said of them later names their path.
func parseJsonnet(path, display string, data []byte) (*Node, error) {
	vm := jsonnet.MakeVM()
	vm.SetTraceOut(io.Discard)
	vm.Importer(&importer{path: path, content: jsonnet.MakeContentsRaw(data)})
	out, err := vm.EvaluateFile(path)
	if err != nil {
		return nil, jsonnetError(path, display, data, err)
	}
	root, err := parseJSON(newLines(display, []byte(out)))
	if err != nil {
		return nil, err
	}
	forgetLines(root)
	return root, nil
}

// importer gives the program itself from memory, and what it imports from the disk.
type importer struct {
	path    string
	content jsonnet.Contents
	files   jsonnet.FileImporter
}

// Import implements jsonnet.Importer.
func (i *importer) Import(from, path string) (jsonnet.Contents, string, error) {
	if from == "" && path == i.path {
		return i.content, path, nil
	}
	return i.files.Import(from, path)
}

var _ jsonnet.Importer = (*importer)(nil)

func forgetLines(n *Node) {
	n.At = tagboat.Position{File: n.At.File}
	for _, item := range n.Items {
		forgetLines(item)
	}
	for i := range n.Fields {
		n.Fields[i].At = n.At
		forgetLines(n.Fields[i].Value)
	}
}

// UndefinedVariable is the cause of an error of a Jsonnet file that asks for a variable
// from outside: std.extVar has none here.
type UndefinedVariable struct{ Name string }

// Error implements error.
func (v *UndefinedVariable) Error() string { return "there is no external variable " + v.Name }

// jsonnetError finds the place in Jsonnet's message: static errors begin with
// file:line:column-column, and the frames of a runtime error's trace hold the same.
func jsonnetError(path, display string, data []byte, err error) error {
	msg := strings.TrimSpace(err.Error())
	at := tagboat.Position{File: display}
	if _, rest, ok := strings.Cut(msg, path+":"); ok {
		at = newLines(display, data).jsonnetPlace(rest)
	}
	first, _, _ := strings.Cut(msg, "\n")
	first = strings.TrimPrefix(first, "RUNTIME ERROR: ")
	if place, text, ok := strings.Cut(first, " "); ok && strings.HasPrefix(place, path+":") {
		first = text
	}
	e := tagboat.Usagef("not Jsonnet that can be evaluated: %s", first).At(at)
	e.Err = errors.Unwrap(err)
	if name, ok := strings.CutPrefix(first, "Undefined external variable: "); ok {
		e.Err = &UndefinedVariable{Name: name}
	}
	if strings.Contains(first, "expected function") && bytes.Contains(data, []byte("std.native(")) {
		e.Hint = "there are no native functions here: what differs between environments is a variable in tagboat.yaml, written '${vars.NAME}' in a string"
	}
	return e
}
