package ledger

import "strings"

// A value bears a mark: which version its writer had read, so that whoever reads the
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

// marked returns v as it is written over version base.
func (v values) marked(base int64) string { return v.withMark(markOf(base)) }

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
