package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/through"
	"github.com/tagboat/tagboat/internal/ecs"
)

// stackRoll is a deployment that goes through a stack. It follows both the stack's update and ECS's
// deployment, which must agree.
type stackRoll struct {
	*roll
	update   *through.Update
	deadline time.Time
	reported int            // how many events
	before   deploy.Desired // names the service that was there, which the update may replace
}

// throughStack carries out what a stack brings.
func (r *roll) throughStack(ctx context.Context) {
	r.report(StateApplying, ecs.Deployment{}, r.plan.Steps[0].String())
	r.result.DeploymentID = "" // what was there before is not ours
	update, err := r.joint.join(ctx, r.plan, r.options.Pins)
	if err != nil {
		r.notBegun(ctx, err)
		return
	}
	r.watching = true
	if !r.options.Wait {
		r.result.ECSRollsBack = true
		r.verdict(tagboat.VerdictStarted, fmt.Sprintf("nobody waited for the end of the update of stack %s, which CloudFormation rolls back if it fails; %s", update.Stack.Name, r.howToWatch()))
		return
	}
	s := stackRoll{roll: r, update: update, deadline: time.Now().Add(r.options.timeout()), before: r.plan.Desired}
	s.run(ctx)
	r.pinnedYet(ctx)
}

func (s *stackRoll) run(ctx context.Context) {
	c, found, err := s.find(ctx)
	switch {
	case err != nil:
		s.unseen(ctx, c, err)
		return
	case !found: // the stack has ended before ECS deployed anything
		s.conclude(ctx, c, ending{how: endedInterrupt})
		return
	}
	s.result.TaskDefinition, s.result.DeploymentID = c.taskDefinition, c.id
	if err := s.wanted(ctx, c.taskDefinition); err != nil {
		s.verdict(tagboat.VerdictSuperseded, err.Error())
		return
	}
	e := s.follow(ctx, c)
	if ctx.Err() != nil {
		s.unseen(ctx, c, ctx.Err())
		return
	}
	s.result.Causes = e.causes
	if failed := e.how == endedFailing || e.how == endedByECS || s.rollsBack(e); failed {
		s.explain(ctx, c, e)
	}
	switch e.how {
	case endedFailing:
		s.failing(ctx, c, e)
	case endedGone, endedTimeout, endedSilence, endedRefused, endedScaledDown:
		s.roll.conclude(ctx, c, e)
		s.result.Reason += fmt.Sprintf("; the update of stack %s continues in CloudFormation", s.update.Stack.Name)
	default:
		s.conclude(ctx, c, e)
	}
}

// rollsBack reports whether watching ended because the stack rolls back.
func (s *stackRoll) rollsBack(e ending) bool {
	return (e.how == endedInterrupt || e.how == endedOvertaken) && s.update.State().RollsBack()
}

// find waits until the stack has registered the task definition and ECS deploys it. It reports
// false where the stack has ended before that, or rolls back.
func (s *stackRoll) find(ctx context.Context) (c course, found bool, err error) {
	ctx, cancel := context.WithDeadline(ctx, s.deadline)
	defer cancel()
	d := s.plan.Desired
	c = course{before: s.plan.Observed.IDs(), good: s.plan.Observed.Good()}
	snapshots, stop := s.place.watch(ctx, d.Cluster, d.ServiceName)
	defer func() { stop() }()
	for {
		state, news := s.update.News()
		s.reportEvents(state, StateRolling, ecs.Deployment{})
		if d = s.locate(state); d.ServiceName != s.plan.Desired.ServiceName || d.Cluster != s.plan.Desired.Cluster {
			stop()
			snapshots, stop = s.place.watch(ctx, d.Cluster, d.ServiceName)
			s.plan.Desired = d
		}
		c.taskDefinition = state.Registered[s.plan.Observed.Stack.TaskDefinition.Logical]
		if state.Ended() || state.RollsBack() && c.taskDefinition == "" {
			found := s.afterwards(ctx, &c, state)
			return c, found, nil
		}
		if err := s.update.Refused(); err != nil {
			return c, false, err
		}
		select {
		case <-ctx.Done():
			return c, false, ctx.Err()
		case <-news:
		case shot := <-snapshots:
			if id, there := deploymentOf(shot.service, c.taskDefinition); there && c.taskDefinition != "" {
				c.take(shot.service, id)
				return c, true, nil
			}
		}
	}
}

// locate returns what is desired with the name of the service that the stack has by now.
func (s *stackRoll) locate(now through.State) deploy.Desired {
	if arn := now.Services[s.plan.Observed.Stack.Service.Logical]; arn != "" {
		return s.plan.Desired.Located(arn)
	}
	return s.plan.Desired
}

// afterwards finds the deployment of an update that was over before anybody saw ECS at it.
func (s *stackRoll) afterwards(ctx context.Context, c *course, state through.State) bool {
	if c.taskDefinition == "" || !state.Succeeded() {
		return false
	}
	now, err := serviceNow(ctx, s.plan.Client, s.plan.Desired)
	id, there := deploymentOf(now, c.taskDefinition)
	if err != nil || !there {
		return false
	}
	c.take(now, id)
	return true
}

// take notes the deployment that somebody else started for us.
func (c *course) take(s ecs.Service, id string) {
	own, _ := s.Deployment(id)
	c.id, c.began, c.wanted, c.answer = id, own.CreatedAt, s.Desired, s
	s.Deployments = slices.DeleteFunc(slices.Clone(s.Deployments), func(d ecs.Deployment) bool { return d.ID == id })
	others := deploy.Observed{Service: &s}
	c.before = others.IDs()
	if c.good == c.taskDefinition { // of a run that was killed: what ran before is older than what we saw
		c.good = cmp.Or(others.Good(), c.good)
	}
}

// wanted makes sure that what the stack registered is what should run: of an update that an earlier
// run began it may be something else.
func (s *stackRoll) wanted(ctx context.Context, definition string) error {
	if _, taken := s.plan.Steps[0].(deploy.FollowUpdate); !taken {
		return nil
	}
	r, _ := deploy.ContentsOf(ctx, s.plan.Client.ECS, definition) // without it the digests that run decide
	for _, image := range s.plan.Desired.Images {
		for _, c := range r.Containers {
			named, err := tagboat.ParseReference(c.Image)
			if c.Name == string(image.Container) && err == nil && named.Digest != "" && named.Digest != image.Pinned.Digest {
				return fmt.Errorf("the update of stack %s that is under way brings %s for container %s, and %s is pinned; deploy that once it has ended: tagboat deploy --env %s %s",
					s.update.Stack.Name, c.Image, c.Name, image.Pinned.Readable(), s.plan.Desired.Environment, s.plan.Desired.Service)
			}
		}
	}
	return nil
}

// follow watches the deployment in ECS until it has ended, or the stack rolls back.
func (s *stackRoll) follow(ctx context.Context, c course) ending {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	go s.cancelOnRollback(watching, cancel)
	snapshots, stop := s.place.watch(watching, s.plan.Desired.Cluster, s.plan.Desired.ServiceName)
	defer stop()
	w := watch{
		client: s.plan.Client, desired: s.plan.Desired, reader: &s.place.taskReader, course: c,
		failFast: true, pinned: true, state: StateRolling,
		report: func(state State, d ecs.Deployment, note string) {
			now, _ := s.update.News()
			s.reportEvents(now, state, d)
			s.report(state, d, note)
		},
	}
	return w.run(watching, snapshots, time.Until(s.deadline))
}

// cancelOnRollback ends the watching where CloudFormation takes the deployment back.
func (s *stackRoll) cancelOnRollback(ctx context.Context, cancel context.CancelFunc) {
	for {
		state, news := s.update.News()
		if state.RollsBack() {
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		}
	}
}

// reportEvents reports the events that are new, each for one service of the stack.
func (s *stackRoll) reportEvents(now through.State, as State, d ecs.Deployment) {
	if now.RollsBack() {
		as = StateRollingBack
	}
	for ; s.reported < len(now.Events); s.reported++ {
		if e := now.Events[s.reported]; s.joint.reports(e, s.plan) {
			s.reportAs(as, d, through.Line(e), true)
		}
	}
}

// awaitEnd waits until the update, or its rollback, is over. A success need not wait for what is
// cleaned up.
func (s *stackRoll) awaitEnd(ctx context.Context) (through.State, error) {
	ctx, cancel := context.WithDeadline(ctx, s.deadline)
	defer cancel()
	for {
		state, news := s.update.News()
		s.reportEvents(state, StateRolling, ecs.Deployment{})
		switch {
		case state.Ended() || state.Succeeded() && ctx.Err() != nil:
			return state, nil
		case ctx.Err() != nil:
			return state, ctx.Err()
		}
		if err := s.update.Refused(); err != nil {
			return state, err
		}
		select {
		case <-ctx.Done():
		case <-news:
		}
	}
}

// unseen ends a deployment whose end nobody saw.
func (s *stackRoll) unseen(ctx context.Context, c course, err error) {
	goesOn := fmt.Sprintf("the update of stack %s continues in CloudFormation, which rolls it back if it fails; %s%s", s.update.Stack.Name, s.howToWatch(), s.howToUndo(c))
	switch {
	case ctx.Err() != nil:
		s.verdict(tagboat.VerdictInterrupted, goesOn)
	case errors.Is(err, context.DeadlineExceeded):
		state, _ := s.update.News()
		s.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("the stack is %s after %s; %s", state.Status, s.options.timeout(), goesOn))
	default:
		s.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("the wait ended, because how the update goes cannot be seen: %v; %s", err, goesOn))
	}
}
