package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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
		return nil, errors.New("there is something after the object")
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

// has reports whether all of want is in v.
func (v values) has(want values) bool {
	for key, value := range want {
		if got, ok := v[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// A value bears a mark: which version its writer had read, so that a reader of the
// value alone, without its description, sees whether the writer overwrote something that
// it had not read. The mark is a number in blanks and tabs, which mean nothing in JSON,
// before the first key: nothing else in the value moves, since templates without a JSON
// parser look for "key":" in it.
//
// There are 4,096 marks, so a writer that died could go unnoticed by a mere reader only if
// just a multiple of 4,095 versions came between its read and its write. The history, which
// has the whole number, tells even then.
const (
	marks    = 4096
	marking  = " \t" // the digits one and two: no number has another writing
	maxBlank = 12    // of the last mark
)

// markOf returns the mark of a write over version base. The mark 0 is that of a
// parameter's first version, and of what is no mark.
func markOf(base int64) int {
	if base <= 0 {
		return 0
	}
	return 1 + int((base-1)%(marks-1))
}

// markedFor returns v as it is written over version base.
func (v values) markedFor(base int64) string { return v.withMark(markOf(base)) }

func (v values) withMark(mark int) string {
	value := v.String()
	if len(v) == 0 {
		return value
	}
	return "{" + blanks(mark) + value[len("{"):]
}

func blanks(mark int) string {
	var b strings.Builder
	for ; mark > 0; mark = (mark - 1) / len(marking) {
		b.WriteByte(marking[(mark-1)%len(marking)])
	}
	return b.String()
}

// readMark returns the mark that a value bears, and false where the value was not written
// by this package: everything about it has to be as marked writes it.
func readMark(value string, v values) (int, bool) {
	rest := strings.TrimPrefix(value, "{")
	run := rest[:len(rest)-len(strings.TrimLeft(rest, marking))]
	if len(v) == 0 || len(run) > maxBlank {
		return 0, false
	}
	mark := 0
	for i := len(run) - 1; i >= 0; i-- {
		mark = mark*len(marking) + strings.IndexByte(marking, run[i]) + 1
	}
	return mark, mark < marks && v.withMark(mark) == value
}

// missed returns how many versions came between what the writer of p had read and p, as far
// as a mark tells, and 0 for what is not of this package, and where its writer had read a
// later version than p, which somebody deleted.
func (p Parameter) missed(v values) int {
	mark, ours := readMark(p.Value, v)
	if !ours || mark == 0 {
		return 0
	}
	n := (markOf(p.Version-1) - mark + marks - 1) % (marks - 1)
	if n > marks/2 {
		return 0
	}
	return n
}

// whole tells from a version alone that no update is missing from it: its writer had read
// the version before it, and whoever writes over a version that is not whole brings back
// what it lacks. False says nothing; the history has to be asked.
func (p Parameter) whole(v values) bool {
	mark, ours := readMark(p.Value, v)
	return ours && mark == markOf(p.Version-1)
}

// Object returns what a parameter holds by key. One of another type than String, and a
// value that is no flat JSON object of strings, is an error of kind Usage.
func Object(p Parameter) (map[string]string, error) {
	return valuesOf(p)
}
