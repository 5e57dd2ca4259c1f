package taskdef

import (
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

func (r *renderer) text(n *source.Node, typ string) *source.Node {
	pieces, bad := parsePlaceholders(n.Text)
	if bad != nil {
		return n // Read refused it
	}
	if len(pieces) == 1 && pieces[0].scope != "" {
		return r.alone(n, pieces[0], typ)
	}
	var text strings.Builder
	for _, p := range pieces {
		if p.scope == "" {
			text.WriteString(p.text)
			continue
		}
		value := source.Make(r.value(n, p), n.At, n.Path)
		if value.Kind > source.String {
			r.problems = append(r.problems, within(n, p.text).Errorf("%s is %s and cannot be part of a string", p.text, value.Kind))
		}
		text.WriteString(value.Text)
	}
	return source.Make(text.String(), n.At, n.Path)
}

// alone renders a string that is one placeholder: the value keeps its type, but for
// a number, true or false where the shape wants a string.
func (r *renderer) alone(n *source.Node, p piece, typ string) *source.Node {
	value := source.Make(r.value(n, p), n.At, n.Path)
	_, enum := loadShapes().Enums[typ]
	if value.Kind <= source.Number && value.Kind != source.Null && (typ == typeString || enum) {
		return source.Make(value.Text, n.At, n.Path)
	}
	wanted := map[string]source.Kind{typeInteger: source.Number, typeNumber: source.Number, typeBoolean: source.Bool}[typ]
	if wanted != source.Null && value.Kind == source.String {
		e := within(n, p.text).Errorf("%s is the string %q, and %s belongs here", p.text, value.Text, wanted)
		r.problems = append(r.problems, e.WithHint("write its value without quotes in tagboat.yaml"))
		return source.Make(nil, n.At, n.Path)
	}
	return value
}

// value returns what p stands for, and nil with a problem noted where it stands for
// nothing.
func (r *renderer) value(n *source.Node, p piece) any {
	switch p.scope {
	case scopeVars:
		if v, ok := r.in.Vars[p.name]; ok {
			return v
		}
		r.problems = append(r.problems, r.noValue(n, p))
	case scopeEnv:
		return r.env(n, p)
	default:
		return r.image(n, p)
	}
	return nil
}

// noValue is for a variable that holds somewhere else alone, or nowhere.
func (r *renderer) noValue(n *source.Node, p piece) error {
	e := within(n, p.text).Errorf("%s has no value in %s", p.text, r.in.Env["name"])
	hint := tagboat.Suggest(p.name, slices.Sorted(maps.Keys(r.in.Vars)))
	if !strings.HasPrefix(hint, "did you mean") {
		hint = "give it one in tagboat.yaml: vars: {" + p.name + ": [{value: …}]}"
	}
	return e.WithHint("%s", hint)
}

func (r *renderer) env(n *source.Node, p piece) any {
	v, ok := r.in.Env[p.name]
	switch {
	case !ok:
		r.problems = append(r.problems, unknownName(n, p, slices.Sorted(maps.Keys(r.in.Env))))
	case v == "" && p.name != "tenant":
		r.problems = append(r.problems, within(n, p.text).Errorf("%s: the environment %s does not say its %s", p.text, r.in.Env["name"], p.name).
			WithHint("add %s to the environment in tagboat.yaml", p.name))
	}
	return v
}

func (r *renderer) image(n *source.Node, p piece) any {
	ref, ok := r.in.Images[tagboat.ImageName(p.name)]
	if !ok || ref.Pinned() == "" {
		r.problems = append(r.problems, notPinned(within(n, p.text).At, tagboat.ImageName(p.name), ref.Tag, r.in.Env["name"]))
	}
	return ref.Pinned()
}

// notPinned says that an image has no version, or a tag alone.
func notPinned(at tagboat.Position, image tagboat.ImageName, tag, env string) error {
	if tag != "" {
		return tagboat.Usagef("image %s is pinned in %s as %s, without a digest: what that is can change", image, env, tag).At(at).
			WithHint("pin it with its digest: tagboat pin %s=%s --env %s, where tagboat.yaml has no ledger: {form: tag}", image, tag, env)
	}
	return tagboat.Usagef("no version of the image %s is pinned in %s", image, env).At(at).
		WithHint("tagboat pin %s=TAG --env %s", image, env)
}
