package taskdef

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// The scopes of placeholders: ${vars.NAME}, ${env.NAME} and ${images.NAME}.
const (
	scopeVars   = "vars"
	scopeEnv    = "env"
	scopeImages = "images"
)

// piece is a part of a string: plain text, or a placeholder.
type piece struct {
	text  string // plain text, or the placeholder as it is written
	scope string // "" for plain text
	name  string
}

var placeholderPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$\{(vars|env|images)\.([a-zA-Z0-9][a-zA-Z0-9._/-]*)\}$`)
})

// badPlaceholder is a placeholder that cannot be read.
type badPlaceholder struct {
	text string // as it is written
	why  string
}

// parsePlaceholders cuts s into its pieces. $${ stands for ${ as text.
func parsePlaceholders(s string) ([]piece, *badPlaceholder) {
	var pieces []piece
	var text strings.Builder
	for s != "" {
		switch {
		case strings.HasPrefix(s, "$${"):
			text.WriteString("${")
			s = s[len("$${"):]
		case strings.HasPrefix(s, "${"):
			p, err := firstPlaceholder(s)
			if err != nil {
				return nil, err
			}
			if text.Len() > 0 {
				pieces = append(pieces, piece{text: text.String()})
				text.Reset()
			}
			pieces = append(pieces, p)
			s = s[len(p.text):]
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	if text.Len() > 0 {
		pieces = append(pieces, piece{text: text.String()})
	}
	return pieces, nil
}

// firstPlaceholder reads the placeholder that s begins with.
func firstPlaceholder(s string) (piece, *badPlaceholder) {
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return piece{}, &badPlaceholder{text: s, why: fmt.Sprintf("the placeholder %s is not closed", s)}
	}
	text := s[:end+1]
	m := placeholderPattern().FindStringSubmatch(text)
	if m == nil {
		return piece{}, &badPlaceholder{text: text, why: fmt.Sprintf("%s is not a placeholder that Tagboat knows", text)}
	}
	return piece{text: text, scope: m[1], name: m[2]}, nil
}

// isPlaceholder reports whether s is one placeholder and nothing else.
func isPlaceholder(s string) bool {
	pieces, err := parsePlaceholders(s)
	return err == nil && len(pieces) == 1 && pieces[0].scope != ""
}

// hasPlaceholder reports whether s has something that begins like a placeholder.
func hasPlaceholder(s string) bool {
	pieces, err := parsePlaceholders(s)
	if err != nil {
		return true
	}
	for _, p := range pieces {
		if p.scope != "" {
			return true
		}
	}
	return false
}

// Names is what placeholders can stand for.
type Names struct {
	Vars   []string
	Env    []string // name, stage, tenant, account, region, cluster
	Images []tagboat.ImageName
}

func (n Names) of(scope string) []string {
	switch scope {
	case scopeVars:
		return n.Vars
	case scopeEnv:
		return n.Env
	default:
		var images []string
		for _, i := range n.Images {
			images = append(images, string(i))
		}
		return images
	}
}

// Explain adds to an error of a Jsonnet file that asks for an external variable how to
// write one here, and which there are. Any other error stays as it is.
func (n Names) Explain(err error) error {
	var undefined *source.UndefinedVariable
	var e *tagboat.Error
	if !errors.As(err, &undefined) || !errors.As(err, &e) {
		return err
	}
	hint := "write '${vars." + undefined.Name + "}' in a string, and give it a value in tagboat.yaml: vars: {" + undefined.Name + ": [{value: …}]}"
	switch {
	case slices.Contains(n.Vars, undefined.Name):
		hint = "write '${vars." + undefined.Name + "}' in a string: tagboat.yaml has that variable"
	case len(n.Vars) > 0:
		hint += "; there is " + strings.Join(n.Vars, ", ")
	}
	return e.WithHint("%s", hint)
}

// Check returns an error for every placeholder whose name is not known, each with
// its place and the name that was meant.
func (t *Template) Check(known Names) error {
	return eachString(t.root, func(n *source.Node) error {
		pieces, bad := parsePlaceholders(n.Text)
		if bad != nil {
			return nil // Read refused it
		}
		var problems []error
		for _, p := range pieces {
			if p.scope != "" && !slices.Contains(known.of(p.scope), p.name) {
				problems = append(problems, unknownName(n, p, known.of(p.scope)))
			}
		}
		return errors.Join(problems...)
	})
}

// Used returns what the template's placeholders stand for, each name once and sorted.
func (t *Template) Used() Names {
	names := map[string][]string{}
	_ = eachString(t.root, func(n *source.Node) error {
		pieces, _ := parsePlaceholders(n.Text)
		for _, p := range pieces {
			if p.scope != "" && !slices.Contains(names[p.scope], p.name) {
				names[p.scope] = append(names[p.scope], p.name)
			}
		}
		return nil
	})
	used := Names{Vars: names[scopeVars], Env: names[scopeEnv]}
	slices.Sort(used.Vars)
	slices.Sort(used.Env)
	for _, image := range slices.Sorted(slices.Values(names[scopeImages])) {
		used.Images = append(used.Images, tagboat.ImageName(image))
	}
	return used
}

// checkPlaceholders returns an error for every placeholder that cannot be read.
func (t *Template) checkPlaceholders(root *source.Node) error {
	return eachString(root, func(n *source.Node) error {
		_, bad := parsePlaceholders(n.Text)
		if bad == nil {
			return nil
		}
		return within(n, bad.text).Errorf("%s", bad.why).
			WithHint("there are ${vars.NAME}, ${env.NAME} and ${images.NAME}; to keep ${ as it is, write $${")
	})
}

func unknownName(n *source.Node, p piece, known []string) *tagboat.Error {
	what := map[string]string{
		scopeVars: "variable", scopeEnv: "property of an environment", scopeImages: "image",
	}[p.scope]
	e := within(n, p.text).Errorf("%s: there is no %s %q", p.text, what, p.name).WithHint("%s", tagboat.Suggest(p.name, known))
	if len(known) == 0 && p.scope == scopeVars {
		e.Hint = "give it a value in tagboat.yaml: vars: {" + p.name + ": [{value: …}]}"
	}
	return e
}

// within returns n with the place of the placeholder in its string, where the line
// shows it.
func within(n *source.Node, placeholder string) *source.Node {
	line := []rune(n.At.Text)
	if n.At.Column < 1 || n.At.Column > len(line) {
		return n
	}
	_, after, found := strings.Cut(string(line[n.At.Column-1:]), placeholder)
	if !found {
		return n
	}
	moved := *n
	moved.At.Column = 1 + len(line) - utf8.RuneCountInString(placeholder+after)
	return &moved
}

func eachString(n *source.Node, visit func(*source.Node) error) error {
	var problems []error
	if n.Kind == source.String {
		problems = append(problems, visit(n))
	}
	for _, item := range n.Items {
		problems = append(problems, eachString(item, visit))
	}
	for _, f := range n.Fields {
		problems = append(problems, eachString(f.Value, visit))
	}
	return errors.Join(problems...)
}
