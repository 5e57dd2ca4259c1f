package publish

import (
	"context"
	"os"
	"strings"

	"github.com/tagboat/tagboat"
)

// Source says where an image comes from.
type Source struct {
	Kind string // docker, oci, tar or dir
	Name string // a reference, a directory or a file
	// Labels are those of an image that is made of a directory; others have those of their build.
	Labels map[string]string
}

// WithLabels returns the source with labels, each as NAME=VALUE. The error is of kind Usage.
func (s Source) WithLabels(labels []string) (Source, error) {
	if len(labels) > 0 && s.Kind != "dir" {
		return s, tagboat.Usagef("%s has the labels of its build", s).WithHint("docker build --label NAME=VALUE; --label is for --from dir:DIRECTORY")
	}
	for _, label := range labels {
		name, value, ok := strings.Cut(label, "=")
		if !ok || name == "" {
			return s, tagboat.Usagef("%q is not a label", label).WithHint("write --label NAME=VALUE")
		}
		if s.Labels == nil {
			s.Labels = map[string]string{}
		}
		s.Labels[name] = value
	}
	return s, nil
}

const sourceHint = "write docker:REFERENCE, oci:DIRECTORY, tar:FILE or dir:DIRECTORY"

// ParseSource reads docker:REFERENCE, oci:DIRECTORY, tar:FILE or dir:DIRECTORY. The error is of kind
// Usage.
func ParseSource(s string) (Source, error) {
	kind, name, ok := strings.Cut(s, ":")
	if !ok || name == "" {
		return Source{}, tagboat.Usagef("%q does not say where an image is", s).WithHint(sourceHint)
	}
	switch kind {
	case "docker":
		if strings.HasPrefix(name, "-") {
			return Source{}, tagboat.Usagef("%q is not a docker reference", name).WithHint(sourceHint)
		}
	case "oci", "tar", "dir":
	default:
		return Source{}, tagboat.Usagef("there is no kind of source %q", kind).WithHint(sourceHint)
	}
	return Source{Kind: kind, Name: name}, nil
}

// String returns the form that ParseSource reads.
func (s Source) String() string { return s.Kind + ":" + s.Name }

// Open reads what the source has; layers stay where they are until they are sent. dir is
// a directory for what has to be unpacked, which must outlive the content. What is wrong
// with the source is of kind Usage.
func (s Source) Open(ctx context.Context, dir string) (Content, error) {
	switch s.Kind {
	case "docker":
		file, err := save(ctx, s.Name, dir)
		if err != nil {
			return Content{}, err
		}
		return fromArchive(file, dir)
	case "dir":
		return fromDirectory(s.Name, s.Labels, dir)
	case "oci":
		if info, err := os.Stat(s.Name); err == nil && !info.IsDir() {
			return Content{}, tagboat.Usagef("%s is not a directory", s.Name).WithHint("an archive is --from tar:%s", s.Name)
		}
		return fromLayout(s.Name)
	default:
		return fromArchive(s.Name, dir)
	}
}
