package ledger

// Object returns what a parameter holds by key. One of another type than String, and a
// value that is no flat JSON object of strings, is an error of kind Usage.
func Object(p Parameter) (map[string]string, error) {
	return valuesOf(p)
}
