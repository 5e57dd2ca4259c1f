package logs_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/logs"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// FuzzFilterPattern filters a message by any pattern. The answer is the message or none,
// or an error of AWS's kind; and a phrase in quotes finds just what contains it.
func FuzzFilterPattern(f *testing.F) {
	for _, pattern := range []string{"", "a", "a b", "-a", "?a ?b", `"a b"`, `-"a\"b"`, `?"`, `"\\"`, "{$.a}", "[a]", "é", "a\tb\n"} {
		f.Add(pattern, "a b")
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		s := logs.New(clock.NewManual(start))
		s.Append(here, "g", "s", start, message)
		matches := func(pattern string) (bool, error) {
			body, _ := json.Marshal(map[string]string{"logGroupName": "g", "filterPattern": pattern})
			out, err := s.Service().Operations["FilterLogEvents"](context.Background(), &wire.Request{Caller: wire.Caller{Scope: here}, JSON: body})
			var e *wire.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%q: not AWS's kind of error: %v", pattern, err)
			}
			data, _ := json.Marshal(out)
			return strings.Contains(string(data), "eventId"), err
		}
		_, _ = matches(pattern)

		phrase := strings.ToValidUTF8(pattern, "")
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(phrase) + `"`
		if phrase == "" || len(quoted) > 1024 {
			return
		}
		if got, err := matches(quoted); err != nil || got != strings.Contains(message, phrase) {
			t.Errorf("%s in %q: %t, %v", quoted, message, got, err)
		}
	})
}
