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
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
)

// Resume returns, of the plans, those that an interrupted run left to watch, with nothing
// in them that begins anything: what goes on with what is wanted, and what brought the
// wanted versions and ended otherwise since, as where ECS rolled it back.
func Resume(ctx context.Context, plans []deploy.Plan) ([]deploy.Plan, error) {
	resumed := make([]*deploy.Plan, len(plans))
	err := deploy.Each(ctx, deploy.TargetsOf(plans), func(ctx context.Context, i int) error {
		p := plans[i]
		if len(p.Steps) == 0 {
			return nil
		}
		if p.Changes() {
			judge, err := deploy.JudgementOf(ctx, p)
			if err != nil || judge == nil {
				return err
			}
			p.Steps, p.Problems, p.Diff = []deploy.Step{*judge}, nil, ""
		}
		resumed[i] = &p
		return nil
	})
	var left []deploy.Plan
	for _, p := range resumed {
		if p != nil {
			left = append(left, *p)
		}
	}
	return left, err
}

// over reports whether a service deployment has ended.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
func over(status string) bool {
	return slices.Contains([]string{ecs.Successful, ecs.Stopped, ecs.RollbackSuccessful, ecs.RollbackFailed}, status)
}

// judge waits for the end of a service deployment and says how it ended.
func (r *roll) judge(ctx context.Context, j deploy.Judge) {
	r.result.TaskDefinition, r.result.DeploymentID = "", ""
	record, err := r.awaitRecord(ctx, j.Record)
	name := "deployment " + ecs.LastPart(record.ARN) + ", which brought the pinned versions"
	switch {
	case ctx.Err() != nil:
		r.verdict(tagboat.VerdictInterrupted, name+", continues in ECS; "+r.howToWatch())
	case err != nil:
		r.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("how %s, goes cannot be seen: %v; %s", name, err, r.howToWatch()))
	case !over(record.Status):
		r.verdict(tagboat.VerdictTimedOut, fmt.Sprintf("%s, has status %s after %s and continues in ECS; %s", name, record.Status, r.options.timeout(), r.howToWatch()))
	default:
		j.Record = record
		r.judgeRecord(ctx, j)
	}
}

// awaitRecord asks for a service deployment until it has ended or the time is up.
func (r *roll) awaitRecord(ctx context.Context, record ecs.ServiceDeployment) (ecs.ServiceDeployment, error) {
	deadline := time.Now().Add(r.options.timeout())
	for r.options.Wait && !over(record.Status) && time.Now().Before(deadline) {
		r.report(StateRolling, ecs.Deployment{}, "deployment "+ecs.LastPart(record.ARN)+" has status "+record.Status)
		if err := wait.For(ctx, stagesEvery); err != nil {
			return record, err
		}
		found, err := r.plan.Client.Deployments.DescribeServiceDeployments(ctx, []string{record.ARN})
		if err != nil && deploy.Refused(err) {
			return record, err
		}
		if len(found) > 0 {
			record = found[0]
		}
	}
	return record, nil
}

// judgeRecord turns the end of a service deployment into a verdict.
func (r *roll) judgeRecord(ctx context.Context, j deploy.Judge) {
	record := j.Record
	service, err := serviceNow(ctx, r.plan.Client, r.plan.Desired)
	if err != nil {
		r.verdict(tagboat.VerdictFailed, "what the service runs could not be seen: "+err.Error())
		return
	}
	primary, _ := service.Primary()
	runs, name := ecs.LastPart(primary.TaskDefinition), "deployment "+ecs.LastPart(record.ARN)+", which brought the pinned versions"
	r.readImages(ctx)
	if record.Status != ecs.Successful {
		r.result.Causes = r.causesOf(ctx, service, record)
	}
	why := because(r.result.Causes, record.StatusReason)
	switch {
	case record.Status == ecs.RollbackSuccessful:
		r.verdict(tagboat.VerdictRolledBack, fmt.Sprintf("ECS rolled %s, back to %s%s", name, runs, why))
	case record.Status == ecs.RollbackFailed:
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("ECS could not roll %s, back%s", name, why))
	case record.Status == ecs.Successful:
		r.succeededByRecord(ctx, primary)
	case j.Back && len(r.result.Causes) > 0:
		r.judgeBack(ctx, service, name, why)
	case j.Newest:
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s, was stopped, and nothing was rolled back%s; undo it with: tagboat rollback --env %s %s", name, why, r.plan.Desired.Environment, r.plan.Desired.Service))
	default:
		r.verdict(tagboat.VerdictSuperseded, fmt.Sprintf("%s, was stopped, since another began; the service has %s", name, runs))
	}
}

// judgeBack waits until the deployment that took the place of a failed one is steady. What
// goes back has not gone back yet, and can fail as well.
func (r *roll) judgeBack(ctx context.Context, s ecs.Service, name, why string) {
	deadline := time.Now().Add(r.options.timeout())
	primary, _ := s.Primary()
	steady := func() bool { return primary.RolloutState == ecs.RolloutCompleted || deploy.Settled(s, primary) }
	for r.options.Wait && ctx.Err() == nil && !steady() && primary.RolloutState != ecs.RolloutFailed && time.Now().Before(deadline) {
		r.report(StateRollingBack, primary, "back to "+ecs.LastPart(primary.TaskDefinition))
		if wait.For(ctx, stagesEvery) != nil {
			break
		}
		now, err := serviceNow(ctx, r.plan.Client, r.plan.Desired)
		if err != nil && deploy.Refused(err) {
			break
		}
		if err == nil {
			s = now
			primary, _ = s.Primary()
		}
	}
	runs := ecs.LastPart(primary.TaskDefinition)
	r.result.Images = deploy.ImageStates(r.plan.Desired.Images, nil)
	r.readImages(ctx)
	goesOn := fmt.Sprintf("the rollback to %s (deployment %s) continues in ECS; watch it with: tagboat status --env %s", runs, primary.ID, r.plan.Desired.Environment)
	switch {
	case primary.RolloutState == ecs.RolloutFailed:
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s, failed%s; the rollback to %s failed too", name, why, runs))
	case steady():
		r.verdict(tagboat.VerdictRolledBack, fmt.Sprintf("%s, failed, and the service went back to %s%s", name, runs, why))
	case ctx.Err() != nil:
		r.verdict(tagboat.VerdictInterrupted, fmt.Sprintf("%s, failed%s; %s", name, why, goesOn))
	default:
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s, failed%s; %s", name, why, goesOn))
	}
}

// succeededByRecord looks at the tasks of a deployment that ECS says came through.
func (r *roll) succeededByRecord(ctx context.Context, primary ecs.Deployment) {
	var v verification
	d := r.plan.Desired
	found, err := v.look(ctx, &r.place.taskReader, d, d.ServiceName, primary)
	if err == nil && found == pinnedRuns {
		r.verdict(tagboat.VerdictSucceeded, ecs.LastPart(primary.TaskDefinition)+" runs, with the pinned digests"+untold(v.untold))
		return
	}
	r.verdict(tagboat.VerdictFailed, "the deployment completed, but not all of its tasks were seen to run what is pinned: "+cmp.Or(v.other, v.missing))
}

// causesOf gathers why a service deployment ended as it did. Its tasks are known by the
// revision that they have: the record does not say by which id they were started.
func (r *roll) causesOf(ctx context.Context, s ecs.Service, record ecs.ServiceDeployment) []tagboat.Cause {
	d := ecs.Deployment{CreatedAt: record.CreatedAt}
	revisions, err := r.plan.Client.Deployments.DescribeServiceRevisions(ctx, []string{record.Target.ARN})
	if err != nil || len(revisions) == 0 {
		return nil
	}
	d.TaskDefinition = revisions[0].TaskDefinition
	r.result.TaskDefinition = d.TaskDefinition
	stopped, err := deploy.ServiceTasks(ctx, r.plan.Client.ECS, r.plan.Desired.Cluster, s.Name, ecs.Stopped)
	if err != nil {
		return nil
	}
	for _, t := range stopped {
		if t.TaskDefinition == d.TaskDefinition && !t.CreatedAt.Before(record.CreatedAt) {
			d.ID = t.StartedBy
		}
	}
	if d.ID == "" {
		return nil
	}
	r.result.DeploymentID = d.ID
	g := explain.Gatherer{Client: r.plan.Client, Desired: r.plan.Desired, Deployment: record.ARN}
	return g.Causes(ctx, s, d)
}

// Pauses answers the PAUSE hooks of deployments.
type Pauses interface {
	DescribeServiceDeployments(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error)
	ContinueServiceDeployment(ctx context.Context, arn, hookID string, rollback bool) error
}

// Continue lets the deployment under way of a service go on from where it waits or, with
// rollback, go back. It returns the stage in which it waited. That nothing waits is an
// error of kind Usage.
func Continue(ctx context.Context, p Pauses, t deploy.Target, rollback bool) (stage string, err error) {
	deployment, err := Paused(ctx, t)
	if err != nil {
		return "", err
	}
	for _, hook := range deployment.Waiting() {
		err := persist(ctx, true, func() error { return p.ContinueServiceDeployment(ctx, deployment.ARN, hook.ID, rollback) },
			func() (bool, error) { return passed(ctx, p, deployment.ARN, hook.ID) })
		if err != nil {
			return "", fmt.Errorf("continuing the deployment of service %q: %w", t.Desired.ServiceName, err)
		}
	}
	return deployment.LifecycleStage, nil
}

// Paused returns the deployment under way of a service that waits at a pause hook for somebody. That
// none does is an error of kind Usage.
func Paused(ctx context.Context, t deploy.Target) (ecs.ServiceDeployment, error) {
	nothing := tagboat.Usagef("no deployment of service %s in %s waits to be continued", t.Desired.Service, t.Desired.Environment).
		WithHint("tagboat status --env %s shows how it stands", t.Desired.Environment)
	service, err := serviceNow(ctx, t.Client, t.Desired)
	if errors.Is(err, errGone) {
		return ecs.ServiceDeployment{}, nothing
	}
	if err != nil {
		return ecs.ServiceDeployment{}, fmt.Errorf("reading service %q: %w", t.Desired.ServiceName, err)
	}
	deployment, err := deploy.UnderWay(ctx, t.Client, service)
	if err != nil {
		return ecs.ServiceDeployment{}, fmt.Errorf("reading the deployment under way of service %q: %w", t.Desired.ServiceName, err)
	}
	if len(deployment.Waiting()) == 0 {
		return ecs.ServiceDeployment{}, nothing
	}
	return deployment, nil
}

// passed reports whether a hook of a deployment does not wait any more.
func passed(ctx context.Context, p Pauses, arn, hook string) (bool, error) {
	now, err := p.DescribeServiceDeployments(ctx, []string{arn})
	if err != nil || len(now) == 0 {
		return false, err
	}
	return !slices.ContainsFunc(now[0].Waiting(), func(h ecs.LifecycleHook) bool { return h.ID == hook }), nil
}
