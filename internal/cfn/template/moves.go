package template

import (
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/source"
)

// Moves reports whether the properties of a resource are others with other inputs. What is unknown of
// both is the same: CloudFormation reads a dynamic reference, and asks a custom resource, only where
// something else of the resource moves.
func (t *Template) Moves(logical string, from, to Inputs) bool {
	from.Dynamic, to.Dynamic, from.Attribute, to.Attribute = nil, nil, nil, nil
	properties := under(t.resources, logical, "Properties")
	return properties != nil && t.evaluator(from, "").written(properties) != t.evaluator(to, "").written(properties)
}

// written writes an evaluated node.
func (e *evaluator) written(n *source.Node) string {
	var out strings.Builder
	e.write(&out, e.eval(n))
	return out.String()
}

func (e *evaluator) write(out *strings.Builder, v value) {
	if out.Len() > 1<<20 {
		return
	}
	switch {
	case v.nothing:
	case v.list:
		out.WriteByte('[')
		for _, item := range v.items {
			e.write(out, item)
			out.WriteByte(',')
		}
		out.WriteByte(']')
	case v.node != nil:
		out.WriteByte('{')
		for _, f := range v.node.Fields {
			out.WriteString(strconv.Quote(f.Name) + ":")
			e.write(out, e.eval(f.Value))
			out.WriteByte(',')
		}
		out.WriteByte('}')
	default:
		out.WriteString(strconv.Quote(v.text))
	}
}
