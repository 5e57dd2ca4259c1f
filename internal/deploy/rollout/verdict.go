package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

// conclude turns the way a rollout ended into its verdict, and goes the way back where
// it failed.
func (r *roll) conclude(ctx context.Context, c course, e ending) {
	if e.images != nil {
		r.result.Images = e.images
	}
	r.result.Causes = e.causes
	name := ecs.LastPart(c.taskDefinition)
	switch e.how {
	case endedWell:
		r.succeeded(name, e)
	case endedOtherDigests:
		r.verdict(tagboat.VerdictFailed, "the deployment completed, but "+e.what)
	case endedFailing:
		r.failing(ctx, c, e)
	case endedByECS:
		r.readImages(ctx)
		r.verdict(tagboat.VerdictRolledBack, fmt.Sprintf("ECS rolled %s back to %s%s%s", name, ecs.LastPart(e.primary.TaskDefinition), because(r.result.Causes, e.what), r.notBroughtBack()))
	case endedOvertaken:
		r.verdict(tagboat.VerdictSuperseded, r.overtakenBy(ctx, c, e.primary))
	case endedGone:
		r.verdict(tagboat.VerdictFailed, "the service was deleted while "+name+" was rolled out")
	case endedTimeout:
		r.timedOut(ctx, c, e)
	case endedSilence:
		r.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("AWS gave no answer for %s (%s); deployment %s continues in ECS; %s", longestSilence, e.what, c.id, r.howToWatch()))
	case endedRefused:
		r.refused(c, e)
	case endedScaledDown:
		r.verdict(tagboat.VerdictSuperseded, fmt.Sprintf("somebody set the desired count of the service to 0, and it was %d, while %s was rolled out: it is what the service has now, and no task of it runs", c.wanted, name))
	case endedInterrupt:
		r.verdict(tagboat.VerdictInterrupted, fmt.Sprintf("deployment %s of %s continues in ECS, and %s; %s%s", c.id, name, r.whoRollsBack(c, e.service), r.howToWatch(), r.howToUndo(c)))
	}
}

func (r *roll) succeeded(name string, e ending) {
	switch {
	case e.primary.Desired == 0:
		r.verdict(tagboat.VerdictSucceeded, name+" is what the service has now; no task of it runs, since none is desired")
	case !r.plan.Changes() && r.plan.Observed.Good() == r.result.TaskDefinition:
		r.verdict(tagboat.VerdictUnchanged, "it already ran what is wanted, and is steady again"+untold(e.untold))
	case e.untold != "":
		r.verdict(tagboat.VerdictSucceeded, name+" runs"+untold(e.untold))
	default:
		r.verdict(tagboat.VerdictSucceeded, name+" runs, with the pinned digests")
	}
}

// untold says that digests could not be seen, and what stands for them; "" where all were.
func untold(containers string) string {
	if containers == "" {
		return ""
	}
	return "; AWS does not report the digest of " + containers + ", so that could not be compared: the task definition, which all tasks have, names the pinned one"
}

// refused ends a deployment that AWS does not let us watch.
func (r *roll) refused(c course, e ending) {
	if e.completed {
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("deployment %s of %s completed, but what its tasks run could not be seen: %s", c.id, ecs.LastPart(c.taskDefinition), e.what))
		return
	}
	r.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("the wait ended, because how deployment %s of %s goes cannot be seen: %s; it continues in ECS; %s%s",
		c.id, ecs.LastPart(c.taskDefinition), e.what, r.howToWatch(), r.howToUndo(c)))
}

func (r *roll) timedOut(ctx context.Context, c course, e ending) {
	if e.what != "" {
		r.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("whether deployment %s of %s succeeded could not be seen in %s: %s; %s%s",
			c.id, ecs.LastPart(c.taskDefinition), r.options.timeout(), e.what, r.howToWatch(), r.howToUndo(c)))
		return
	}
	r.explain(ctx, c, e)
	r.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("deployment %s of %s %s after %s and continues in ECS; %s%s",
		c.id, ecs.LastPart(c.taskDefinition), howFar(c, e.service), r.options.timeout(), r.howToWatch(), r.howToUndo(c)))
}

// howFar says how many tasks a deployment has running, where an answer of AWS has told.
func howFar(c course, s ecs.Service) string {
	if _, seen := s.Deployment(c.id); !seen {
		return "was in no answer of AWS yet"
	}
	return fmt.Sprintf("has %d of %d tasks running", ownOf(c, s).Running, s.Desired)
}

// explain gathers the causes, unless that was done in time.
func (r *roll) explain(ctx context.Context, c course, e ending) {
	if len(r.result.Causes) > 0 {
		return
	}
	g := explain.Gatherer{Client: r.plan.Client, Desired: r.plan.Desired, Deployment: e.deployment}
	r.result.Causes = g.Causes(ctx, e.service, ownOf(c, e.service))
}

// ownOf returns our deployment as the service shows it; it may have left the list.
func ownOf(c course, s ecs.Service) ecs.Deployment {
	own, ok := s.Deployment(c.id)
	if !ok {
		own = ecs.Deployment{ID: c.id, TaskDefinition: c.taskDefinition}
	}
	return own
}

// notBroughtBack says what ECS leaves as we have set it where it rolls back: it goes to a
// service revision, which does not hold all settings.
func (r *roll) notBroughtBack() string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(changedMembers(r.plan.Steps))), inRevision)
	return former{stays: names}.and()
}

// whoRollsBack says what becomes of a deployment that nobody watches, where it fails. ECS
// goes back to what completed before, if anything did.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (r *roll) whoRollsBack(c course, s ecs.Service) string {
	if s.ARN == "" {
		s = c.answer
	}
	by := deploy.SettingsOf(s).RollsBack()
	if by == "" || c.good == "" {
		return "nobody will roll it back"
	}
	r.result.ECSRollsBack = true
	return fmt.Sprintf("ECS rolls it back where %s finds that it fails", by)
}

func (r *roll) howToUndo(c course) string {
	if r.plan.Desired.Revision != "" {
		return r.howToComeBack()
	}
	if c.good == "" || c.good == c.taskDefinition {
		return ""
	}
	return fmt.Sprintf("; undo it with: tagboat rollback --env %s %s, which brings %s back", r.plan.Desired.Environment, r.plan.Desired.Service, ecs.LastPart(c.good))
}

// howToComeBack says how to have the versions back that a rollback takes the place of.
// Another rollback would not: it goes further back, since they are rejected by now.
func (r *roll) howToComeBack() string {
	d := r.plan.Desired
	pins := tagboat.PreviousPins(deploy.WithPreviousVersions(r.result.Images, r.plan))
	if len(pins) == 0 {
		return ""
	}
	return fmt.Sprintf("; to have back what it takes the place of: tagboat pin %s --env %s && tagboat deploy --env %s %s",
		strings.Join(pins, " "), d.Environment, d.Environment, d.Service)
}

// overtakenBy names the deployment that took over and, where AWS tells, who registered
// what it runs.
func (r *roll) overtakenBy(ctx context.Context, c course, primary ecs.Deployment) string {
	if slices.Contains(c.before, primary.ID) {
		return fmt.Sprintf("somebody else's deployment took over, and ended before it was seen: ECS stopped deployment %s for it, and is back at %s (deployment %s)",
			c.id, ecs.LastPart(primary.TaskDefinition), primary.ID)
	}
	text := fmt.Sprintf("deployment %s, which somebody else started with %s, took over", primary.ID, ecs.LastPart(primary.TaskDefinition))
	described, err := r.plan.Client.ECS.DescribeTaskDefinition(ctx, primary.TaskDefinition)
	if err != nil {
		return text // the verdict does not depend on it
	}
	if by, _ := deploy.Registration(described); by != "" {
		text += fmt.Sprintf(" (%s was registered by %s)", ecs.LastPart(primary.TaskDefinition), by)
	}
	return text
}

// because names the most likely cause, or what ECS said.
func because(causes []tagboat.Cause, what string) string {
	switch {
	case len(causes) > 0:
		return ": " + causes[0].Cause
	case what != "":
		return ": " + what
	default:
		return ""
	}
}
