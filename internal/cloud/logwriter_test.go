package cloud_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
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
		got := backward(t, logs, stream, at)
		if slices.Reverse(got); len(got) != len(lines) {
			t.Fatalf("%s: %d lines", stream, len(got))
		}
		if diff := cmp.Diff(lines[len(lines)-1], got[len(got)-1]); diff != "" {
			t.Errorf("%s: %s", stream, diff[:100])
		}
	}
	if got := backward(t, logs, "none", at); len(got) > 0 {
		t.Errorf("a stream that is not there has %d lines", len(got))
	}
}

// backward returns the lines of a stream of one millisecond, the newest first.
func backward(t *testing.T, logs *cloud.Logs, stream string, at time.Time) (lines []ecs.LogLine) {
	t.Helper()
	for line, err := range logs.Backward(t.Context(), "/tagboat/shop", stream, at, at.Add(time.Millisecond)) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

// TestOldestFirstIsAnError has an answer in an order that was not asked for: its newest lines
// would be taken for the newest of all.
func TestOldestFirstIsAnError(t *testing.T) {
	aws(t, map[string][]answer{"logs.FilterLogEvents": {{body: `{"events":[{"timestamp":1767225600000,"message":"a"},{"timestamp":1767225601000,"message":"b"}]}`}}})
	var lines []string
	for line, err := range open(t).At(cloud.Place{}).Logs().Backward(t.Context(), "/tagboat/shop", "dev", time.Time{}, time.Now().Add(time.Hour)) {
		if err != nil {
			if len(lines) != 1 || !strings.Contains(err.Error(), "answers the oldest") {
				t.Errorf("%v after %q", err, lines)
			}
			return
		}
		lines = append(lines, line.Message)
	}
	t.Errorf("taken for the newest: %q", lines)
}
