package trace

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
)

// standing returns how something stands in an environment, from what is known of it.
func (f facts) standing() tagboat.Standing {
	p := tagboat.Standing{
		Environment: f.env.Name, Stage: f.env.Stage, Tenant: f.env.Tenant, State: tagboat.StandingNever,
		Services: []tagboat.ServiceName{}, Periods: []tagboat.Period{},
	}
	if f.book == nil {
		p.State = tagboat.StandingUnknown
		return p
	}
	others := f.running(&p)
	p.Pinned = f.pinned()
	p.Periods = tagboat.List(f.periods())
	switch {
	case len(p.Services) > 0 && others == 0:
		p.State = tagboat.StandingRuns
	case len(p.Services) > 0:
		p.State = tagboat.StandingPartly
	case f.active(&p):
		p.State = tagboat.StandingWaits
	case p.Pinned:
		p.State = tagboat.StandingPinned
	case f.wasRejected(&p):
		p.State = tagboat.StandingRejected
	case len(p.Periods) > 0:
		p.State = tagboat.StandingRan
	case f.passedOver(&p):
		p.State = tagboat.StandingPassedOver
	}
	return p
}

// running fills in the services that run it, and returns how many run another version of what it
// consists of.
func (f facts) running(p *tagboat.Standing) (others int) {
	current, has := f.had.Current()
	if f.isRelease() && has && current.ID != f.ReleaseID {
		return 0 // its versions may run as those of another release
	}
	for _, s := range f.services {
		has, all := false, true
		for _, i := range s.Images {
			if version, ok := f.versions[i.Image]; ok {
				has, all = true, all && version != "" && i.Running == version
			}
		}
		switch {
		case has && all:
			p.Services = append(p.Services, s.Service)
		case has:
			others++
		}
	}
	return others
}

// pinned reports whether all versions are pinned.
func (f facts) pinned() bool {
	for image, version := range f.versions {
		pin, ok := f.book.Pin(f.env.Name, image)
		if !ok || pin.Digest != version || version == "" {
			return false
		}
	}
	return len(f.versions) > 0
}

func (f facts) periods() []tagboat.Period {
	if f.isRelease() {
		return ranRelease(f.had, f.events, f.ReleaseID)
	}
	return ranVersion(f.events, f.Image, f.Digest)
}

// active reports whether the environment's promotion brings it, and says what that waits for.
func (f facts) active(p *tagboat.Standing) bool {
	a := f.had.Active
	if a == nil || f.ReleaseID == "" || a.ID != f.ReleaseID {
		return false
	}
	p.Cause, p.By = tagboat.GateCause(a.Waits), a.By
	p.Reason = "its promotion is under way since " + moment(a.Since)
	if a.Waits != "" {
		p.Reason = fmt.Sprintf("its promotion waits since %s: %s", moment(a.Since), a.Waits)
	}
	p.Hint = fmt.Sprintf("tagboat promote %s --env %s --dry-run", a.Name, f.env.Name)
	return true
}

// wasRejected reports whether automation leaves it alone here, and says why.
func (f facts) wasRejected(p *tagboat.Standing) bool {
	if r := f.rejected; r != nil {
		p.Cause, p.Reason, p.By = tagboat.CauseRejected, fmt.Sprintf("rejected at %s: %s", moment(r.At), cmp.Or(r.Reason, "no reason given")), r.By
		return true
	}
	if f.isRelease() {
		for _, had := range slices.Backward(f.had.Trail) {
			if had.ID != f.ReleaseID {
				continue
			}
			if !had.Failed {
				return false
			}
			p.Cause, p.Reason = tagboat.CauseRejected, "its deployment failed at "+moment(had.At)+", so that the environment went back"
			if e, ok := promotedBy(f.events, had); ok {
				p.By = by(e)
			}
			return true
		}
		return false
	}
	holds, _ := f.book.Holds(f.env.Name) // what cannot be read of them status says
	if !holds[f.Image].Rejects(f.Digest) {
		return false
	}
	p.Cause, p.Reason = tagboat.CauseRejected, "a rollback rejected it"
	if e, ok := rejectedBy(f.events, f.Image, f.Digest); ok {
		p.By, p.Reason = by(e), fmt.Sprintf("%s %s at %s", e.Command, cmp.Or(string(e.Verdict), "rejected it"), moment(e.At))
		if e.Message != "" {
			p.Reason += ": " + e.Message
		}
	}
	return true
}

// passedOver reports whether the stage before had it, and something that came there later came
// here instead.
func (f facts) passedOver(p *tagboat.Standing) bool {
	at := slices.IndexFunc(f.upstream.Trail, func(u ledger.Promoted) bool { return u.ID == f.ReleaseID })
	if f.ReleaseID == "" || at < 0 {
		return false
	}
	for _, later := range f.upstream.Trail[at+1:] {
		for _, here := range f.had.Trail {
			if here.ID == later.ID && !here.At.Before(later.At) {
				p.Reason = fmt.Sprintf("release %s came in its place at %s", here.Name, moment(here.At))
				return true
			}
		}
	}
	return false
}

// waits fills in what the gates say of a release that has not been in an environment.
func waits(p *tagboat.Standing, r tagboat.PromotionResult, release string) {
	switch {
	case slices.ContainsFunc(r.Gates, func(g tagboat.GateResult) bool { return g.Cause == tagboat.CauseSoaking && g.Opens == nil }):
		// It was replaced where it soaked: no time opens the gate.
		p.State = tagboat.StandingPassedOver
	case r.State == tagboat.PromotionReady:
		p.State, p.Reason, p.Hint = tagboat.StandingWaits, "all gates are open", fmt.Sprintf("tagboat promote %s --env %s", release, p.Environment)
	case r.Cause == tagboat.CauseRejected:
		p.State = tagboat.StandingRejected
	case r.Cause != "":
		p.State = tagboat.StandingWaits
	}
	if r.Cause == "" {
		return
	}
	p.Cause, p.Reason = r.Cause, r.Reason
	for _, g := range r.Gates {
		if g.Cause == r.Cause {
			p.Hint = g.Hint
			break
		}
	}
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
