package copilot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Directory is the directory copilot/ of an application.
// https://aws.github.io/copilot-cli/docs/manifest/overview/
type Directory struct {
	App          string
	Manifests    []Manifest // of services and jobs, by name
	Environments []string
	Pipelines    []string
	Addons       []string // the workloads that have some; environments for those of environments
	Unread       []string // what could not be read, in words
}

// Manifest is the manifest of a service or job.
type Manifest struct {
	Name  string
	Type  WorkloadType
	Path  string // below the directory
	Text  string
	Build bool // whether an image is built, and not only taken from a registry
}

// workspace is the file that says whose directory it is.
const workspace = ".workspace"

// IsDirectory reports whether a directory is one of Copilot.
func IsDirectory(dir fs.FS) bool {
	_, err := fs.Stat(dir, workspace)
	return err == nil
}

// ReadDirectory reads the directory copilot/. A manifest that cannot be read is named, and no error.
func ReadDirectory(dir fs.FS) (Directory, error) {
	var out Directory
	root, err := parse(dir, workspace)
	if err != nil {
		return out, err
	}
	if out.App = text(root, "application"); out.App == "" {
		return out, root.Errorf("the file does not name an application").WithHint("name it: tagboat init --copilot APP")
	}
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return out, fmt.Errorf("listing the directory of the application: %w", err)
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name == "environments":
			out.Environments = withManifest(dir, name)
			if exists(dir, "environments/addons") {
				out.Addons = append(out.Addons, name)
			}
		case name == "pipelines":
			out.Pipelines = append(out.Pipelines, withManifest(dir, name)...)
		case name == "pipeline.yml":
			out.Pipelines = append(out.Pipelines, name)
		default:
			out.workload(dir, name)
		}
	}
	slices.Sort(out.Pipelines)
	return out, nil
}

func (d *Directory) workload(dir fs.FS, name string) {
	file := path.Join(name, "manifest.yml")
	if !exists(dir, file) {
		return
	}
	if exists(dir, path.Join(name, "addons")) {
		d.Addons = append(d.Addons, name)
	}
	data, err := fs.ReadFile(dir, file)
	var m Manifest
	if err == nil {
		m, err = ReadManifest(file, string(data))
	}
	if err != nil {
		d.Unread = append(d.Unread, err.Error())
		return
	}
	d.Manifests = append(d.Manifests, m)
}

// ReadManifest reads a manifest. It looks at its name and type, and at no more than it has to.
func ReadManifest(file, content string) (Manifest, error) {
	root, err := source.Parse(file, []byte(content))
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{Name: text(root, "name"), Type: WorkloadType(text(root, "type")), Path: file, Text: content}
	if m.Name == "" || m.Type == "" {
		return Manifest{}, root.Errorf("the manifest has no name or no type")
	}
	m.Build = builds(root)
	if environments := field(root, "environments"); environments != nil {
		m.Build = m.Build || slices.ContainsFunc(environments.Fields, func(f source.Field) bool { return builds(f.Value) })
	}
	return m, nil
}

// builds reports whether a manifest, or its part of an environment, builds the image of a container.
func builds(n *source.Node) bool {
	if field(field(n, "image"), "build") != nil {
		return true
	}
	sidecars := field(n, "sidecars")
	return sidecars != nil && slices.ContainsFunc(sidecars.Fields, func(f source.Field) bool { return field(field(f.Value, "image"), "build") != nil })
}

// Same reports whether a manifest says what a deployed one says, but for white space at the ends of
// lines, which templates do not keep.
func (m Manifest) Same(deployed string) bool { return trimmed(m.Text) == trimmed(deployed) }

func trimmed(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	return strings.Join(lines, "\n")
}

// field returns the value of a field, nil where there is none.
func field(n *source.Node, name string) *source.Node {
	if n == nil {
		return nil
	}
	return n.Field(name)
}

// text returns a field that is a scalar.
func text(n *source.Node, name string) string {
	if value := field(n, name); value != nil {
		return value.Text
	}
	return ""
}

func exists(dir fs.FS, name string) bool {
	_, err := fs.Stat(dir, name)
	return err == nil
}

// withManifest returns the directories below one that have a manifest.
func withManifest(dir fs.FS, below string) []string {
	entries, err := fs.ReadDir(dir, below)
	if err != nil {
		return nil // the parts of it that there are count
	}
	var names []string
	for _, entry := range entries {
		if exists(dir, path.Join(below, entry.Name(), "manifest.yml")) {
			names = append(names, entry.Name())
		}
	}
	return names
}

func parse(dir fs.FS, name string) (*source.Node, error) {
	data, err := fs.ReadFile(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, tagboat.Usagef("there is no file %s in it, which Copilot keeps in the directory of an application", name).
			WithHint("without the directory: tagboat init --copilot APP")
	}
	if err != nil {
		return nil, tagboat.Usagef("reading %s: %w", name, err)
	}
	return source.Parse(name, data)
}
