package lint

import (
	"strconv"

	"github.com/tagboat/tagboat/internal/source"
)

// at returns the node at a path, or nil where there is none or it is null.
func at(n *source.Node, path ...string) *source.Node {
	for _, name := range path {
		if n == nil {
			return nil
		}
		n = n.Field(name)
	}
	if n == nil || n.Kind == source.Null {
		return nil
	}
	return n
}

// text returns the scalar at a path as text, or "".
func text(n *source.Node, path ...string) string {
	if n = at(n, path...); n != nil {
		return n.Text
	}
	return ""
}

// list returns the entries of the list at a path.
func list(n *source.Node, path ...string) []*source.Node {
	if n = at(n, path...); n != nil {
		return n.Items
	}
	return nil
}

// number returns the whole number at a path, and false where there is none.
func number(n *source.Node, path ...string) (int, bool) {
	i, err := strconv.Atoi(text(n, path...))
	return i, err == nil
}

// decimal returns the number at a path, and false where there is none.
func decimal(n *source.Node, path ...string) (float64, bool) {
	f, err := strconv.ParseFloat(text(n, path...), 64)
	return f, err == nil
}

// or returns n, or the other node where it is nil.
func or(n, other *source.Node) *source.Node {
	if n == nil {
		return other
	}
	return n
}
