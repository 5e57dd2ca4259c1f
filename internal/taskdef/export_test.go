package taskdef

// Stamped returns d as Render leaves it: with the label that remembers it.
func Stamped(d Definition) Definition { return d.withInputLabel() }
