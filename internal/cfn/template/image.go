package template

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Image is where the image of a container comes from, and what it is as far as that is known.
type Image struct {
	// Value is the image; where it is not Known, as it is written with ${NAME} for what is unknown.
	Value string
	Known bool
	// Sources are what the image is made of besides literal text, in their order; none of a literal.
	Sources []Source
	// Refused is why CloudFormation could not evaluate it: "" where it could, or where nobody knows.
	Refused string
}

// Kind is the kind of a source.
type Kind string

// The kinds of sources.
const (
	Plain      Kind = "parameter"     // of the template; Name is its key
	Stored     Kind = "ssm-parameter" // a parameter with an SSM type; Name is its key
	Dynamic    Kind = "dynamic"       // a reference {{resolve:…}}
	Attribute  Kind = "attribute"     // of a resource, such as a custom one; Name is its logical id
	Physical   Kind = "resource"      // the id of a resource; Name is its logical id
	Import     Kind = "import"        // an export of another stack
	Condition  Kind = "condition"     // which chooses the image, and nobody knows whether it holds
	Unreadable Kind = "unreadable"    // a function that is not evaluated here; Name is the function
)

// Source is one thing that an image is made of.
type Source struct {
	Kind      Kind
	Name      string
	Attribute string    // of a resource: what Fn::GetAtt asks for
	Type      string    // of the resource, such as Custom::TagboatPins; of the parameter
	Reference Reference // of Dynamic
	When      string    // the condition under which it counts, where nobody knows whether that holds
}

// Reference is a dynamic reference.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
type Reference struct {
	Service string // ssm, ssm-secure, secretsmanager
	Name    string
	// Version is "" where CloudFormation takes the latest one, when it looks at the resource again;
	// of secretsmanager it is the rest of the reference.
	Version string
}

// String returns the reference as a template has it.
func (r Reference) String() string {
	text := r.Service + ":" + r.Name
	if r.Version != "" {
		text += ":" + r.Version
	}
	return "{{resolve:" + text + "}}"
}

// String returns the source as a person says it.
func (s Source) String() string {
	text := ""
	switch s.Kind {
	case Plain, Stored:
		text = "the parameter " + s.Name
	case Dynamic:
		text = "the reference " + s.Reference.String()
	case Attribute:
		text = fmt.Sprintf("the attribute %s of %s (%s)", s.Attribute, s.Name, s.Type)
	case Physical:
		text = fmt.Sprintf("the id of %s (%s)", s.Name, s.Type)
	case Condition:
		text = "the condition " + s.Name
	case Import:
		text = "the export " + s.Name + " of another stack"
	default:
		text = s.Name + ", which Tagboat does not evaluate"
	}
	if s.When != "" {
		text += " where " + s.When
	}
	return text
}

// Literal reports whether the template has the image itself.
func (i Image) Literal() bool { return len(i.Sources) == 0 }

// From returns the sources of a kind.
func (i Image) From(k Kind) []Source {
	var all []Source
	for _, s := range i.Sources {
		if s.Kind == k {
			all = append(all, s)
		}
	}
	return all
}

// Custom reports whether a source is answered by a custom resource, which CloudFormation asks again
// only where its properties changed.
func (s Source) Custom() bool {
	return s.Kind == Attribute && (strings.HasPrefix(s.Type, "Custom::") || s.Type == "AWS::CloudFormation::CustomResource")
}

// Unversioned reports whether a source is a dynamic reference that names no version, so that
// CloudFormation reads it again only where the template's text for the resource changes.
func (s Source) Unversioned() bool { return s.Kind == Dynamic && s.Reference.Version == "" }

var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\{\{resolve:(ssm|ssm-secure|secretsmanager):((?:arn:[^:}]*:[^:}]*:[^:}]*:[^:}]*:secret:)?[^:}]+)(?::([^}]*))?\}\}`)
})

// references replaces the dynamic references in a text by their values.
func (e *evaluator) references(v value) value {
	var out strings.Builder
	at := 0
	for _, m := range reference().FindAllStringSubmatchIndex(v.text, -1) {
		r := Reference{Service: v.text[m[2]:m[3]], Name: v.text[m[4]:m[5]]}
		if m[6] >= 0 {
			r.Version = v.text[m[6]:m[7]]
		}
		e.note(Source{Kind: Dynamic, Name: r.Name, Reference: r})
		found, known := "", false
		if e.in.Dynamic != nil {
			found, known = e.in.Dynamic(r)
		}
		if !known {
			found, v.unknown = v.text[m[0]:m[1]], true
		}
		out.WriteString(v.text[at:m[0]] + found)
		at = m[1]
	}
	v.text = out.String() + v.text[at:]
	return v
}

// image evaluates what a container has for its image.
func (t *Template) image(in Inputs, n nodes) Image {
	e := t.evaluator(in, n.when)
	v := e.references(e.eval(n.node))
	return Image{Value: v.text, Known: v.plain() && e.refused == "", Sources: e.sources, Refused: e.refused}
}
