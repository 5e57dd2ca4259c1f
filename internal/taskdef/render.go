package taskdef

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Inputs is what a template is rendered with.
type Inputs struct {
	// ByRelease says that the environment takes its versions by releases alone.
	ByRelease bool
	Vars      map[string]any    // those that hold for the service in the environment
	Env       map[string]string // name, stage, tenant, account, region, cluster

	// Images are the pinned versions: with their digests, and their tags where known.
	Images map[tagboat.ImageName]tagboat.Reference
	// Revisions are the commits that the versions were built from, where known.
	Revisions map[tagboat.ImageName]string
	// Containers says which image each container runs, as tagboat.yaml does, and
	// Places where it does so.
	Containers map[tagboat.ContainerName]tagboat.ImageName
	Places     map[tagboat.ContainerName]tagboat.Position
}

// Render fills in variables and images. A string that is one placeholder and nothing
// else becomes a number, true or false where the shape has one there. Each container
// runs its image by digest, and has its tag, its name in tagboat.yaml and its commit
// as docker labels. The error joins everything that is wrong, each of kind Usage
// with its place.
func (t *Template) Render(in Inputs) (Definition, error) {
	rendered, err := t.Fill(in)
	if err != nil {
		return Definition{}, err
	}
	members, _ := without(rendered.Value(), func(v any) bool { return v == nil }).(map[string]any) // in a request, null is nothing
	dropEmpty(members, "tags")                                                                     // ECS refuses an empty list of tags
	d := Definition{members: members}
	if t.shape != registerTaskDefinition {
		return d, nil
	}
	d = d.WithoutEmptyLists()
	used, err := t.Images(in.Containers, in.Places)
	if err != nil {
		return Definition{}, err
	}
	if err := t.setImages(d, in, used); err != nil {
		return Definition{}, err
	}
	return d.withInputLabel(), nil
}

// Fill is Render without the images: the tree of the file with the variables filled in,
// each part at its place.
func (t *Template) Fill(in Inputs) (*source.Node, error) {
	r := renderer{in: in}
	rendered := r.node(t.root, t.shape)
	if err := errors.Join(r.problems...); err != nil {
		return nil, err
	}
	if err := (checker{}).check(rendered, t.shape); err != nil {
		return nil, err
	}
	return rendered, nil
}

type renderer struct {
	in       Inputs
	problems []error
}

func (r *renderer) node(n *source.Node, typ string) *source.Node {
	switch n.Kind {
	case source.String:
		return r.text(n, typ)
	case source.List:
		item, _ := listOf(typ)
		list := *n
		list.Items = nil
		for _, i := range n.Items {
			list.Items = append(list.Items, r.node(i, item))
		}
		return &list
	case source.Map:
		object := *n
		object.Fields = nil
		for _, f := range n.Fields {
			f.Value = r.node(f.Value, memberType(typ, f.Name))
			object.Fields = append(object.Fields, f)
		}
		return &object
	default:
		return n
	}
}

func memberType(typ, member string) string {
	if value, ok := mapOf(typ); ok {
		return value
	}
	if s, ok := loadShapes().Structures[typ]; ok {
		return s.Members[member]
	}
	return typeDocument
}

// without returns v without the members of its objects that drop says, at every depth.
func without(v any, drop func(any) bool) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, value any) bool { return drop(value) })
		for name := range v {
			v[name] = without(v[name], drop)
		}
	case []any:
		for i := range v {
			v[i] = without(v[i], drop)
		}
	}
	return v
}

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
		e := within(n, p.text).Errorf("%s is the string %q, and must be %s", p.text, value.Text, wanted)
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
		r.problems = append(r.problems, r.in.notPinned(tagboat.ImageName(p.name), ref.Tag).At(within(n, p.text).At))
	}
	return ref.Pinned()
}

func (in Inputs) notPinned(image tagboat.ImageName, tag string) *tagboat.Error {
	return NotPinned(image, tag, tagboat.EnvName(in.Env["name"]), in.ByRelease)
}

// NotPinned is the error where an image has no version in an environment, or a tag alone.
func NotPinned(image tagboat.ImageName, tag string, env tagboat.EnvName, byRelease bool) *tagboat.Error {
	switch {
	case tag != "":
		return tagboat.Usagef("image %s is pinned in %s as %s, without a digest: what that is can change", image, env, tag).
			WithHint("pin it with its digest: tagboat pin %s=%s --env %s, where tagboat.yaml has no ledger: {form: tag}", image, tag, env)
	case byRelease:
		return tagboat.Usagef("no version of the image %s is pinned in %s", image, env).WithHint("tagboat promote RELEASE --env %s", env)
	default:
		return tagboat.Usagef("no version of the image %s is pinned in %s", image, env).WithHint("tagboat pin %s=TAG --env %s", image, env)
	}
}
