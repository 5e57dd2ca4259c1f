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

// String returns d in the form that it has in a file, to the second, such as 1d12h.
func (d Duration) String() string {
	rest := time.Duration(d).Round(time.Second)
	days := rest / (24 * time.Hour)
	rest -= days * 24 * time.Hour
	text := ""
	if days > 0 {
		text = fmt.Sprintf("%dd", days)
	}
	if rest > 0 || days == 0 {
		text += rest.String()
	}
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = text[:len(text)-2]
		}
	}
	return text
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
