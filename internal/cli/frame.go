package cli

import (
	"maps"
	"os"
	"path/filepath"
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

// cacheDir returns the directory for what a later run need not read again, or "" where
// there is none or TAGBOAT_CACHE=off asks for none.
func cacheDir(getenv func(string) string) string {
	if getenv("TAGBOAT_CACHE") == "off" {
		return ""
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // a user without a home, as in many containers
	}
	return filepath.Join(dir, "tagboat")
}
