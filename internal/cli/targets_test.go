package cli

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
)

func TestWhen(t *testing.T) {
	at := func(text string) time.Time { return parseTime(t, text) }
	for text, want := range map[string]access.When{
		"90m":                       {Ago: 90 * time.Minute},
		"7d":                        {Ago: 7 * 24 * time.Hour},
		"2026-01-02":                {At: at("2026-01-02T00:00:00Z")},
		"2026-01-02 10:30":          {At: at("2026-01-02T10:30:00Z")},
		"2026-01-02T10:30":          {At: at("2026-01-02T10:30:00Z")},
		"2026-01-02T10:30:00+02:00": {At: at("2026-01-02T08:30:00Z")},
		"2026-01-02T10:30:00.5Z":    {At: at("2026-01-02T10:30:00.5Z")},
	} {
		var w when
		if err := w.Set(text); err != nil || w.Ago != want.Ago || !w.At.Equal(want.At) || w.String() != text {
			t.Errorf("%s is %+v: %v", text, w, err)
		}
	}
	for _, text := range []string{"", "-1h", "0s", "now", "10:30", "2026-13-01", "2026-02-30", "02/01/2026"} {
		if err := new(when).Set(text); tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%q is a time: %v", text, err)
		}
	}
}

func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
