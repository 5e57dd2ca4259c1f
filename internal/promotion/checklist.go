package promotion

import (
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/stage"
)

// entering are the gates that a release passes once, when it enters: what the environment has
// already, and what a promotion that was begun brings, is not asked again.
func entering() []string {
	return []string{"auto", "older", "upstream", "soak", "keep", "until", "approvals", "check", "scan", "labels", "signature", "already-there"}
}

// counting returns the gates that count for a move.
func (m *move) counting() []tagboat.GateResult {
	if m.comesBack() {
		return nil
	}
	current, has := m.here.Current()
	entered := m.release != nil && (has && current.ID == m.release.ID || m.takesUp && m.here.Active.Waits == "")
	return slices.DeleteFunc(slices.Clone(m.gates), func(g tagboat.GateResult) bool {
		begun := m.takesUp && g.Gate == "auto" // a person may have begun it
		return g.Cause == tagboat.CauseAlreadyThere || begun || entered && slices.Contains(entering(), g.Gate)
	})
}

// closed returns the first gate that does not let a move go on.
func (m *move) closed() (tagboat.GateResult, bool) {
	open, first := stage.Open(m.counting())
	return first, !open
}

// canWait reports whether all gates that are closed open by themselves, so that a promotion may
// wait for that.
func (m *move) canWait() bool {
	_, alone := stage.Opens(m.counting())
	return alone
}

// pins returns what a move pins.
func (m *move) pins() map[tagboat.ImageName]tagboat.Reference {
	all, _ := m.versions()
	return all
}

// Document returns the checklist: what would be done in each environment, and what stands against
// it.
func (s *Set) Document() tagboat.PromotionDocument {
	document := tagboat.PromotionDocument{Stage: s.request.Stage, Plan: s.Hash(), Warnings: s.warned}
	for _, m := range s.moves {
		document.Promotions = append(document.Promotions, m.result())
	}
	document.Promotions = append(document.Promotions, s.absent...)
	return document
}

// result returns how a move stands before anything is done.
func (m *move) result() tagboat.PromotionResult {
	r := tagboat.PromotionResult{
		Environment: m.env.Name, Stage: m.env.Stage, Tenant: m.env.Tenant, State: tagboat.PromotionReady, Gates: tagboat.List(m.gates),
		PassedOver: []tagboat.Release{}, Pins: []tagboat.PinChange{}, Changes: []tagboat.Change{}, Problems: []tagboat.Problem{}, Deployments: []tagboat.Deployment{},
	}
	if current, ok := m.here.Current(); ok {
		r.From = tagboat.Release{Name: current.Name, ID: current.ID}
	}
	for _, over := range m.passedOver {
		r.PassedOver = append(r.PassedOver, tagboat.Release{Name: over.Name, ID: over.ID})
	}
	if m.release != nil {
		r.Release = tagboat.Release{Name: m.release.Name, ID: m.release.ID, Commit: m.release.Commit, Notes: m.release.Notes}
	}
	if m.takesUp && m.here.Active.Waits == "" {
		r.Key = m.here.Active.Key
	}
	r.Diff = m.diff
	if m.set != nil {
		document := m.set.Document()
		r.Pins, r.Changes, r.Problems = tagboat.List(document.Pins), tagboat.List(document.Changes), tagboat.List(document.Problems)
	}
	switch gate, closed := m.closed(); {
	case m.comesBack():
		r.Reason = "its deployment failed, and the environment goes back to what it had before"
	case m.release != nil && m.set != nil && m.there():
		r.State, r.Cause, r.Reason = tagboat.PromotionUnchanged, tagboat.CauseAlreadyThere, "release "+called(*m.release)+" is there, and its services run it"
	case closed:
		r.State, r.Cause, r.Reason = tagboat.PromotionBlocked, gate.Cause, gate.Reason
	}
	return r
}

// called returns what people call a release: its name, or the beginning of its id before it has
// one.
func called(r release.Release) string {
	if r.Name != "" {
		return r.Name
	}
	return r.ID.Short()
}
