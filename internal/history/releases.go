package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Stays returns the releases that an environment had, the oldest first, without those that failed:
// from what it remembers, and from its journal where that goes back further. One without an id
// stands for what no known release has.
func Stays(had ledger.Promotions, events []tagboat.Event) []ledger.Promoted {
	var all []ledger.Promoted
	for _, e := range events {
		older := len(had.Trail) == 0 || e.At.Before(had.Trail[0].At) && !OfPromotion(e, had.Trail[0])
		if Promoted(e) && e.Verdict == tagboat.VerdictSucceeded && older {
			all = append(all, ledger.Promoted{Name: e.Release, ID: e.ReleaseID, At: e.At, Back: e.Command == Rollback})
		}
	}
	for _, p := range had.Trail {
		if !p.Failed {
			all = append(all, p)
		}
	}
	return all
}

// Promoted reports whether an event is the line of a promotion, or of going back from a release.
func Promoted(e tagboat.Event) bool {
	return e.Service == "" && (e.Command == Promote && e.ReleaseID != "" || e.Command == Rollback && e.ReleaseID+tagboat.Digest(e.FromRelease) != "")
}

// OfPromotion reports whether an event is the line of a promotion that an environment remembers.
func OfPromotion(e tagboat.Event, p ledger.Promoted) bool {
	return e.ReleaseID == p.ID && e.At.Sub(p.At).Abs() < recordedWithin
}

// recordedWithin is how far apart the journal's line and the trail's entry of one promotion can be.
const recordedWithin = time.Minute

// ReleaseAt returns the release that an environment had at a time: the zero value where none is
// known. The journal is read only where what the environment remembers does not go back that far.
func (h *History) ReleaseAt(ctx context.Context, env config.Environment, had ledger.Promotions, at time.Time) (ledger.Promoted, error) {
	var events []tagboat.Event
	if len(had.Trail) == 0 || at.Before(had.Trail[0].At) {
		var err error
		wanted := func(e tagboat.Event) bool { return e.Environment == env.Name && !e.At.After(at) && Promoted(e) }
		events, err = h.Told(ctx, env, journal.Request{From: at.Add(-remembered), To: at.Add(time.Millisecond), Wanted: wanted})
		if err != nil {
			return ledger.Promoted{}, fmt.Errorf("which release %s had at %s: %w", env.Name, at.UTC().Format(time.RFC3339), err)
		}
	}
	for _, p := range slices.Backward(Stays(had, events)) {
		if !p.At.After(at) {
			return p, nil
		}
	}
	return ledger.Promoted{}, nil
}
