package drift

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/words"
)

// Facts is what is known of a service that a stack owns, for foreseeing what the stack's updates do.
type Facts struct {
	Service tagboat.ServiceName
	Stack   cfn.Stack
	// Literal is the task definition that the template names, where it is none of the template's own.
	Literal template.Text
	// Deployed and Owned are the ARNs of the service's revision and of the stack's; Gone says that the
	// stack's revision is not ACTIVE any more.
	Deployed, Owned string
	Gone            bool
	Images          []ImageFacts
	// Moves says that the same template with the same values makes another task definition now,
	// because Parameter Store has another value.
	Moves bool
	// Asked are the custom resources that are asked again for the same reason.
	Asked []string
	// Missing are the names that the template's parameters have and Parameter Store has not.
	Missing []string
}

// ImageFacts is what is known of the image of one container.
type ImageFacts struct {
	Container tagboat.ContainerName
	Image     tagboat.ImageName
	Pinned    tagboat.Observed
	Deployed  tagboat.Observed // in the service's task definition
	Templated tagboat.Observed // in the stack's revision; empty where nobody knows
	// Resolved is what the template has with what Parameter Store has now, dynamic references too.
	Resolved tagboat.Observed
	Known    bool // whether Resolved is
	Refused  string
	Sources  []template.Source
}

// past reports whether somebody deployed past the stack.
func (f Facts) past() bool { return f.Owned != "" && f.Deployed != "" && f.Owned != f.Deployed }

// refused returns why CloudFormation would not evaluate an image; "" where it would.
func (f Facts) refused() string {
	for _, i := range f.Images {
		if i.Refused != "" {
			return i.Refused + ", for the container " + string(i.Container)
		}
	}
	return ""
}

// brought returns what a container has once its task definition is made anew, and false where nobody
// knows. What is not known, but cannot have moved either, is as it was: a parameter's previous value,
// an export that is in use, the answer of a custom resource that is not asked again.
func (f Facts) brought(i ImageFacts) (tagboat.Observed, bool) {
	if i.Known {
		return i.Resolved, true
	}
	for _, s := range i.Sources {
		moves := s.Kind == template.Stored || s.Unversioned() || s.Type == "AWS::CloudFormation::Stack" || slices.Contains(f.Asked, s.Name)
		if moves {
			return tagboat.Observed{}, false
		}
	}
	return i.Templated, i.Templated != tagboat.Observed{}
}

// same reports whether two views have one version. What is unknown is no other version.
func same(a, b tagboat.Observed) bool {
	switch {
	case a == tagboat.Observed{} || b == tagboat.Observed{}:
		return true
	case a.Digest != "" && b.Digest != "":
		return a.Digest == b.Digest
	default:
		return a.Tag == b.Tag
	}
}

func version(o tagboat.Observed) string {
	if o == (tagboat.Observed{}) {
		return "an unknown version"
	}
	if o.Digest == "" {
		return o.Tag
	}
	return words.Version(o.Tag, o.Digest)
}

// name returns family:revision of an ARN.
func name(arn string) string { return ecs.LastPart(arn) }

// list joins phrases: "a", "a and b", "a, b and c".
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
