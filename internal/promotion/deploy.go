package promotion

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/stage"
)

// deploy makes the services run what was pinned, judges how that ended, and notes it.
func (p *Promotions) deploy(ctx context.Context, s *Set, m *move, c claim, pinned []tagboat.Pin, o rollout.Options, result *tagboat.PromotionResult) {
	on := p.Delivery.On(m.fleet)
	if m.question.Back {
		book, err := c.draft.Book(ctx)
		if err != nil {
			fail(result, err)
			return
		}
		m.set.BringsBack(book)
	} else if s.request.Automation {
		if err := on.Automate(ctx, m.set); err != nil {
			fail(result, err)
			return
		}
	}
	if c.again && s.request.Automation {
		if err := on.Judged(ctx, m.set, c.Since); err != nil {
			fail(result, err)
			return
		}
	}
	m.set.Message = p.message(m)
	m.set.While(p.mayBegin(m, c.Key))
	result.Deployments = on.Deploy(ctx, m.set, o).Deployments
	result.State, result.Reason = judge(result.Deployments, called(*m.release))
	for range togetherTries {
		if ctx.Err() != nil {
			break
		}
		set, err := p.together(ctx, m, c, *result)
		if err != nil {
			result.Reason += "; " + err.Error()
		}
		if set == nil {
			break
		}
		result.Deployments = instead(result.Deployments, on.Deploy(ctx, set, o).Deployments)
		result.State, result.Reason = judge(result.Deployments, called(*m.release))
	}
	if by, ok := takenOver(ctx); ok {
		result.State, result.Reason = tagboat.PromotionSuperseded, by.Error()
		return
	}
	now := p.now(m.env)()
	var had *ledger.Promoted
	var waits tagboat.GateCause
	switch result.State {
	case tagboat.PromotionDone:
		result.Cause = ""
		if err := p.Pinning.Tags.Keep(ctx, m.env, pinned); err != nil {
			operation.Tell(ctx, Beside{err})
		}
		current, ok := m.here.Current()
		if !ok || current.ID != m.release.ID || begun(result.Deployments) {
			had = &ledger.Promoted{Name: m.release.Name, ID: m.release.ID, At: now, Back: m.question.Back || c.Back}
		}
	case tagboat.PromotionTimedOut, tagboat.PromotionInterrupted:
		return // the same command takes it up
	case tagboat.PromotionSuperseded:
		if p.stillPinned(ctx, m) {
			result.Reason += "; what is pinned is that of the release still, so that the same command goes on with it"
			return
		}
	case tagboat.PromotionWaiting:
		waits = causeOf(result.Deployments)
		result.Cause = waits
	case tagboat.PromotionRolledBack, tagboat.PromotionFailed:
		if m.question.Back {
			result.Reason += "; what is pinned is that of the release; go further back: tagboat rollback --env " + string(m.env.Name)
		} else if !p.goBack(ctx, m, &c, o, result) {
			return
		}
		had = &ledger.Promoted{Name: m.release.Name, ID: m.release.ID, At: now, Failed: true, Back: m.question.Back}
	}
	switch err := p.conclude(ctx, m, c.Key, had, waits); {
	case tagboat.KindOf(err) == tagboat.Superseded && err != nil:
		result.Cause = ""
		fail(result, err)
	case err != nil:
		operation.Tell(ctx, Beside{err})
	}
}

// stillPinned reports whether an environment has the pins of a promotion, so that it was another
// deployment that took the place of one of ours: perhaps that of another process that goes on with
// the promotion, or goes back.
func (p *Promotions) stillPinned(ctx context.Context, m *move) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), concluding)
	defer cancel()
	draft, _, err := p.draft(ctx, m)
	if err != nil {
		return true // nobody knows, and the claim stays for who asks again
	}
	book, err := draft.Book(ctx)
	return err != nil || pinned(book, m, m.pins())
}

// begun reports whether a deployment changed something.
func begun(all []tagboat.Deployment) bool {
	return slices.ContainsFunc(all, func(d tagboat.Deployment) bool { return d.Verdict.Begun() })
}

// judge returns the state that deployments come to, and why: the worst of them, and waiting where
// some were not begun.
func judge(all []tagboat.Deployment, release string) (state, reason string) {
	worst := []struct {
		verdict tagboat.Verdict
		state   string
	}{
		{tagboat.VerdictInterrupted, tagboat.PromotionInterrupted},
		{tagboat.VerdictFailed, tagboat.PromotionFailed},
		{tagboat.VerdictRolledBack, tagboat.PromotionRolledBack},
		{tagboat.VerdictTimedOut, tagboat.PromotionTimedOut},
		{tagboat.VerdictStarted, tagboat.PromotionTimedOut},
		{tagboat.VerdictSuperseded, tagboat.PromotionSuperseded},
		{tagboat.VerdictBlocked, tagboat.PromotionWaiting},
		{tagboat.VerdictSkipped, tagboat.PromotionWaiting},
	}
	for _, w := range worst {
		for _, d := range all {
			if d.Verdict == w.verdict {
				return w.state, fmt.Sprintf("%s: %s", d.Service, d.Reason)
			}
		}
	}
	return tagboat.PromotionDone, "its services run release " + release
}

// causeOf returns what a promotion waits for whose services were not all begun.
func causeOf(all []tagboat.Deployment) tagboat.GateCause {
	for _, d := range all {
		if d.Verdict != tagboat.VerdictBlocked {
			continue
		}
		for _, cause := range []tagboat.GateCause{tagboat.CauseWindow, tagboat.CauseFrozen} {
			if strings.Contains(d.Reason, string(cause)) {
				return cause
			}
		}
	}
	return tagboat.CauseHeld
}

// mayBegin is asked before each service changes: whether the promotion is still ours, its window
// open, and nothing frozen. What rolls already goes on.
func (p *Promotions) mayBegin(m *move, key string) func(context.Context, ledger.Book) error {
	q := m.question
	if q.Back || q.BreakGlass {
		return func(_ context.Context, now ledger.Book) error { return p.stillOurs(m, key, now) }
	}
	return func(ctx context.Context, book ledger.Book) error {
		if err := p.stillOurs(m, key, book); err != nil {
			return err
		}
		freeze, err := p.Home.Frozen(ctx)
		if err != nil {
			return err
		}
		again := q
		again.Now, again.Freeze = p.now(m.env)(), freeze
		for _, g := range again.Gates() {
			if (g.Cause == tagboat.CauseWindow || g.Cause == tagboat.CauseFrozen) && !g.Passed {
				return tagboat.Errorf(tagboat.Blocked, "%s: %s", g.Cause, g.Reason).
					WithHint("what rolls goes on, and the same command does the rest then: tagboat promote %s --env %s", called(*m.release), m.env.Name)
			}
		}
		return nil
	}
}

// stillOurs returns an error where the environment's active promotion is another one by now.
func (p *Promotions) stillOurs(m *move, key string, book ledger.Book) error {
	is, err := book.Promotions(m.env.Name)
	if err != nil {
		return err
	}
	if is.Active == nil || is.Active.Key != key {
		return tagboat.Errorf(tagboat.Blocked, "the promotion was ended meanwhile").WithHint("tagboat status --env %s shows what it has", m.env.Name)
	}
	return nil
}

// message is what the parameters, the journal and webhooks say of a promotion.
func (p *Promotions) message(m *move) string {
	text := "release " + called(*m.release)
	if m.why != "" {
		text += ": " + m.why
	}
	return text
}

// wait notes that a promotion which a person asked for waits for what only time opens.
func (p *Promotions) wait(ctx context.Context, m *move, gate tagboat.GateResult, result *tagboat.PromotionResult) {
	c, err := p.claim(ctx, m, gate.Cause)
	if err != nil {
		fail(result, err)
		return
	}
	p.tellInstead(ctx, m, c)
	result.State, result.Key = tagboat.PromotionWaiting, c.Key
	if opens, ok := stage.Opens(m.counting()); ok && !opens.IsZero() {
		result.Reason += "; it waits until " + opens.UTC().Format(time.RFC3339)
	}
	if a := m.here.Active; a == nil || a.Key != c.Key || a.Waits != c.Waits { // else it was noted before
		p.record(ctx, m, *result, m.why)
	}
}

// tellInstead tells, and notes, which promotion a new one took the place of.
func (p *Promotions) tellInstead(ctx context.Context, m *move, c claim) {
	if c.instead == nil {
		return
	}
	instead := Instead{m.env.Name, *c.instead, c.Name, m.question.Back}
	operation.Tell(ctx, instead)
	p.Recorder.Record(ctx, m.env, tagboat.Event{
		Command: history.Promote, Release: c.instead.Name, ReleaseID: c.instead.ID, Verdict: tagboat.VerdictSuperseded,
		Key: c.instead.Key, Message: instead.because(),
	})
}

// record writes the one line of a promotion to the journal.
func (p *Promotions) record(ctx context.Context, m *move, r tagboat.PromotionResult, why string) {
	e := tagboat.Event{
		Command: history.Promote, Release: r.Release.Name, ReleaseID: r.Release.ID, FromRelease: r.From.Name,
		Key: r.Key, Message: why, Verdict: verdictOf(r.State), Cause: r.Cause,
	}
	if m.question.Back {
		e.Command = history.Rollback
	}
	if m.release != nil {
		e.Release = called(*m.release)
	}
	if m.before != nil && !m.fromRules() && !m.question.Back {
		e.FromEnvironment = m.before.env.Name
	}
	for _, g := range r.Gates {
		if g.BrokenGlass || g.Gate == "check" || g.Gate == "approvals" {
			e.Gates = append(e.Gates, g)
		}
	}
	p.Recorder.Record(ctx, m.env, e)
}

func verdictOf(state string) tagboat.Verdict {
	switch state {
	case tagboat.PromotionDone:
		return tagboat.VerdictSucceeded
	case tagboat.PromotionWaiting, tagboat.PromotionBlocked:
		return tagboat.VerdictBlocked
	default:
		return tagboat.Verdict(state)
	}
}
