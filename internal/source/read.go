package source

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

func parse(path, display string, data []byte, within Border) (*Node, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // the byte order mark that some editors write
	switch {
	case !utf8.Valid(data):
		return nil, tagboat.Usagef("the file is not text in UTF-8").At(tagboat.Position{File: display})
	case len(bytes.TrimSpace(data)) == 0:
		return nil, tagboat.Usagef("the file is empty").At(tagboat.Position{File: display})
	}
	var root *Node
	var err error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		root, err = parseJSON(newLines(display, data))
	case ".jsonnet", ".libsonnet":
		root, err = parseJsonnet(path, display, data, within)
	default:
		root, err = parseYAML(newLines(display, data))
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
