package console_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/console"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"wörker → ✓ 日本":           "wörker → ✓ 日本",
		"a\tb\r\nc":               "a b  c",
		"\x1b[2J\x1b]0;title\a":   " [2J ]0;title ",
		"a\u202eb\u0085c\u2066d":  "a b c d",
		"bad \xff encoding\x00 .": "bad � encoding  .",
	} {
		if got := console.Printable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
