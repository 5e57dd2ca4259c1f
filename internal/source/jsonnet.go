package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-jsonnet"

	"github.com/tagboat/tagboat"
)

// parseJsonnet evaluates a Jsonnet program. Its own errors have the place that
// Jsonnet gives. The nodes know the file but no line: Jsonnet computes values, so
// what is said of them later names their path.
func parseJsonnet(path, display string, data []byte, within Border) (*Node, error) {
	files := &importer{path: path, within: within, read: map[string]jsonnet.Contents{path: jsonnet.MakeContentsRaw(data)}}
	out, err := evaluation().spend(func() (string, error) {
		vm := jsonnet.MakeVM()
		vm.SetTraceOut(io.Discard)
		vm.Importer(files)
		return vm.EvaluateFile(path)
	})
	if errors.Is(err, errBudget) {
		return nil, tagboat.Usagef("evaluating the file was given up: %v", err).At(tagboat.Position{File: display}).
			WithHint("look for a function that calls itself without an end, or an object that contains itself")
	}
	if err != nil {
		return nil, files.explain(jsonnetError(path, display, data, err))
	}
	root, err := parseJSON(newLines(display, []byte(out)))
	if err != nil {
		return nil, err
	}
	forgetLines(root)
	return root, nil
}

// importer gives the program itself from memory, and what it imports from the disk, each
// file once.
type importer struct {
	path    string
	within  Border
	read    map[string]jsonnet.Contents
	bytes   int
	refused *outsideError
}

// mostImported bounds what a program imports in all.
const mostImported = 4 * mostBytes

// Import implements jsonnet.Importer.
func (i *importer) Import(from, path string) (jsonnet.Contents, string, error) {
	at := path
	if from != "" && !filepath.IsAbs(path) {
		at = filepath.Join(filepath.Dir(from), path)
	}
	if content, ok := i.read[at]; ok {
		return content, at, nil
	}
	if err := i.within.check(at); err != nil {
		if o := (outsideError{}); errors.As(err, &o) {
			i.refused = &o
		}
		return jsonnet.Contents{}, "", err
	}
	data, err := ReadFile(at)
	if errors.Is(err, fs.ErrNotExist) {
		return jsonnet.Contents{}, "", fmt.Errorf("couldn't open import %q: there is no such file", path)
	}
	if err != nil {
		return jsonnet.Contents{}, "", fmt.Errorf("importing %q: %w", path, err)
	}
	if i.bytes += len(data); i.bytes > mostImported {
		return jsonnet.Contents{}, "", fmt.Errorf("importing %q: all imports together have more than %d MiB, which is the limit", path, mostImported>>20)
	}
	i.read[at] = jsonnet.MakeContentsRaw(data)
	return i.read[at], at, nil
}

// explain says how a file that was refused may be read.
func (i *importer) explain(err error) error {
	var e *tagboat.Error
	if i.refused != nil && errors.As(err, &e) && e.Hint == "" {
		e.Hint = i.refused.hint()
	}
	return err
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

// Jsonnet writes 3:5-9, or (3:5)-(4:2) for what spans lines.
// https://github.com/google/go-jsonnet/blob/master/ast/location.go
var jsonnetPlacePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\(?(\d+):(\d+)`) })

func (l *lines) jsonnetPlace(s string) tagboat.Position {
	m := jsonnetPlacePattern().FindStringSubmatch(s)
	if m == nil {
		return tagboat.Position{File: l.file}
	}
	line, lineErr := strconv.Atoi(m[1])
	column, columnErr := strconv.Atoi(m[2])
	if lineErr != nil || columnErr != nil {
		return tagboat.Position{File: l.file}
	}
	return l.place(line, column)
}
