package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/through"
	"github.com/tagboat/tagboat/internal/ecs"
)

// joint is one update of a stack for all services of it that a run deploys. The first that begins
// begins it for all.
type joint struct {
	plans []deploy.Plan
	taken atomic.Bool
	begun chan struct{} // closed once update or err is there

	update   *through.Update
	err      error
	at       int // the plan that err is about; -1 for all
	left     atomic.Int32
	reported sync.Map // ids of events that were reported and belong to no single service
	polling  sync.WaitGroup
	stop     context.CancelFunc
}

type stackKey struct {
	client *deploy.Client
	stack  string
}

// joints returns the update that each plan is a part of; nil for those that go through no stack, or
// leave theirs as it is.
func joints(plans []deploy.Plan) []*joint {
	all, by := make([]*joint, len(plans)), map[stackKey]*joint{}
	for i, p := range plans {
		if p.LeftAlone != nil || len(p.Problems) > 0 || len(p.Steps) == 0 || !ofStack(p.Steps[0]) {
			continue
		}
		key := stackKey{p.Client, p.Observed.Stack.ID}
		if by[key] == nil {
			by[key] = &joint{begun: make(chan struct{}), at: -1}
		}
		by[key].plans = append(by[key].plans, p)
		by[key].left.Add(1)
		all[i] = by[key]
	}
	return all
}

func ofStack(s deploy.Step) bool {
	switch s.(type) {
	case deploy.UpdateStack, deploy.FollowUpdate:
		return true
	}
	return false
}

// errNothing says that the stack has nothing to change by now.
var errNothing = errors.New("CloudFormation finds nothing to change")

// join returns the update once it has begun. If it did not begin, all of its services get the same
// error, which names the service whose pins it is about.
func (j *joint) join(ctx context.Context, mine deploy.Plan, pins Pins) (*through.Update, error) {
	if j.taken.CompareAndSwap(false, true) {
		j.lead(ctx, pins)
	}
	select {
	case <-j.begun:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if j.err != nil && j.at >= 0 && j.plans[j.at].Desired.Service != mine.Desired.Service {
		other := j.plans[j.at].Desired
		return nil, tagboat.Errorf(tagboat.Blocked, "the stack %s has service %s as well, which must not be changed: %v", mine.Desired.Stack.Name, other.Service, j.err)
	}
	return j.update, j.err
}

// lead begins the update, and polls until all have left.
func (j *joint) lead(ctx context.Context, pins Pins) {
	j.err = errors.New("beginning the update crashed")
	defer close(j.begun)
	j.update, j.err = j.begin(ctx, pins)
	if j.err != nil {
		return
	}
	var polling context.Context
	polling, j.stop = context.WithCancel(context.WithoutCancel(ctx))
	j.polling.Go(func() { j.update.Run(polling) })
}

// leave says that one of the services is done. The last one ends the polling.
func (j *joint) leave() {
	if j.left.Add(-1) == 0 && j.stop != nil {
		j.stop()
		j.polling.Wait()
	}
}

// reports reports whether a plan is the one to report an event. An event of a service, or of its task
// definition, belongs to that service's plan. Any other is reported once, by the first that asks.
func (j *joint) reports(e cfn.Event, mine deploy.Plan) bool {
	for _, p := range j.plans {
		if deploy.OwnOf([]deploy.Plan{p})[e.Logical] {
			return p.Desired.Environment == mine.Desired.Environment && p.Desired.Service == mine.Desired.Service
		}
	}
	_, reported := j.reported.LoadOrStore(e.ID, true)
	return !reported
}

// begin takes up what goes on, or makes a change set, checks it, and executes exactly that.
func (j *joint) begin(ctx context.Context, pins Pins) (*through.Update, error) {
	first := j.plans[0]
	stacks, stack := first.Client.Stacks, first.Observed.Stack.Stack
	if step, ok := first.Steps[0].(deploy.FollowUpdate); ok {
		return through.Follow(stacks, stack, step.Token), nil
	}
	for i, p := range j.plans {
		a := applier{desired: p.Desired, pins: pins}
		if err := a.stillPinned(ctx); err != nil {
			j.at = i
			return nil, err
		}
	}
	request, err := deploy.ChangeOf(j.plans)
	if err != nil {
		return nil, err
	}
	set, err := deploy.MakeChangeSet(ctx, stacks, request)
	if err != nil {
		return nil, err
	}
	if err := j.check(set); err != nil {
		_ = deploy.DropChangeSet(ctx, stacks, set.ID)
		return nil, err
	}
	update, err := through.Execute(ctx, stacks, stack, set.ID)
	if err != nil && !errors.Is(err, through.ErrUnknown) && ctx.Err() == nil {
		_ = deploy.DropChangeSet(ctx, stacks, set.ID)
	}
	return update, err
}

func (j *joint) check(set cfn.ChangeSet) error {
	if set.Empty() {
		return errNothing
	}
	return deploy.CheckChange(j.plans, set)
}

// mates returns the plans that begin together with one, itself among them.
func mates(all []*joint, i int) []int {
	if all[i] == nil {
		return []int{i}
	}
	var indexes []int
	for n, j := range all {
		if j == all[i] {
			indexes = append(indexes, n)
		}
	}
	return indexes
}

// notBegun turns what kept the update of a stack from beginning into a verdict.
func (r *roll) notBegun(ctx context.Context, err error) {
	stack := r.plan.Desired.Stack.Name
	var moved movedError
	switch {
	case errors.Is(err, errNothing):
		r.nothingLeft(ctx)
	case errors.Is(err, through.ErrUnknown):
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%v; tagboat deploy looks again and continues from there", err))
	case ctx.Err() != nil:
		r.verdict(tagboat.VerdictInterrupted, fmt.Sprintf("it was interrupted before CloudFormation said that it updates stack %s; tagboat deploy looks again and continues from there", stack))
	case errors.As(err, &moved), tagboat.KindOf(err) == tagboat.Blocked:
		r.notApplied(ctx, err)
		if hint := tagboat.HintOf(err); hint != "" {
			r.result.Reason += "; " + hint
		}
	default:
		r.notApplied(ctx, fmt.Errorf("updating stack %q: %w", stack, err))
	}
}

// nothingLeft judges by the tasks where the stack has nothing to change by now: another update may
// have brought what is wanted, or the service was changed past its stack.
func (r *roll) nothingLeft(ctx context.Context) {
	now, err := serviceNow(ctx, r.plan.Client, r.plan.Desired)
	if err != nil {
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%v in stack %s, and what the service runs could not be seen: %v", errNothing, r.plan.Desired.Stack.Name, err))
		return
	}
	primary, _ := now.Primary()
	r.plan.Observed.Service = &now
	r.result.TaskDefinition, r.result.DeploymentID = primary.TaskDefinition, primary.ID
	r.unchangedByTasks(ctx, primary)
	if r.result.Verdict == tagboat.VerdictFailed {
		r.result.Reason = fmt.Sprintf("%v in stack %s; %s; see: tagboat drift --env %s", errNothing, r.plan.Desired.Stack.Name, r.result.Reason, r.plan.Desired.Environment)
	}
}

// deploymentOf returns the deployment of a service that has a task definition: the PRIMARY one, or
// one whose place ECS has given to another again.
func deploymentOf(s ecs.Service, definition string) (id string, found bool) {
	if primary, ok := s.Primary(); ok && primary.TaskDefinition == definition {
		return primary.ID, true
	}
	for _, d := range s.Deployments {
		if d.TaskDefinition == definition {
			return d.ID, true
		}
	}
	return "", false
}
