package delivery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
)

// Continued is a deployment that waited and goes on, or back.
type Continued struct {
	Environment tagboat.EnvName     `json:"environment"`
	Service     tagboat.ServiceName `json:"service"`
	Stage       string              `json:"stage"` // in which it waited
}

// ContinueRequest says whose pause hooks to answer, and how.
type ContinueRequest struct {
	fleet.Selection
	Rollback   bool // go back instead of on
	Automation bool // no person asks: holds and rejections count
}

// Continue answers the pause hooks of the selected services. As automation it leaves those
// alone that are held or run what was rejected, and answers the others; the error is of kind
// Blocked then.
func (d *Delivery) Continue(ctx context.Context, r ContinueRequest) ([]Continued, error) {
	cells, err := d.Fleet.Cells(ctx, r.Selection)
	if err != nil {
		return nil, err
	}
	var all []Continued
	var blocked []error
	for _, c := range cells {
		target, err := c.Visible(ctx)
		if err != nil {
			return all, err
		}
		if r.Automation {
			err := d.Holds.MayDeploy(c.Env, c.Book(), target.Desired.Images)
			if err == nil && !r.Rollback {
				err = d.Holds.Thawed(ctx)
			}
			if err != nil {
				blocked = append(blocked, err)
				continue
			}
		}
		stage, err := rollout.Continue(ctx, d.Access.Session(c.Env).ECS(), target, r.Rollback)
		if err != nil {
			return all, err
		}
		event := tagboat.Event{Command: "continue", Service: c.Service.Name, Message: "from " + stage}
		if r.Rollback {
			event.Message = "back from " + stage
		}
		d.Recorder.Record(ctx, c.Env, event)
		all = append(all, Continued{Environment: c.Env.Name, Service: c.Service.Name, Stage: stage})
	}
	return all, errors.Join(blocked...)
}

// UnderWay returns what of the set an interrupted or killed run, or one that did not wait,
// left in ECS: deployments that go on with what is wanted, to watch, and those that brought
// the pinned versions and were rolled back or stopped since, to say so.
func (d *Delivery) UnderWay(ctx context.Context, s *PlanSet) (*PlanSet, error) {
	plans, err := rollout.Resume(ctx, s.plans)
	return &PlanSet{plans: plans}, err
}

// Judged makes those plans of a set whose deployment was begun since a time, and has come to nothing,
// plans that say how it ended, so that what failed is not begun again.
func (d *Delivery) Judged(ctx context.Context, s *PlanSet, since time.Time) error {
	s.plans = slices.Clone(s.plans)
	return deploy.Each(ctx, deploy.TargetsOf(s.plans), func(ctx context.Context, i int) error {
		p := &s.plans[i]
		if !p.Changes() || len(p.Problems) > 0 {
			return nil
		}
		judge, err := deploy.JudgementOf(ctx, *p)
		if err == nil && judge != nil && judge.Failed() && !judge.Record.CreatedAt.Before(since.Add(-deploy.ClockAccuracy)) {
			p.Steps, p.Diff = []deploy.Step{*judge}, ""
		}
		return err
	})
}

// Len returns how many services the set has.
func (s *PlanSet) Len() int { return len(s.plans) }
