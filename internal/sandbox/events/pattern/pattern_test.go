package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/events/pattern"
)

// TestCases matches each line of a case's file events with its pattern. In testdata/refused each
// line of a case's file patterns is one that is wrong.
func TestCases(t *testing.T) {
	casetest.Archives(t, "testdata/matches", func(t *testing.T, c casetest.Case) string {
		text, _ := c.File("pattern")
		p := expect.Value(pattern.Parse(strings.TrimSpace(string(text))))(t)
		var out strings.Builder
		for _, event := range c.Lines("events") {
			fmt.Fprintf(&out, "%-5v %s\n", p.Matches(expect.Value(pattern.Decode([]byte(event)))(t)), event)
		}
		return out.String()
	})
}

func TestRefused(t *testing.T) {
	casetest.Archives(t, "testdata/refused", func(t *testing.T, c casetest.Case) string {
		var out strings.Builder
		for _, text := range c.Lines("patterns") {
			p, err := pattern.Parse(text)
			if p != nil {
				t.Errorf("%s was taken", text)
			}
			fmt.Fprintf(&out, "%v\n", err)
		}
		return out.String()
	})
}

func TestWhereInSeveralLines(t *testing.T) {
	const text = "{\n  \"detail\": {\n    \"slug\": \"some-pipeline\"\n  }\n}"
	_, err := pattern.Parse(text)
	expect.Equal(t, `Event pattern is not valid. Reason: "slug" must be an object or an array at [Source: (String)"`+text+`"; line: 3, column: 14]`, err.Error())
}

// FuzzPattern looks for patterns and events that make the matcher panic.
func FuzzPattern(f *testing.F) {
	f.Add(`{"a": [{"wildcard": "a*\\*b"}, {"numeric": [">", 0, "<", 5]}, {"anything-but": {"prefix": "x"}}]}`, `{"a": ["ax*b", 3]}`)
	f.Add(`{"$or": [{"a": [1]}, {"b": {"c": [{"exists": false}]}}]}`, `{"b": [{"c": 1}, {}]}`)
	f.Fuzz(func(_ *testing.T, text, event string) {
		p, err := pattern.Parse(text)
		if decoded, bad := pattern.Decode([]byte(event)); err == nil && bad == nil {
			p.Matches(decoded)
		}
	})
}
