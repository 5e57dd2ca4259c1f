package source

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
)

// UnknownField returns the error for a field whose name is none of known.
func UnknownField(f Field, known []string) *tagboat.Error {
	return f.Errorf("unknown field %q", f.Name).WithHint("%s", tagboat.Suggest(f.Name, known))
}

// Want returns an error unless n is of the kind k.
func (n *Node) Want(k Kind) error {
	if n.Kind == k {
		return nil
	}
	e := n.Errorf("%s%s belongs here, not %s", n.label(), k, n.describe())
	switch {
	case k == String && (n.Kind == Number || n.Kind == Bool):
		e.Hint = fmt.Sprintf("write it in quotes: %q", n.Raw)
	case k == Number && n.Kind == String && n.Text != "" && strings.Trim(n.Text, "0123456789.") == "":
		e.Hint = "write it without quotes: " + n.Text
	case k == Bool && n.Kind == String:
		e.Hint = "write true or false, without quotes"
	}
	return e
}

// label names the field where the place alone would not: a list or a map over many
// lines, a line that is too long to quote.
func (n *Node) label() string {
	if n.At.Line == 0 || n.Path == "" {
		return "" // Errorf says the whole path, or there is none
	}
	return n.Path[strings.LastIndexByte(n.Path, '.')+1:] + ": "
}

func (n *Node) describe() string {
	switch n.Kind {
	case Number, Bool:
		return n.Kind.String() + " (" + n.Raw + ")"
	case Null:
		return "nothing"
	default:
		return n.Kind.String()
	}
}
