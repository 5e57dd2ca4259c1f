package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zones are the same on a machine or in a Lambda that has none

	"github.com/tagboat/tagboat/internal/source"
)

// Duration is written as 30m, 2h, 1h30m or 7d, where a day has 24 hours. It is
// never negative.
type Duration time.Duration

// ParseDuration reads the form that Duration has in a file.
func ParseDuration(s string) (Duration, error) {
	rest, days := s, 0
	if number, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
		rest, days = after, int(n)
		if rest == "" {
			rest = "0s"
		}
	}
	d, err := time.ParseDuration(rest)
	total := d + time.Duration(days)*24*time.Hour
	if err != nil || d < 0 || total < 0 {
		return 0, fmt.Errorf("%q is not a duration", s)
	}
	return Duration(total), nil
}

// DecodeNode implements source.Decoder.
func (d *Duration) DecodeNode(n *source.Node) error {
	const hint = "write it like 30m, 2h or 7d"
	if n.Kind != source.String {
		return n.Errorf("expected a duration, not %s", n.Kind).WithHint(hint)
	}
	v, err := ParseDuration(n.Text)
	if err != nil {
		return n.Errorf("%s", err).WithHint(hint)
	}
	*d = v
	return nil
}

// JSONSchema implements source.Schemer.
func (Duration) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "examples": []string{"30m", "2h", "7d"}}
}

var (
	_ source.Decoder = (*Duration)(nil)
	_ source.Schemer = Duration(0)
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

// parseCron checks s.
func parseCron(s string) (Cron, error) {
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
	v, err := parseCron(n.Text)
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

// zone is the name of a time zone of the IANA database. The zero value is UTC.
type zone struct{ loc *time.Location }

func (z zone) location() *time.Location {
	if z.loc == nil {
		return time.UTC
	}
	return z.loc
}

// DecodeNode implements source.Decoder.
func (z *zone) DecodeNode(n *source.Node) error {
	if err := n.Want(source.String); err != nil {
		return err
	}
	loc, err := time.LoadLocation(n.Text)
	if err != nil || n.Text == "Local" {
		return n.Errorf("there is no time zone %q", n.Text).WithHint("write it like Europe/Brussels or UTC")
	}
	z.loc = loc
	return nil
}

// JSONSchema implements source.Schemer.
func (zone) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "examples": []string{"Europe/Brussels"}}
}

var (
	_ source.Decoder = (*zone)(nil)
	_ source.Schemer = zone{}
)
