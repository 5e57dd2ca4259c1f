package taskdef

import (
	"errors"
	"maps"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Inputs is what a template is rendered with.
type Inputs struct {
	Vars map[string]any    // those that hold for the service in the environment
	Env  map[string]string // name, stage, tenant, account, region, cluster

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
	members, _ := withoutNulls(rendered.Value()).(map[string]any)
	dropEmpty(members, "tags") // ECS refuses an empty list of tags
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
	return d.stamped(), nil
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

// withoutNulls drops the members that are null: in a request, they are not there.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, value any) bool { return value == nil })
		for name := range v {
			v[name] = withoutNulls(v[name])
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}
