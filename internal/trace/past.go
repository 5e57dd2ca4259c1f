package trace

import (
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
)

// ranVersion returns when a version of an image ran in an environment, the newest first, from the
// deployments that its journal has, the oldest first: from the first service that came to run it
// until the last one left it.
func ranVersion(events []tagboat.Event, image tagboat.ImageName, version tagboat.Digest) []tagboat.Period {
	var periods []tagboat.Period
	runs := map[tagboat.ServiceName]bool{}
	for _, e := range events {
		to, ok := brought(e, image)
		if !ok {
			continue
		}
		before := len(runs)
		if to == version {
			runs[e.Service] = true
		} else {
			delete(runs, e.Service)
		}
		switch {
		case before == 0 && len(runs) > 0:
			periods = append(periods, tagboat.Period{From: e.At, By: by(e), Message: e.Message})
		case before > 0 && len(runs) == 0:
			periods[len(periods)-1].To = &e.At
		}
	}
	slices.Reverse(periods)
	return periods
}

// brought returns the version of an image that a deployment brought, and false where it brought
// none of it or did not stay.
func brought(e tagboat.Event, image tagboat.ImageName) (tagboat.Digest, bool) {
	stayed := e.Verdict == tagboat.VerdictSucceeded || e.Verdict == tagboat.VerdictUnchanged || e.Verdict == tagboat.VerdictStarted
	if e.Service == "" || !stayed {
		return "", false
	}
	for _, c := range e.Changes {
		if c.Image == image {
			return c.To.Digest, true
		}
	}
	return "", false
}

func by(e tagboat.Event) string {
	if e.Actor != "" {
		return e.Actor
	}
	return e.By
}

// ranRelease returns when an environment had a release, the newest first: from what it remembers,
// and from the journal where that goes back further.
func ranRelease(had ledger.Promotions, events []tagboat.Event, release tagboat.Digest) []tagboat.Period {
	var periods []tagboat.Period
	for _, p := range history.Stays(had, events) {
		if n := len(periods); n > 0 && periods[n-1].To == nil && p.ID != release {
			periods[n-1].To = &p.At
		}
		if p.ID == release && (len(periods) == 0 || periods[len(periods)-1].To != nil) {
			period := tagboat.Period{From: p.At}
			if e, ok := promotedBy(events, p); ok {
				period.By, period.Message = by(e), e.Message
			}
			periods = append(periods, period)
		}
	}
	slices.Reverse(periods)
	return periods
}

// promotedBy returns the line of the journal that is of an entry of the trail.
func promotedBy(events []tagboat.Event, p ledger.Promoted) (tagboat.Event, bool) {
	at := slices.IndexFunc(events, func(e tagboat.Event) bool { return history.Promoted(e) && history.OfPromotion(e, p) })
	if at < 0 {
		return tagboat.Event{}, false
	}
	return events[at], true
}

// rejectedBy returns the newest event that took a version of an image away, or whose deployment of
// it failed.
func rejectedBy(events []tagboat.Event, image tagboat.ImageName, version tagboat.Digest) (tagboat.Event, bool) {
	for _, e := range slices.Backward(events) {
		for _, c := range e.Changes {
			left := e.Command == history.Rollback && c.From.Digest == version
			failed := c.To.Digest == version && (e.Verdict == tagboat.VerdictRolledBack || e.Verdict == tagboat.VerdictFailed)
			if c.Image == image && (left || failed) {
				return e, true
			}
		}
	}
	return tagboat.Event{}, false
}
