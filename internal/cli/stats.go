package cli

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// printCalls tells how many requests went out, by operation, the most frequent first.
func (f *frame) printCalls(calls tagboat.Calls) {
	f.Talkf("%d calls, %d throttled, %d retried\n", calls.Total, calls.Throttled, calls.Retried)
	names := slices.Sorted(maps.Keys(calls.ByOperation))
	slices.SortStableFunc(names, func(a, b string) int { return calls.ByOperation[b] - calls.ByOperation[a] })
	for _, name := range names {
		f.Talkf("%6d  %s\n", calls.ByOperation[name], name)
	}
}
