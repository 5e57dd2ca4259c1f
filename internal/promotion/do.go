package promotion

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/release"
)

// Do carries promotions out, each environment at its own pace, and returns how they ended. What
// one comes to leaves the others as they are. Run again after it was killed anywhere, it ends in
// the same state.
func (p *Promotions) Do(ctx context.Context, s *Set, o rollout.Options) (tagboat.PromotionDocument, error) {
	if err := p.make(ctx, s); err != nil {
		return tagboat.PromotionDocument{}, err
	}
	if err := p.breakGlass(ctx, s); err != nil {
		return tagboat.PromotionDocument{}, err
	}
	document := s.Document()
	var all sync.WaitGroup
	for i, m := range s.moves {
		all.Go(func() {
			p.carryOut(ctx, s, m, o, &document.Promotions[i])
			if s.request.Ended != nil {
				s.request.Ended(document.Promotions[i])
			}
		})
	}
	all.Wait()
	document.Calls = operation.From(ctx).Calls()
	return document, nil
}

// make makes the releases of the newest versions that are about to enter somewhere.
func (p *Promotions) make(ctx context.Context, s *Set) error {
	done := map[tagboat.Digest]*release.Release{}
	for _, m := range s.moves {
		if m.made == nil || m.release == nil || m.release.Name != "" {
			continue
		}
		if _, closed := m.closed(); closed && (s.request.Automation || !m.canWait()) {
			continue
		}
		if done[m.release.ID] == nil {
			made, err := p.Releases.CreateOf(ctx, m.made, release.Request{Environment: m.env.Name, Notes: ""})
			if err != nil {
				return err
			}
			done[m.release.ID] = &made
		}
		m.release = done[m.release.ID]
	}
	return nil
}

// breakGlass notes at home that gates are overridden, before anything changes: who may not write
// that may not do it.
func (p *Promotions) breakGlass(ctx context.Context, s *Set) error {
	done := map[approved]bool{}
	for _, m := range s.moves {
		broken := slices.ContainsFunc(m.gates, func(g tagboat.GateResult) bool { return g.BrokenGlass })
		_, closed := m.closed()
		if !broken || closed || m.there() || done[approved{m.stage.Name, m.release.ID}] {
			continue
		}
		done[approved{m.stage.Name, m.release.ID}] = true
		if err := p.Home.BreakGlass(ctx, m.stage.Name, m.release.ID, s.request.Message); err != nil {
			return fmt.Errorf("breaking the glass of stage %s: %w", m.stage.Name, err)
		}
		operation.Tell(ctx, BrokenGlass{m.stage.Name, called(*m.release), s.request.Message})
	}
	return nil
}

// carryOut promotes to one environment.
func (p *Promotions) carryOut(ctx context.Context, s *Set, m *move, o rollout.Options, result *tagboat.PromotionResult) {
	switch gate, closed := m.closed(); {
	case m.comesBack():
		p.comeBack(ctx, m, o, result)
		return
	case m.release != nil && m.there():
		return // the document says it
	case closed && m.canWait() && !s.request.Automation:
		p.wait(ctx, m, gate, result)
		return
	case closed:
		return
	}
	c, err := p.claim(ctx, m, "")
	if err != nil {
		fail(result, err)
		return
	}
	result.Key = c.Key
	if s.request.Automation && p.othersBegin(m, c) {
		result.State, result.Cause = tagboat.PromotionWaiting, tagboat.CauseUnderWay
		result.Reason = fmt.Sprintf("another process began it at %s, and may be about to change the services", c.Since.UTC().Format(time.RFC3339))
		return
	}
	p.tellInstead(ctx, m, c)
	ctx, leave := p.runs.begin(ctx, m.env.Name, c)
	defer leave()
	if m.question.Back {
		err = p.leave(ctx, m, c)
	}
	var out pinning.Outcome
	if err == nil && m.question.Automation && m.set.Len() <= readyAtOnce {
		_ = p.Delivery.On(m.fleet).Ready(ctx, m.set) // deploying says what failed
	}
	if err == nil {
		out, err = p.pin(ctx, m, &c)
	}
	if by, ok := takenOver(ctx); ok {
		result.State, result.Reason = tagboat.PromotionSuperseded, by.Error()
		return
	}
	if err != nil {
		fail(result, err)
		p.record(ctx, m, *result, s.request.Message)
		return
	}
	if out.Changed {
		p.Pinning.TellShared(ctx, m.env, m.pins())
	}
	p.deploy(ctx, s, m, c, tagged(ctx, m, c, out), o, result)
	if _, ok := takenOver(ctx); !ok { // else what took its place has noted that
		p.record(ctx, m, *result, s.request.Message)
	}
}

// readyAtOnce is up to how many services automation registers their revisions before it pins, which
// saves a look at the pins. More take so long, at one a second, that each service goes on its own.
const readyAtOnce = 8

// othersBegin reports whether another process may be about to change the services: both would plan it
// from what there was before, and deploy twice. Once it had the time for that, or was killed,
// whoever looks again goes on from what it did.
func (p *Promotions) othersBegin(m *move, c claim) bool {
	const begins = 30 * time.Second
	return c.again && (!m.takesUp || p.now(m.env)().Sub(c.Since) < begins)
}

// tagged returns the pins that get the stage's tags: those that changed, and all of the release where
// a run before this one, which did not come that far, may have changed them.
func tagged(ctx context.Context, m *move, c claim, out pinning.Outcome) []tagboat.Pin {
	book, err := c.draft.Book(ctx)
	if !c.again || err != nil { // the draft was read before
		return out.Pins
	}
	all := m.pins()
	return slices.DeleteFunc(book.Pins(m.env.Name), func(pin tagboat.Pin) bool { return all[pin.Image].Digest != pin.Digest })
}

// Len returns how many services the promotions would change.
func (s *Set) Len() int {
	n := 0
	for _, m := range s.moves {
		if _, closed := m.closed(); m.set != nil && !closed {
			n += m.set.Len()
		}
	}
	return n
}
