package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/words"
)

// planner plans one action: what it would do goes into to. An error says why it cannot be done.
type planner struct {
	desk  *Desk
	tools Tools
	run   *step // is told how it proceeds; nil for a dry run
	to    *planned
}

func (p planner) plan(ctx context.Context) error {
	switch a := p.to.shown.Action; a.Kind {
	case tagboat.ActionPromote:
		return p.promote(ctx, promotion.Request{Selection: selection(a), Release: a.Release, Message: a.Message})
	case tagboat.ActionRollback:
		return p.rollback(ctx, a)
	case tagboat.ActionHold, tagboat.ActionUnhold:
		return p.hold(ctx, a)
	case tagboat.ActionApprove:
		return p.approve(ctx, a)
	case tagboat.ActionContinue:
		return p.proceed(ctx, a)
	case tagboat.ActionAbort:
		return p.abort(ctx, a)
	default:
		return tagboat.Usagef("there is no action %q", a.Kind)
	}
}

func selection(a tagboat.Action) fleet.Selection {
	return fleet.Selection{Environments: a.Environments, Stage: a.Stage, Services: a.Services}
}

// promote plans a promotion, or going back by release.
func (p planner) promote(ctx context.Context, r promotion.Request) error {
	r.DryRun = p.run == nil
	if p.run != nil {
		r.Ended = p.run.promoted
	}
	set, err := p.tools.Promotions.Plan(ctx, r)
	if err != nil {
		return err
	}
	document := set.Document()
	p.to.shown.Promotion = &document
	p.to.own, p.to.same = set.Hash(), set.Same
	p.to.do = func(ctx context.Context) error {
		done, err := p.tools.Promotions.Do(ctx, set, p.run.rollout())
		p.run.promotions(done.Promotions)
		return err
	}
	return stuck(document)
}

// stuck returns why a promotion would do nothing: no environment is ready, and none of those that wait will
// proceed without a person.
func stuck(d tagboat.PromotionDocument) error {
	var first *tagboat.PromotionResult
	for _, r := range d.Promotions {
		if r.State != tagboat.PromotionBlocked && r.State != tagboat.PromotionAbsent {
			return nil
		}
		shut := func(g tagboat.GateResult) bool { return !g.Passed && g.Opens == nil }
		if r.State == tagboat.PromotionBlocked && !slices.ContainsFunc(r.Gates, shut) {
			return nil
		}
		first = cmp.Or(first, &r)
	}
	if first == nil {
		return tagboat.Usagef("there is no environment to promote to")
	}
	hint := ""
	if i := slices.IndexFunc(first.Gates, func(g tagboat.GateResult) bool { return g.Cause == first.Cause }); i >= 0 {
		hint = first.Gates[i].Hint
	}
	return tagboat.Errorf(tagboat.Blocked, "%s: %s", first.Environment, first.Reason).WithHint("%s", hint)
}

// rollback plans going back: by release where nothing else is named and there is an earlier one, and
// else by what ran.
func (p planner) rollback(ctx context.Context, a tagboat.Action) error {
	if a.At == nil && len(a.Services) == 0 {
		err := p.promote(ctx, promotion.Request{Selection: selection(a), Release: a.Release, Message: a.Message, Back: true})
		if !errors.Is(err, promotion.ErrNoneEarlier) {
			return err
		}
	}
	r := delivery.RollbackRequest{Selection: selection(a)}
	if a.At != nil {
		r.To = access.When{At: *a.At}
	}
	back, err := p.tools.Rollbacks.Plan(ctx, r)
	if err != nil {
		return err
	}
	document := back.Document()
	p.to.shown.Rollback = &document
	p.to.parts = partsOf(document, back.Active())
	p.to.do = func(ctx context.Context) error {
		done, err := p.tools.Promotions.RollBack(ctx, p.tools.Rollbacks, back, r, a.Message, p.run.rollout())
		p.run.deployed(done.Deployments)
		return err
	}
	if len(document.Problems) > 0 {
		return tagboat.Usagef("%s", document.Problems[0].Message).WithHint("%s", document.Problems[0].Hint)
	}
	return nil
}

// partsOf returns the parts of a rollback to what ran before.
func partsOf(d tagboat.PlanDocument, active map[tagboat.EnvName]ledger.Promotion) []part {
	var pins, services, ends []string
	for _, pin := range d.Pins {
		pins = append(pins, fmt.Sprintf("%s in %s from %s to %s", pin.Image, pin.Environment, cmp.Or(pin.From.Tag, pin.From.Digest.Short(), "nothing"), cmp.Or(pin.To.Tag, pin.To.Digest.Short())))
	}
	for _, back := range d.Back {
		services = append(services, fmt.Sprintf("%s in %s from %s to %s", back.Service, back.Environment, revision(back.From.TaskDefinition), revision(back.To.TaskDefinition)))
	}
	for _, env := range slices.Sorted(maps.Keys(active)) {
		ends = append(ends, fmt.Sprintf("release %s in %s", active[env].Name, env))
	}
	return []part{
		{"what would be pinned", encoded(d.Pins), listed(pins)},
		{"what services go back to", encoded([]any{services, d.Changes}), listed(services)},
		{"the promotions that it ends", listed(ends), listed(ends)},
	}
}

func revision(arn string) string { return cmp.Or(words.Last(arn), "nothing") }

func listed(all []string) string { return cmp.Or(strings.Join(all, ", "), "nothing") }

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// hold plans holding or no longer holding images, or environments.
func (p planner) hold(ctx context.Context, a tagboat.Action) error {
	change := p.tools.Holds.Hold
	if a.Kind == tagboat.ActionUnhold {
		change = p.tools.Holds.Unhold
	}
	request := func(env tagboat.EnvName, dry bool) pinning.HoldRequest {
		r := pinning.HoldRequest{Environment: env, Images: a.Images, Message: a.Message, DryRun: dry}
		if a.Until != nil {
			r.Until = access.When{At: *a.Until}
		}
		return r
	}
	for _, env := range a.Environments {
		was, err := p.tools.Holds.Held(ctx, env)
		if err != nil {
			return err
		}
		is, err := change(ctx, request(env, true))
		if err != nil {
			return err
		}
		p.to.shown.Holds = append(p.to.shown.Holds, tagboat.HoldChange{Environment: env, From: was.Holds, To: is.Holds})
		p.to.parts = append(p.to.parts, part{"what is held in " + string(env), encoded(was.Holds), listed(heldBy(was.Holds))})
	}
	p.to.do = func(ctx context.Context) error {
		for _, env := range a.Environments {
			is, err := change(ctx, request(env, false))
			if err != nil {
				return err
			}
			p.run.held(is)
		}
		return nil
	}
	return nil
}

func heldBy(holds []tagboat.HeldImage) []string {
	var all []string
	for _, h := range holds {
		all = append(all, fmt.Sprintf("%s by %s", h.Image, h.By))
	}
	return all
}

// approve plans an approval by the person, or taking it back.
func (p planner) approve(ctx context.Context, a tagboat.Action) error {
	approvals := release.Approvals{Releases: p.tools.Releases}
	request := release.Approval{Release: a.Release, Stage: a.Stage, Environments: a.Environments, Message: a.Message, Revoke: a.Revoke}
	given, err := approvals.Given(ctx, request)
	if err != nil {
		return err
	}
	p.to.shown.Approval = &given
	var by []string
	for _, env := range given.Environments {
		for _, one := range env.Approvals {
			by = append(by, fmt.Sprintf("by %s for %s at %s", one.By, env.Environment, one.At))
		}
	}
	rejected := "not rejected"
	if given.Release.Rejected != nil {
		rejected = "rejected: " + given.Release.Rejected.Reason
	}
	p.to.parts = []part{
		{"the release", string(given.Release.ID), given.Release.Name},
		{"whether it is rejected", rejected, rejected},
		{"the approvals that there are", listed(by), listed(by)},
	}
	p.to.do = func(ctx context.Context) error {
		is, err := approvals.Approve(ctx, request)
		if err == nil {
			p.run.approved(is)
		}
		return err
	}
	return nil
}

// proceed plans to answer the pause hooks of deployments that wait.
func (p planner) proceed(ctx context.Context, a tagboat.Action) error {
	waiting, err := p.tools.View.Paused(ctx, selection(a))
	if err != nil {
		return err
	}
	if len(waiting) == 0 {
		return tagboat.Usagef("no deployment waits there to be continued")
	}
	p.to.shown.Waiting = waiting
	var wait []string
	for _, w := range waiting {
		wait = append(wait, fmt.Sprintf("%s in %s at %s", w.Service, w.Environment, w.Stage))
	}
	p.to.parts = []part{{"what waits", encoded(waiting), listed(wait)}}
	p.to.do = func(ctx context.Context) error {
		for _, w := range waiting {
			s := fleet.Selection{Environments: []tagboat.EnvName{w.Environment}, Services: []tagboat.ServiceName{w.Service}}
			if _, err := p.tools.Rollbacks.Continue(ctx, delivery.ContinueRequest{Selection: s, Rollback: a.Back}); err != nil {
				return err
			}
			p.run.continued(w)
		}
		return nil
	}
	return nil
}

// abort plans to end promotions that are under way or wait.
func (p planner) abort(ctx context.Context, a tagboat.Action) error {
	environments, err := p.tools.View.Fleet.Environments(selection(a))
	if err != nil {
		return err
	}
	books, err := p.tools.View.Fleet.Books(ctx, environments)
	if err != nil {
		return err
	}
	var active []string
	for _, env := range environments {
		is, err := activeIn(books[env.Name], env)
		if err != nil {
			return err
		}
		if is == nil {
			return tagboat.Usagef("no promotion is under way in %s, and none waits there", env.Name)
		}
		p.to.shown.Active = append(p.to.shown.Active, *is)
		active = append(active, fmt.Sprintf("release %s in %s by %s", is.Release, env.Name, is.By))
	}
	p.to.parts = []part{{"the promotions", encoded(p.to.shown.Active), listed(active)}}
	p.to.do = func(ctx context.Context) error {
		results, err := p.tools.Promotions.Abort(ctx, selection(a), a.Message)
		p.run.promotions(results)
		return err
	}
	return nil
}

// activeIn returns the promotion of an environment that is under way or waits; nil for none.
func activeIn(book ledger.Book, env config.Environment) (*tagboat.ActivePromotion, error) {
	had, err := book.Promotions(env.Name)
	if err != nil || had.Active == nil {
		return nil, err
	}
	a := had.Active
	return &tagboat.ActivePromotion{Environment: env.Name, Release: a.Name, ReleaseID: a.ID, By: a.By, Since: a.Since, Waits: tagboat.GateCause(a.Waits)}, nil
}
