package console_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"wörker → ✓ 日本":                     "wörker → ✓ 日本",
		"a\tb\r\nc":                         "a b  c",
		"\x1b[2J\x1b]0;title\a":             " [2J ]0;title ",
		"a\u202eb\u0085c\u2066d":            "a b c d",
		"a\u200bb\ufeffc\u2028d\U000e0041e": "a b c d e",
		"bad \xff encoding\x00 .":           "bad � encoding  .",
	} {
		if got := console.Printable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// said says itself how it prints.
type said struct{ text string }

func (s said) String() string { return s.text }

type named string

// TestEveryArgumentIsPrintable holds that text in any form of an argument becomes
// printable, and what is no text stays as it is.
func TestEveryArgumentIsPrintable(t *testing.T) {
	const evil = "a\n\x1b[2Jb"
	text := evil
	for _, test := range []struct {
		name, format string
		arg          any
		want         string
	}{
		{"string", "%s", evil, "a  [2Jb"},
		{"quoted", "%q", evil, `"a  [2Jb"`},
		{"wide", "%-10s|", evil, "a  [2Jb   |"},
		{"a type of its own", "%s", named(evil), "a  [2Jb"},
		{"error", "%v", errors.New(evil), "a  [2Jb"},
		{"wrapped", "%v", fmt.Errorf("x: %w", errors.New(evil)), "x: a  [2Jb"},
		{"stringer", "%s", said{evil}, "a  [2Jb"},
		{"strings", "%v", []string{evil, evil}, "[a  [2Jb a  [2Jb]"},
		{"bytes", "%s", json.RawMessage(evil), ""},
		{"struct", "%v", struct{ A string }{evil}, "{a  [2Jb}"},
		{"map", "%v", map[string]string{evil: evil}, "map[a  [2Jb:a  [2Jb]"},
		{"pointer", "%v", &struct{ A *string }{&text}, ""},
		{"number", "%03d", 7, "007"},
		{"float", "%.1f", 1.25, "1.2"},
		{"duration", "%s", 2 * time.Second, "2s"},
		{"boolean", "%t", true, "true"},
		{"nil", "%v", nil, "<nil>"},
		{"markup", "%s", console.Lines(evil), "a\n [2Jb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			streams, out, talk := buffers()
			streams.Printf(test.format, test.arg)
			streams.Talkf(test.format, test.arg)
			if got := out.String(); got != talk.String() || test.want != "" && got != test.want || strings.Contains(got, "\x1b") {
				t.Errorf("data %q, talk %q, want %q", got, talk.String(), test.want)
			}
		})
	}
}

// FuzzPrinted holds that whatever text a table, a line, an error or a document is made
// of, nothing reaches a stream that does not print, and a document keeps its meaning.
func FuzzPrinted(f *testing.F) {
	f.Add("a\tb\r\nc")
	f.Add("\x1b]0;title\a\u202e##[error]\U000e0041\xff")
	f.Fuzz(func(t *testing.T, text string) {
		streams, out, talk := buffers()
		table := console.NewTable("A", "B")
		table.Row(console.Text(text), console.Cell{Text: text, Style: console.Bad})
		table.Print(streams)
		streams.Printf("%s %s\n", streams.OnOut(console.Bad, text), text)
		streams.Error(tagboat.Usagef("%s", text).WithHint("%s", text).At(tagboat.Position{File: text, Line: 1, Column: 2, Text: text}))
		streams.NewLive(0).Set("a", console.Line{Cells: []console.Cell{console.Text(text)}})
		expect.OK(t, streams.JSON(text))
		for _, printed := range []string{out.String(), talk.String()} {
			if i := strings.IndexFunc(printed, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("%q has %q in it", printed, printed[i:])
			}
		}
		document := out.String()[strings.LastIndex(strings.TrimSuffix(out.String(), "\n"), "\n")+1:]
		var back string
		if err := json.Unmarshal([]byte(document), &back); err != nil || back != strings.ToValidUTF8(text, "\ufffd") && !strings.ContainsRune(back, 0xfffd) {
			t.Errorf("%q comes back as %q from %s (%v)", text, back, document, err)
		}
	})
}
