package watch

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Decide returns what to do about an environment, as the plan of its promotion has it.
func Decide(r tagboat.PromotionResult, s config.Stage) Decision {
	d := Decision{
		Environment: r.Environment, Stage: r.Stage, Kind: Leave, Cause: r.Cause, Why: r.Reason,
		Release: r.Release.Readable(),
	}
	switch {
	case r.State == tagboat.PromotionUnchanged:
		d.Kind = Unchanged
	case s.Auto != config.AutoNewest && s.Auto != config.AutoUpstream:
		d.Cause, d.Why = tagboat.CauseOff, fmt.Sprintf("automation brings nothing to the stage %s", s.Name)
	case r.State == tagboat.PromotionReady && r.Key != "":
		d.Kind, d.Why = GoOn, "its promotion is under way"
	case r.State == tagboat.PromotionReady && s.Confirm:
		d.Cause, d.Why = tagboat.CauseOff, fmt.Sprintf("the stage %s requires confirmation: tagboat promote --env %s", s.Name, r.Environment)
	case r.State == tagboat.PromotionReady:
		d.Kind, d.Why = Promote, changes(r)
	case r.State == tagboat.PromotionBlocked:
		return blocked(d, r)
	}
	return d
}

// blocked decides by what stands against a release.
func blocked(d Decision, r tagboat.PromotionResult) Decision {
	switch r.Cause {
	case tagboat.CauseProblem:
		if len(r.Problems) == 0 { // else the files have it, or what they name
			d.Kind = Fail
		}
		return d
	case tagboat.CauseUnderWay, tagboat.CausePaused, tagboat.CauseNotReplicated:
		d.Kind = Wait
		return d
	}
	for _, g := range r.Gates {
		if g.Cause == r.Cause && !g.Passed && g.Opens != nil {
			d.Kind, d.Until = Wait, g.Opens
			return d
		}
	}
	return d
}

// changes says what a release changes: its versions, or the services alone.
func changes(r tagboat.PromotionResult) string {
	var all []string
	for _, p := range r.Pins {
		all = append(all, fmt.Sprintf("%s %s → %s", p.Image, version(p.From), version(p.To)))
	}
	if len(all) > 0 {
		return strings.Join(all, ", ")
	}
	for _, c := range r.Changes {
		all = append(all, string(c.Service))
	}
	if len(all) == 0 {
		return "its versions are pinned, and its services run them"
	}
	return "its versions are pinned, and do not run yet in " + strings.Join(all, ", ")
}

func version(v tagboat.Observed) string { return cmp.Or(v.Tag, v.Digest.Short(), "none") }

// left returns what a decision that changes nothing leaves for later. Of a promotion that others carry
// out nobody may know but this watcher that something newer was pushed: its messages are kept.
func left(d Decision, now time.Time) Outcome {
	switch {
	case d.Kind == Fail:
		return Outcome{Failed: true, Err: fmt.Errorf("%s: %s", d.Environment, d.Why)}
	case d.Kind == Wait && d.Until != nil && d.Until.After(now):
		return Outcome{Served: true, Again: *d.Until}
	case d.Kind == Wait:
		return Outcome{Served: d.Cause != tagboat.CauseUnderWay, Soon: true}
	default:
		return Outcome{Served: true}
	}
}

// ended returns what a promotion that was carried out leaves for later.
func ended(kind Kind, r tagboat.PromotionResult, now time.Time) Outcome {
	err := fmt.Errorf("%s: %s", r.Environment, r.Reason)
	switch r.State {
	case tagboat.PromotionDone, tagboat.PromotionUnchanged:
		if kind == GoOn { // what it brings may be older than what was pushed
			return Outcome{Again: now}
		}
		return Outcome{Served: true}
	case tagboat.PromotionRolledBack: // what was good of it may go out without what was not
		return Outcome{Again: now}
	case tagboat.PromotionFailed:
		if len(r.Deployments) == 0 {
			return Outcome{Failed: true, Err: err}
		}
		return Outcome{Served: true}
	case tagboat.PromotionSuperseded, tagboat.PromotionTimedOut, tagboat.PromotionInterrupted:
		return Outcome{Soon: true, Err: err}
	case tagboat.PromotionBlocked, tagboat.PromotionWaiting:
		if r.Cause == tagboat.CauseHeld || r.Cause == tagboat.CauseRejected {
			return Outcome{Served: true}
		}
		return Outcome{Served: r.Cause != tagboat.CauseUnderWay, Soon: true}
	default:
		return Outcome{Served: true}
	}
}
