package promotion

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Past returns a request with the time that an age in it means now.
func (p *Promotions) Past(ctx context.Context, r delivery.RollbackRequest) (delivery.RollbackRequest, error) {
	environments, err := p.Fleet.Environments(r.Selection)
	if err != nil || r.To.Ago == 0 || len(environments) == 0 {
		return r, err
	}
	at, err := p.Access.PastMoment(ctx, environments[0], r.To)
	r.To = access.When{At: at}
	return r, err
}

// MayLeave returns an error of kind Blocked where automation would go back amid a promotion.
func MayLeave(back *delivery.Rollback, r delivery.RollbackRequest) error {
	var failed []error
	active := back.Active()
	for _, env := range slices.Sorted(maps.Keys(active)) {
		if a := active[env]; r.Automation && a.Waits == "" {
			failed = append(failed, tagboat.Errorf(tagboat.Blocked, "the promotion of release %s to %s is under way since %s, by %s", a.Name, env, moment(a.Since), a.By).
				WithHint("a person can go back, without --automation, which ends it"))
		}
	}
	return errors.Join(failed...)
}

// RollBack goes back by what ran: by a person, a promotion that is under way or waits is ended
// first, so that nobody takes it up again. Where all services go back to a time, the environment
// remembers which release it had then.
func (p *Promotions) RollBack(ctx context.Context, b *delivery.Rollbacks, back *delivery.Rollback, r delivery.RollbackRequest, message string, o rollout.Options) (tagboat.DeployDocument, error) {
	if active := back.Active(); len(active) > 0 && !r.Automation {
		for _, name := range slices.Sorted(maps.Keys(active)) {
			if err := p.end(ctx, name, active[name], message); err != nil {
				return tagboat.DeployDocument{}, err
			}
		}
		var err error
		if back, err = b.Plan(ctx, r); err != nil { // with what was pinned before
			return tagboat.DeployDocument{}, err
		}
	}
	document, err := b.Do(ctx, back, message, o)
	if err != nil || r.To == (access.When{}) || len(r.Services)+len(r.Images) > 0 {
		return document, err
	}
	environments, err := p.Fleet.Environments(r.Selection)
	for _, env := range environments {
		if err := p.noteBack(ctx, env, r.To, document, message); err != nil {
			operation.Tell(ctx, Beside{fmt.Errorf("which release %s went back to is not noted: %w", env.Name, err)})
		}
	}
	document.Calls = operation.From(ctx).Calls()
	return document, err
}

// end ends a promotion that an environment goes back from.
func (p *Promotions) end(ctx context.Context, name tagboat.EnvName, active ledger.Promotion, why string) error {
	env, err := p.Fleet.Config.Environment(string(name))
	if err != nil {
		return err
	}
	result, err := p.abort(ctx, &move{env: env, why: "rollback: " + why})
	if err == nil && result.State == tagboat.PromotionAborted {
		operation.Tell(ctx, Ended{name, active})
	}
	return err
}

// noteBack notes which release an environment has once all of its services went back to a time.
func (p *Promotions) noteBack(ctx context.Context, env config.Environment, to access.When, document tagboat.DeployDocument, message string) error {
	all := slices.DeleteFunc(slices.Clone(document.Deployments), func(d tagboat.Deployment) bool { return d.Environment != env.Name })
	verdict := verdictBack(all)
	if verdict == "" {
		return nil // the same command completes it
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), concluding)
	defer cancel()
	m := &move{env: env}
	_, had, err := p.draft(ctx, m)
	if err != nil || len(had.Trail) == 0 {
		return err // it has had no release
	}
	was, err := p.History.ReleaseAt(ctx, env, had, to.At)
	if err != nil {
		operation.Tell(ctx, Beside{err})
	}
	is := ledger.Promoted{Name: was.Name, ID: was.ID, At: p.now(env)(), Back: true, Failed: verdict != tagboat.VerdictSucceeded}
	if is.Failed && is.ID == "" {
		return nil
	}
	var from ledger.Promoted
	changed := false
	err = p.remember(ctx, m, "rollback to "+moment(to.At), func(now ledger.Promotions) (ledger.Promotions, bool) {
		from, _ = now.Current()
		last := now.Trail[len(now.Trail)-1]
		changed = begun(all) || last.ID != is.ID || last.Failed != is.Failed
		return now.Had(is), changed
	})
	if err != nil || !changed || from.ID+is.ID == "" {
		return err
	}
	operation.Tell(ctx, Noted{env.Name, is})
	p.Recorder.Record(ctx, env, tagboat.Event{
		Command: history.Rollback, Release: is.Name, ReleaseID: is.ID, FromRelease: from.Name, Message: message, Verdict: verdict,
	})
	return nil
}

// verdictBack returns what deployments that went back come to; "" where they did not come to
// their end, or automation left some alone.
func verdictBack(all []tagboat.Deployment) tagboat.Verdict {
	verdict := tagboat.VerdictSucceeded
	for _, d := range all {
		switch d.Verdict {
		case tagboat.VerdictSucceeded, tagboat.VerdictUnchanged, tagboat.VerdictSkipped: // it was not there then
		case tagboat.VerdictFailed, tagboat.VerdictRolledBack:
			verdict = d.Verdict
		default:
			return ""
		}
	}
	return verdict
}
