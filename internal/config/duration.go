package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

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
		return n.Errorf("a duration belongs here, not %s", n.Kind).WithHint(hint)
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
