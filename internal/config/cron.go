package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/source"
)

// Cron is a time that comes back, in five fields: minute, hour, day of month, month
// and day of week (0 and 7 are Sunday). Each is *, a number, a range, a step, or a
// list of them with commas. Days of the week may be MON…SUN, months JAN…DEC.
type Cron string

type cronField struct {
	name     string
	min, max int
	words    string // the names of the values, three letters each, from min on
}

func cronFields() []cronField {
	return []cronField{
		{name: "minute", min: 0, max: 59},
		{name: "hour", min: 0, max: 23},
		{name: "day of month", min: 1, max: 31},
		{name: "month", min: 1, max: 12, words: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
		{name: "day of week", min: 0, max: 7, words: "SUNMONTUEWEDTHUFRISAT"},
	}
}

// ParseCron checks s.
func ParseCron(s string) (Cron, error) {
	parts, fields := strings.Fields(s), cronFields()
	if len(parts) != len(fields) {
		return "", fmt.Errorf("%q has %d fields, and a schedule has five", s, len(parts))
	}
	for i, f := range fields {
		for part := range strings.SplitSeq(parts[i], ",") {
			if !f.valid(part) {
				return "", fmt.Errorf("%q is not a %s", part, f.name)
			}
		}
	}
	return Cron(s), nil
}

func (f cronField) valid(part string) bool {
	span, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > f.max) {
		return false
	}
	if span == "*" {
		return true
	}
	from, to, ranged := strings.Cut(span, "-")
	first, ok := f.number(from)
	if !ranged {
		return ok
	}
	last, lastOK := f.number(to)
	return ok && lastOK && first <= last
}

func (f cronField) number(s string) (int, bool) {
	if i := strings.Index(f.words, strings.ToUpper(s)); len(s) == 3 && i >= 0 && i%3 == 0 {
		return f.min + i/3, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= f.min && n <= f.max
}

// DecodeNode implements source.Decoder.
func (c *Cron) DecodeNode(n *source.Node) error {
	if err := n.Want(source.String); err != nil {
		return err
	}
	v, err := ParseCron(n.Text)
	if err != nil {
		return n.Errorf("%s", err).WithHint("write minute, hour, day of month, month, day of week: 0 9 * * MON-FRI")
	}
	*c = v
	return nil
}

// JSONSchema implements source.Schemer.
func (Cron) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "examples": []string{"0 9 * * MON-FRI"}}
}

var (
	_ source.Decoder = (*Cron)(nil)
	_ source.Schemer = Cron("")
)
