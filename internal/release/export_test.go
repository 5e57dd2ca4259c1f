package release

// Decode reads the content of a release.
func Decode(data []byte) (Content, error) { return decode(data) }

// Encode writes the content of a release.
func Encode(c Content) []byte { return c.encode() }

// Unified returns the lines that differ between two texts.
func Unified(from, to string) string { return unified(from, to) }

// CompareAddress returns where two commits can be compared.
func CompareAddress(source, from, to string) string { return compareAddress(source, from, to) }
