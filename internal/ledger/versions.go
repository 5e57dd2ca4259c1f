package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// A history is read again until no version is missing from its middle, so often.
const (
	readings = 8
	enough   = 3 // after which the newest versions do, if they tell all by themselves
)

// versions returns the versions of a parameter that Parameter Store keeps, the oldest
// first, none missing between two of them, and how many calls that took.
//
// A history comes in pages, and each write while it is read takes the oldest version away
// once there are a hundred, so that the next page may begin too late. Versions never
// change, so what one reading missed another fills in.
func versions(ctx context.Context, store Store, parameter string) (history []Parameter, calls int, err error) {
	seen := map[int64]Parameter{}
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		calls++
		read, err := store.History(ctx, parameter)
		if err != nil {
			return nil, calls, fmt.Errorf("reading the history of parameter %s: %w", parameter, err)
		}
		for _, p := range read {
			seen[p.Version] = p
		}
		all := slices.SortedFunc(maps.Values(seen), func(a, b Parameter) int { return cmp.Compare(a.Version, b.Version) })
		last := unbroken(all)
		switch {
		case len(last) == len(all), calls >= enough && tellsAll(last):
			return last, calls, nil
		case calls == readings:
			return nil, calls, errBusy(parameter)
		}
		if err := sleep(ctx, rand.N(wait)); err != nil {
			return nil, calls, err
		}
	}
}

// unbroken returns the newest versions among which none is missing.
func unbroken(history []Parameter) []Parameter {
	for i := len(history) - 1; i > 0; i-- {
		if history[i-1].Version+1 != history[i].Version {
			return history[i:]
		}
	}
	return history
}

// tellsAll tells whether nothing is lost by leaving out what is older than a history: one
// of its writers had read the version before it or a later one, and wrote all of that.
func tellsAll(history []Parameter) bool {
	return slices.ContainsFunc(history, func(p Parameter) bool {
		n, ours := noteOf(p)
		return ours && !n.Unsure && n.Base >= history[0].Version-1 && p.Version > history[0].Version
	})
}
