package taskdef

// Stamped returns d as Render leaves it: with the label that remembers it.
func Stamped(d Definition) Definition { return d.withInputLabel() }

// Containers returns the containers of a template.
func Containers(t *Template) []container { return t.containers() }
