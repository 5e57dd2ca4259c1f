package cloud_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/ecs"
)

// TestMoreLinesThanOneCallTakes writes and reads too many of them, and too long ones.
func TestMoreLinesThanOneCallTakes(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Millisecond)
	var many, long []ecs.LogLine
	for n := range 10_100 {
		many = append(many, ecs.LogLine{At: at, Message: fmt.Sprint("line ", n)})
	}
	for n := range 5 {
		long = append(long, ecs.LogLine{At: at, Message: strings.Repeat(fmt.Sprint(n), 1<<19)})
	}
	logs := inSandbox(t).Logs()
	for stream, lines := range map[string][]ecs.LogLine{"many": many, "long": long} {
		if err := logs.Create(t.Context(), "/tagboat/shop", stream, 0); err != nil {
			t.Fatal(err)
		}
		if err := logs.Append(t.Context(), "/tagboat/shop", stream, lines); err != nil {
			t.Fatal(err)
		}
		got, err := logs.Between(t.Context(), "/tagboat/shop", []string{stream, "none"}, at, at.Add(time.Millisecond))
		if err != nil || len(got) != len(lines) {
			t.Fatalf("%s: %d lines, %v", stream, len(got), err)
		}
		if diff := cmp.Diff(lines[len(lines)-1], got[len(got)-1]); diff != "" {
			t.Errorf("%s: %s", stream, diff[:100])
		}
	}
}
