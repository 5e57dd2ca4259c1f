package promotion

import (
	"context"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/pinning"
)

// backSuffix ends the key of a promotion that was found to fail, and goes back.
const backSuffix = "-back"

// comesBack reports whether a move takes up a promotion that was found to fail by a run that did not
// get to the end of its way back. Gates do not count then: nothing enters.
func (m *move) comesBack() bool {
	return m.takesUp && m.here.Active.Waits == "" && failed(m.here.Active)
}

// failed reports whether a promotion was found to fail, and goes back.
func failed(a *ledger.Promotion) bool { return strings.HasSuffix(a.Key, backSuffix) }

// comeBack brings an environment back to what it had before a promotion that failed, from wherever
// the run before this one got: what differs from that is rejected, the pins are those of before, and
// the services that differ from them are deployed as the release that the environment has says.
func (p *Promotions) comeBack(ctx context.Context, m *move, o rollout.Options, result *tagboat.PromotionResult) {
	c := claim{Promotion: *m.here.Active, again: true}
	result.Key, result.Cause = c.Key, ""
	result.Deployments = nil
	result.State, result.Reason = tagboat.PromotionRolledBack, "its deployment failed, and the environment has what it had before"
	err := p.before(ctx, m, c)
	if err == nil {
		result.Deployments, err = p.redeploy(ctx, m, c, o)
	}
	if err == nil {
		var unfinished *tagboat.Deployment
		if unfinished, err = wentBack(result.Deployments); unfinished != nil {
			result.State, result.Reason = stateOf(unfinished.Verdict), "it failed, and goes back: "+unfinished.Reason
			return
		}
	}
	switch {
	case ctx.Err() != nil:
		result.State, result.Reason = tagboat.PromotionInterrupted, "it failed, and goes back"
		return
	case tagboat.KindOf(err) == tagboat.Superseded && err != nil:
		fail(result, err)
		return
	case err != nil:
		result.State = tagboat.PromotionFailed
		result.Reason = "its deployment failed, and what was there before could not be brought back: " + err.Error()
	}
	had := ledger.Promoted{Name: m.release.Name, ID: m.release.ID, At: p.now(m.env)(), Failed: true}
	if err := p.conclude(ctx, m, c.Key, &had, ""); err != nil {
		fail(result, err)
	}
	p.record(ctx, m, *result, m.why)
}

// before rejects the versions that a promotion brought, and pins what was pinned before it.
func (p *Promotions) before(ctx context.Context, m *move, c claim) error {
	groups := p.Fleet.Layout().Groups(m.env)
	if len(c.Was) != len(groups) { // it has pinned nothing
		return nil
	}
	was, err := p.Access.Ledger(m.env).At(ctx, groups, c.Was)
	if err != nil {
		return err
	}
	rejection := pinning.Rejection{
		Pins: map[tagboat.ImageName]tagboat.Digest{}, To: map[tagboat.ImageName]tagboat.Reference{},
		NoHold: true, Message: "rolled back: " + p.message(m),
	}
	brought := m.pins()
	for _, pin := range was.Pins(m.env.Name) {
		if ref, ok := brought[pin.Image]; ok && ref.Digest != pin.Digest {
			rejection.Pins[pin.Image], rejection.To[pin.Image] = ref.Digest, pin.Reference()
		}
	}
	if err := p.Pinning.Holds.Reject(ctx, m.env, rejection); err != nil {
		return err
	}
	return p.restore(ctx, m, c.Was, c.Key)
}

// redeploy deploys what is pinned, as the release says that an environment has.
func (p *Promotions) redeploy(ctx context.Context, m *move, c claim, o rollout.Options) ([]tagboat.Deployment, error) {
	of := m.fleet
	if current, ok := m.here.Current(); ok {
		had, err := p.Releases.At(ctx, current.ID, current.Name)
		if err == nil {
			of, err = had.Fleet(p.Fleet)
		}
		if err != nil {
			return nil, err
		}
	}
	draft, _, err := p.draft(ctx, m)
	if err != nil {
		return nil, err
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return nil, err
	}
	set, err := p.planPinned(ctx, m, of, book)
	if err != nil {
		return nil, err
	}
	set.BringsBack(book)
	set.Message = p.message(m) + " failed"
	set.While(func(_ context.Context, now ledger.Book) error { return p.stillOurs(m, c.Key, now) })
	return p.Delivery.On(of).Deploy(ctx, set, o).Deployments, nil
}
