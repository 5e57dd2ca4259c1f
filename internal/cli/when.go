package cli

import (
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
)

// when is a flag that takes a time or how long ago that was.
type when struct {
	access.When
	text string
}

// Set implements pflag.Value.
func (w *when) Set(text string) error {
	w.text = text
	if ago, err := config.ParseDuration(text); err == nil && ago > 0 {
		w.When = access.When{Ago: time.Duration(ago)}
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			w.When = access.When{At: at}
			return nil
		}
	}
	return tagboat.Usagef("%q is no time: write 2026-01-02T10:30:00Z, 2026-01-02 (all UTC) or how long ago: 90m, 7d", text)
}

// String implements pflag.Value.
func (w *when) String() string { return w.text }

// Type implements pflag.Value.
func (w *when) Type() string { return "time" }
