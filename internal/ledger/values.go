package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// values is what a parameter holds: image names and others' keys to strings.
type values map[string]string

// valuesOf reads a parameter. Whatever is not ours to write to is an error of kind
// Usage that names the parameter.
func valuesOf(p Parameter) (values, error) {
	if p.Type != "" && p.Type != "String" {
		return nil, tagboat.Usagef("parameter %s is a %s, and the ledger is kept in a String", p.Name, p.Type).
			WithHint("give the group another parameter in tagboat.yaml, or delete this one")
	}
	v, err := parseValues(p.Value)
	if err != nil {
		return nil, tagboat.Usagef("parameter %s does not hold a flat JSON object of strings: %w", p.Name, err).
			WithHint(`a value looks like {"image":"1.4.2@sha256:…"}; see its versions with: aws ssm get-parameter-history --name %s`, p.Name)
	}
	return v, nil
}

// parseValues reads a flat JSON object of strings. A key that comes twice is an error:
// writing the value back would drop one of the two.
func parseValues(s string) (values, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	v := values{}
	for d.More() {
		key, err := stringToken(d)
		if err != nil {
			return nil, err
		}
		if _, twice := v[key]; twice {
			return nil, fmt.Errorf("%q is in it twice", key)
		}
		if v[key], err = stringToken(d); err != nil {
			return nil, fmt.Errorf("at %q: %w", key, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return v, nil
}

func stringToken(d *json.Decoder) (string, error) {
	t, err := d.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%v is not a string", t)
	}
	return s, nil
}

// String returns the value as it is written: compact, the keys sorted.
func (v values) String() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]string(v)); err != nil {
		panic(err) // a map of strings always encodes
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// keys returns the keys in the order in which they are written.
func (v values) keys() []string { return slices.Sorted(maps.Keys(v)) }

// with returns a copy of v with the changes made.
func (v values) with(changes values) values {
	next := maps.Clone(v)
	if next == nil {
		next = values{}
	}
	maps.Copy(next, changes)
	return next
}

// has tells whether all of want is in v.
func (v values) has(want values) bool {
	for key, value := range want {
		if got, ok := v[key]; !ok || got != value {
			return false
		}
	}
	return true
}
