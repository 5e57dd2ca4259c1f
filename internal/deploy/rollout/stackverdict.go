package rollout

import (
	"context"
	"fmt"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/through"
	"github.com/tagboat/tagboat/internal/ecs"
)

// failing rolls back where tasks keep failing and ECS has not rolled back yet. CloudFormation would
// wait three hours for the service to become steady. Cancelling its update makes it roll back now the
// service and everything else that the update changed.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-update-cancel.html
func (s *stackRoll) failing(ctx context.Context, c course, e ending) {
	stack := s.update.Stack.Name
	why := fmt.Sprintf("%s failed%s", ecs.LastPart(c.taskDefinition), because(s.result.Causes, e.what))
	waits := "ECS keeps trying, and CloudFormation waits for it, up to three hours, and then rolls the stack back. Roll it back now with: aws cloudformation cancel-update-stack --stack-name " + stack
	switch {
	case s.options.NoRollback:
		s.verdict(tagboat.VerdictFailed, why+"; left as it is, as requested: "+waits)
		return
	case c.good == "":
		s.verdict(tagboat.VerdictFailed, why+"; nothing ran well before to go back to, so the update was left as it is: "+waits)
		return
	}
	s.report(StateRollingBack, ecs.Deployment{}, "cancelling the update of stack "+stack)
	if err := s.update.Cancel(ctx); err != nil {
		s.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; the update of stack %s could not be cancelled: %v%s; %s", why, stack, err, deploy.PolicyFor(s.plan.Desired, err), waits))
		return
	}
	s.deadline = time.Now().Add(s.options.timeout())
	s.conclude(ctx, c, e)
}

// conclude waits for the end of the stack's update and turns both into one verdict.
func (s *stackRoll) conclude(ctx context.Context, c course, e ending) {
	if s.rollsBack(e) {
		s.deadline = time.Now().Add(s.options.timeout())
	}
	state, err := s.awaitEnd(ctx)
	switch {
	case err != nil && state.RollsBack() && ctx.Err() == nil:
		s.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; CloudFormation is still rolling stack %s back (%s), and the end was not seen: %v; see: tagboat status --env %s",
			s.why(c, e, state), s.update.Stack.Name, state.Status, err, s.plan.Desired.Environment))
	case err != nil:
		s.unseen(ctx, c, err)
	case state.Succeeded():
		s.updated(ctx, c, e)
	case state.Status == "UPDATE_ROLLBACK_COMPLETE":
		s.rolledBack(ctx, c, e, state)
	default:
		s.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; the stack %s is %s: %s", s.why(c, e, state), s.update.Stack.Name, state.Status, deploy.HowToRepair(s.update.Stack.Name, state.Status)))
		s.readImages(ctx)
	}
}

// updated judges a stack that says that it has what was wanted: ECS has to say so, too.
func (s *stackRoll) updated(ctx context.Context, c course, e ending) {
	stack := s.update.Stack.Name
	switch {
	case c.id == "": // the update did not touch the service, or had ended before we looked
		s.nothingLeft(ctx)
		if s.result.Verdict == tagboat.VerdictFailed {
			s.result.Reason = "the stack " + stack + " was updated: " + s.result.Reason
		}
	case e.how == endedOtherDigests:
		s.result.Images = e.images
		s.verdict(tagboat.VerdictFailed, fmt.Sprintf("the stack %s was updated, but %s", stack, e.what))
	default:
		s.roll.conclude(ctx, c, e)
	}
}

// rolledBack looks at what runs once CloudFormation has rolled back.
func (s *stackRoll) rolledBack(ctx context.Context, c course, e ending, state through.State) {
	s.causesByRecord(ctx, c)
	s.plan.Desired = s.before // a service that took its place is gone
	s.result.Images = deploy.ImageStates(s.plan.Desired.Images, nil)
	s.readImages(ctx)
	to := "what it had before"
	if now, err := serviceNow(ctx, s.plan.Client, s.plan.Desired); err == nil {
		if primary, ok := now.Primary(); ok && primary.TaskDefinition != c.taskDefinition {
			to = ecs.LastPart(primary.TaskDefinition) + ", which runs"
		} else if ok && c.taskDefinition != "" {
			s.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; CloudFormation rolled stack %s back, and the service still has %s", s.why(c, e, state), s.update.Stack.Name, ecs.LastPart(primary.TaskDefinition)))
			return
		}
	}
	s.verdict(tagboat.VerdictRolledBack, fmt.Sprintf("%s; CloudFormation rolled stack %s back to %s", s.why(c, e, state), s.update.Stack.Name, to))
}

// why says what failed: in ECS, and else in the stack.
func (s *stackRoll) why(c course, e ending, state through.State) string {
	name := "the update of stack " + s.update.Stack.Name
	if c.taskDefinition != "" {
		name = ecs.LastPart(c.taskDefinition)
	}
	what := e.what
	if e.how == endedWell || what == "" {
		what = state.Why()
	}
	if len(s.result.Causes) == 0 && state.Why() != "" {
		what = state.Why()
	}
	return fmt.Sprintf("%s failed%s", name, because(s.result.Causes, what))
}

// causesByRecord gathers the causes from ECS's own record of the deployment, where it was over before
// anybody saw it.
func (s *stackRoll) causesByRecord(ctx context.Context, c course) {
	if c.id != "" || c.taskDefinition == "" || len(s.result.Causes) > 0 {
		return
	}
	now, err := serviceNow(ctx, s.plan.Client, s.plan.Desired)
	if err != nil {
		return
	}
	if judge, err := deploy.JudgementOf(ctx, s.plan); err == nil && judge != nil && judge.Record.Status != ecs.Successful {
		s.result.Causes = s.causesOf(ctx, now, judge.Record)
	}
}
