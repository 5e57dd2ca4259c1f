package source

import (
	"fmt"

	"github.com/tagboat/tagboat"
)

// Errorf returns an error of kind Usage at the place of n.
func (n *Node) Errorf(format string, args ...any) *tagboat.Error {
	return errorAt(n.At, n.Path, format, args...)
}

// Errorf returns an error of kind Usage at the place of the field's name.
func (f Field) Errorf(format string, args ...any) *tagboat.Error {
	return errorAt(f.At, f.Value.Path, format, args...)
}

// errorAt names the path where no line is known, which is so for what Jsonnet made:
// the line that a value came from is lost when it is computed.
func errorAt(at tagboat.Position, path, format string, args ...any) *tagboat.Error {
	msg := fmt.Sprintf(format, args...)
	if at.Line == 0 && path != "" {
		msg = path + ": " + msg
	}
	return tagboat.Usagef("%s", msg).At(at)
}
