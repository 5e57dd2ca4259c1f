package promotion

import (
	"cmp"
	"context"
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// goBack brings an environment back to what it had before a release whose deployments failed: each
// service that the promotion changed to what it ran well, and then all pins, so that neither are a
// mixture. The versions are rejected there, so that automation does not bring them again; no hold is
// opened, so that it may bring others.
//
// What ran well goes back beside the rest, and is not rejected. Where another process of the same
// promotion is first, or the promotion was ended, it does nothing. It returns false where the way
// back is not over: the same command takes it up.
func (p *Promotions) goBack(ctx context.Context, m *move, c *claim, o rollout.Options, result *tagboat.PromotionResult) bool {
	if err := p.takeOver(ctx, m, c); tagboat.KindOf(err) == tagboat.Superseded && err != nil {
		return true // concluding says it
	}
	var services, good []tagboat.ServiceName
	for _, d := range result.Deployments {
		if d.Verdict.Begun() {
			services = append(services, d.Service)
		}
		if d.Verdict == tagboat.VerdictSucceeded {
			good = append(good, d.Service)
		}
	}
	rollbacks := delivery.Rollbacks{Delivery: p.Delivery.On(m.fleet), Pinning: p.Pinning, History: p.History}
	back, err := rollbacks.Plan(ctx, delivery.RollbackRequest{
		Selection: fleet.Selection{Environments: []tagboat.EnvName{m.env.Name}, Services: services, Allow: m.allow}, NoHold: true, Good: good,
	})
	if err == nil {
		var document tagboat.DeployDocument
		document, err = rollbacks.Do(ctx, back, fmt.Sprintf("release %s failed: %s", called(*m.release), result.Reason), o)
		unfinished, failed := wentBack(document.Deployments)
		if unfinished != nil {
			result.State, result.Reason = stateOf(unfinished.Verdict), result.Reason+"; it goes back"
			return false
		}
		err = cmp.Or(err, failed)
	}
	if err == nil {
		err = p.restore(ctx, m, c.Was, c.Key)
	}
	if err != nil {
		result.State = tagboat.PromotionFailed
		result.Reason += "; and what was there before could not be brought back: " + err.Error()
		return true
	}
	result.State = tagboat.PromotionRolledBack
	if len(good) > 0 {
		result.Reason += "; the services that ran the release well went back, too"
	}
	return true
}

// wentBack returns the first of the deployments of a way back that goes on though nobody watches it
// any more; nil where there is none. The error is that of the first one that did not succeed.
func wentBack(all []tagboat.Deployment) (unfinished *tagboat.Deployment, err error) {
	for i, d := range all {
		switch d.Verdict {
		case tagboat.VerdictTimedOut, tagboat.VerdictStarted, tagboat.VerdictInterrupted:
			return &all[i], nil
		case tagboat.VerdictSucceeded, tagboat.VerdictUnchanged:
		default:
			if err == nil {
				err = tagboat.Errorf(tagboat.Failed, "going back, %s ended as %s: %s", d.Service, d.Verdict, d.Reason)
			}
		}
	}
	return nil, err
}

// stateOf returns the state of a promotion with such a deployment.
func stateOf(v tagboat.Verdict) string {
	if v == tagboat.VerdictInterrupted {
		return tagboat.PromotionInterrupted
	}
	return tagboat.PromotionTimedOut
}

// restore pins what the parameters had in given versions, of images that they had, as long as the
// active promotion has the key; "" is none.
func (p *Promotions) restore(ctx context.Context, m *move, versions []int64, key string) error {
	before, err := p.Access.Ledger(m.env).At(ctx, p.Fleet.Layout().Groups(m.env), versions)
	if err != nil {
		return err
	}
	draft, is, err := p.draft(ctx, m)
	if err != nil {
		return err
	}
	if key != "" && (is.Active == nil || is.Active.Key != key) || key == "" && is.Active != nil {
		return another(m, is)
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return err
	}
	pins := map[tagboat.ImageName]tagboat.Reference{}
	for _, pin := range before.Pins(m.env.Name) {
		if now, ok := book.Pin(m.env.Name, pin.Image); !ok || now.Digest != pin.Digest {
			pins[pin.Image] = pin.Reference()
		}
	}
	if len(pins) == 0 {
		return nil
	}
	_, err = p.Pinning.Take(ctx, draft, m.env, pins, p.message(m)+": taken back")
	return err
}

// Abort ends the active promotions of environments, whatever became of their processes: what was
// pinned before is pinned again. Services stay as they are.
func (p *Promotions) Abort(ctx context.Context, s fleet.Selection, why string) ([]tagboat.PromotionResult, error) {
	environments, err := p.Fleet.Environments(s)
	if err != nil {
		return nil, err
	}
	var results []tagboat.PromotionResult
	for _, env := range environments {
		result, err := p.abort(ctx, &move{env: env, why: why})
		if err != nil {
			return results, err
		}
		results = append(results, result)
	}
	return results, nil
}

func (p *Promotions) abort(ctx context.Context, m *move) (tagboat.PromotionResult, error) {
	result := tagboat.PromotionResult{Environment: m.env.Name, Stage: m.env.Stage, Tenant: m.env.Tenant, State: tagboat.PromotionUnchanged, Reason: "no promotion is under way"}
	draft, was, err := p.draft(ctx, m)
	if err != nil || was.Active == nil {
		return result, err
	}
	active := *was.Active
	m.adopt(active)
	is := was
	is.Active = nil
	receipt, err := draft.Promote(ctx, p.Fleet.Layout().Holds(m.env), was, is, ledger.Why{Message: "aborted: " + m.why})
	if err != nil {
		return result, err
	}
	if len(receipt.Lost) > 0 {
		return result, tagboat.Errorf(tagboat.Superseded, "the promotion to %s was changed by %s meanwhile", m.env.Name, receipt.Lost[0].By).WithHint("run the command again")
	}
	result.Release, result.Key = tagboat.Release{Name: active.Name, ID: active.ID}, active.Key
	result.State, result.Reason = tagboat.PromotionAborted, "the promotion of release "+active.Name+" is ended"
	if len(active.Was) > 0 { // else it has pinned nothing
		if err := p.restore(ctx, m, active.Was, ""); err != nil {
			operation.Tell(ctx, Beside{fmt.Errorf("what was pinned before could not be pinned again: %w", err)})
		}
	}
	p.record(ctx, m, result, "aborted: "+m.why)
	return result, nil
}
