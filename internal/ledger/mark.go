package ledger

import (
	"encoding/json"
	"strings"
)

// A value bears a mark: which version its writer had read, so that whoever reads the
// value alone, without its description, sees whether the writer overwrote something that
// it had not read. The mark is in spaces, which mean nothing in JSON: how many there are
// before and behind the first key and the first value, each number a digit. Templates and
// scripts read the object as it is.
//
// The digits make 4,096 marks, so a writer that died could go unnoticed by a mere reader
// only if just a multiple of 4,095 versions came between its read and its write. The
// history, which has the whole number, tells even then.
const (
	digits = 4
	radix  = 8
	marks  = radix * radix * radix * radix
)

// markOf returns the mark of a write over version base. The mark 0 is that of a
// parameter's first version, and of what is no mark.
func markOf(base int64) int {
	if base <= 0 {
		return 0
	}
	return 1 + int((base-1)%(marks-1))
}

// marked returns v as it is written over version base.
func (v values) marked(base int64) string { return v.withMark(markOf(base)) }

func (v values) withMark(mark int) string {
	keys := v.keys()
	if len(keys) == 0 {
		return v.String()
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, part := range []string{text(keys[0]), ":", text(v[keys[0]]), ""} {
		b.WriteString(strings.Repeat(" ", digit(mark, i)))
		b.WriteString(part)
	}
	for _, key := range keys[1:] {
		b.WriteString("," + text(key) + ":" + text(v[key]))
	}
	b.WriteByte('}')
	return b.String()
}

func digit(mark, place int) int {
	for range place {
		mark /= radix
	}
	return mark % radix
}

// text returns s as JSON.
func text(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// readMark returns the mark that a value bears, and false where the value was not written
// by this package: everything about it has to be as marked writes it.
func readMark(value string, v values) (int, bool) {
	mark, unit, rest := 0, 1, strings.TrimPrefix(value, "{")
	keys := v.keys()
	if len(keys) == 0 {
		return 0, false
	}
	for _, part := range []string{text(keys[0]), ":", text(v[keys[0]]), ""} {
		trimmed := strings.TrimLeft(rest, " ")
		mark += unit * (len(rest) - len(trimmed))
		unit *= radix
		rest = strings.TrimPrefix(trimmed, part)
	}
	return mark, mark < marks && v.withMark(mark) == value
}

// whole tells from a version alone that no update is missing from it: its writer had read
// the version before it, and whoever writes over a version that is not whole brings back
// what it lacks. False says nothing; the history has to be asked.
func (p Parameter) whole(v values) bool {
	mark, ours := readMark(p.Value, v)
	return ours && mark == markOf(p.Version-1)
}
