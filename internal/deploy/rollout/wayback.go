package rollout

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// failing explains a rollout that will not get well and goes the way back: to what ran
// well before; without that, a service that never ran is stopped.
func (r *roll) failing(ctx context.Context, c course, e ending) {
	r.explain(ctx, c, e)
	why := fmt.Sprintf("%s failed%s", ecs.LastPart(c.taskDefinition), because(r.result.Causes, e.what))
	theirs, overtaken := r.overtaken(ctx, c)
	switch {
	case overtaken:
		r.verdict(tagboat.VerdictSuperseded, why+"; it was not rolled back, because "+r.overtakenBy(ctx, c, theirs))
	case r.options.NoRollback:
		r.verdict(tagboat.VerdictFailed, why+"; left as it is, as requested: ECS keeps trying"+r.howToUndo(c))
	case c.good != "" && (c.good != c.taskDefinition || r.broughtSettings(c)):
		r.rollBack(ctx, c, e, why)
	case c.good == "" && neverRan(c, e.service) && !r.plan.Desired.Express:
		r.stop(ctx, e.service, why)
	case c.good != "":
		d := r.plan.Desired
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; the service had %s before, so it was left as it is; go further back with: tagboat rollback --env %s %s",
			why, ecs.LastPart(c.good), d.Environment, d.Service))
	default:
		r.verdict(tagboat.VerdictFailed, why+"; no other version ran well, so it was left as it is")
	}
}

// broughtSettings reports whether what we started is a deployment of other settings of the
// service, with the task definition that ran well before.
func (r *roll) broughtSettings(c course) bool {
	return len(changedMembers(r.plan.Steps)) > 0 && c.id != "" && !slices.Contains(r.plan.Observed.IDs(), c.id)
}

// overtaken looks whether somebody else has deployed the service since we saw ours fail,
// which took a while to explain: theirs is not rolled back.
func (r *roll) overtaken(ctx context.Context, c course) (ecs.Deployment, bool) {
	now, err := serviceNow(ctx, r.plan.Client, r.plan.Desired)
	if err != nil {
		return ecs.Deployment{}, false
	}
	standing, primary := c.judge(now)
	return primary, (standing == overtaken || standing == doubtful) && !slices.Contains(c.before, primary.ID)
}

// neverRan reports whether nothing of the service is worth keeping: no older deployment
// has tasks.
func neverRan(c course, s ecs.Service) bool {
	for _, d := range s.Deployments {
		if d.ID != c.id && d.Running > 0 {
			return false
		}
	}
	return s.SchedulingStrategy != ecs.Daemon
}

// rollBack brings the service back to what ran well before, with the settings that it
// had, and waits until that is steady.
func (r *roll) rollBack(ctx context.Context, c course, failed ending, why string) {
	r.report(StateRollingBack, ecs.Deployment{}, "back to "+ecs.LastPart(c.good))
	var former former
	var back course
	var err error
	if r.plan.Desired.Express {
		back, err = r.startExpressRollback(ctx, c)
	} else {
		former = r.former(ctx, c, failed)
		back, err = r.startRollback(ctx, c, former)
	}
	if err != nil {
		r.notRolledBack(ctx, c, why, err)
		return
	}
	e := r.follow(ctx, back, StateRollingBack)
	to := cmp.Or(back.instead, ecs.LastPart(back.taskDefinition))
	if c.good == c.taskDefinition {
		to += " with the settings of before"
	}
	switch e.how {
	case endedWell, endedByECS:
		r.result.Images = deploy.ImageStates(r.plan.Desired.Images, nil)
		r.readImages(ctx)
		r.verdict(tagboat.VerdictRolledBack, fmt.Sprintf("%s; rolled back to %s, which runs%s", why, to, former.and()))
	case endedOvertaken:
		r.verdict(tagboat.VerdictSuperseded, fmt.Sprintf("%s; while it was rolled back to %s, %s", why, to, r.overtakenBy(ctx, back, e.primary)))
	case endedInterrupt:
		r.verdict(tagboat.VerdictInterrupted, fmt.Sprintf("%s; the rollback to %s (deployment %s) continues in ECS; watch it with: tagboat status --env %s", why, to, back.id, r.plan.Desired.Environment))
	case endedTimeout, endedSilence, endedRefused:
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; the rollback to %s (deployment %s) continues in ECS, and its end was not seen: %s; watch it with: tagboat status --env %s",
			why, to, back.id, notSteady(e), r.plan.Desired.Environment))
	default:
		r.rollbackFailed(c, why, notSteady(e))
	}
}

// notSteady says why a rollback is given up.
func notSteady(e ending) string {
	switch {
	case e.how == endedGone:
		return "the service was deleted"
	case e.what != "":
		return "it did not become steady: " + e.what
	default:
		return "it did not become steady in time"
	}
}

// notRolledBack tells a rollback that could not be started, as far as that is known.
func (r *roll) notRolledBack(ctx context.Context, c course, why string, err error) {
	var unknown unknownOutcome
	switch {
	case ctx.Err() != nil:
		r.verdict(tagboat.VerdictInterrupted, why+"; interrupted before ECS said that it was rolled back"+r.howToUndo(c))
	case errors.As(err, &unknown):
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; whether it was rolled back to %s is not known: %v; see with: tagboat status --env %s%s",
			why, ecs.LastPart(c.good), err, r.plan.Desired.Environment, r.howToUndo(c)))
	default:
		r.rollbackFailed(c, why, err.Error())
	}
}

func (r *roll) rollbackFailed(c course, why, what string) {
	r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; the rollback to %s failed too: %s%s", why, ecs.LastPart(c.good), what, r.howToUndo(c)))
}

// startRollback updates the service to what ran well before.
func (r *roll) startRollback(ctx context.Context, c course, former former) (course, error) {
	a := applier{client: r.plan.Client, desired: r.plan.Desired, observed: r.plan.Observed, registrations: &r.place.registrations}
	good, err := a.usable(ctx, c.good)
	if err != nil {
		return course{}, err
	}
	a.definition = good
	a.observed.Service = withDeployment(*r.plan.Observed.Service, c.id)
	// A change of the capacity provider strategy is refused unless a deployment is forced.
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
	_, force := former.members["capacityProviderStrategy"]
	service, err := a.update(ctx, deploy.UpdateService{Name: r.plan.Desired.ServiceName, Members: former.members, Force: force})
	if err != nil {
		return course{}, err
	}
	back := course{before: append(a.observed.IDs(), c.before...), good: good, instead: a.instead}
	back.started(service, good)
	return back, nil
}

// withDeployment returns s with one more deployment that was there before.
func withDeployment(s ecs.Service, id string) *ecs.Service {
	s.Deployments = append([]ecs.Deployment{{ID: id}}, s.Deployments...)
	return &s
}

// stop sets the desired count of a service that never ran to zero, so that ECS does
// not start failing tasks forever. The tag comes first: it says nothing while the
// service wants tasks, and the next deployment restores from it.
func (r *roll) stop(ctx context.Context, s ecs.Service, why string) {
	d := r.plan.Desired
	remove := fmt.Sprintf("aws ecs delete-service --cluster %s --service %s --force", d.Cluster, d.ServiceName)
	err := r.plan.Client.ECS.TagResource(ctx, s.ARN, map[string]string{deploy.StoppedTag: strconv.Itoa(s.Desired)})
	if err == nil {
		a := applier{client: r.plan.Client, desired: d, observed: deploy.Observed{Service: &s}, definition: r.result.TaskDefinition}
		_, err = a.update(ctx, deploy.UpdateService{Name: d.ServiceName, Members: map[string]json.RawMessage{"desiredCount": json.RawMessage("0")}})
	}
	var unknown unknownOutcome
	if errors.As(err, &unknown) {
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; nothing ran before to go back to, and whether the service was stopped is not known: %v; see with: tagboat status --env %s; remove it with: %s", why, err, d.Environment, remove))
		return
	}
	if err != nil {
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; nothing ran before to go back to, and the service could not be stopped: %v; it keeps trying to start %d tasks; remove it with: %s", why, err, s.Desired, remove))
		return
	}
	r.verdict(tagboat.VerdictFailed, fmt.Sprintf("%s; nothing ran before to go back to, so the service was stopped: service %s is left in cluster %s with %s and desired count 0 (it was %d); tagboat deploy starts it again once it is fixed; remove it with: %s",
		why, d.ServiceName, d.Cluster, ecs.LastPart(r.result.TaskDefinition), s.Desired, remove))
}

// former is what of a service's settings goes back with its task definition.
type former struct {
	members map[string]json.RawMessage // of UpdateService's input
	stays   []string                   // what does not go back, in words
}

// and says what stays as the failed deployment had it, or "".
func (f former) and() string {
	if len(f.stays) == 0 {
		return ""
	}
	return "; what stays as it was for that: " + strings.Join(f.stays, ", ")
}

// former finds out what the settings of a service were while c.good ran well: from what was
// observed before our own change, and else from the service revision that ECS kept of it.
//
// ECS's own way back, StopServiceDeployment, is not taken: it leads to the revision before,
// which need not be one that ran well, only while the deployment goes on, and restores
// nothing that a revision does not hold.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
func (r *roll) former(ctx context.Context, c course, e ending) former {
	changed := changedMembers(r.plan.Steps)
	primary, _ := r.plan.Observed.Primary()
	seen := r.plan.Changes() && primary.TaskDefinition == c.good
	names := slices.Collect(maps.Keys(changed))
	if !seen {
		names = slices.DeleteFunc(names, inRevision)
	}
	var f former
	f.add(taskdef.Former(names, r.plan.Observed.Service.Record, mustEncode(changed)))
	if seen {
		return f
	}
	good, failed, err := r.revisions(ctx, c, e)
	if err != nil {
		f.stays = append(f.stays, fmt.Sprintf("network, load balancers and other settings, since their earlier values could not be read (%v)", err))
	} else {
		f.add(taskdef.Former(taskdef.RevisionMembers(), good.Record, failed.Record))
		if version, ok := f.members["platformVersion"]; ok {
			f.stays = append(f.stays, fmt.Sprintf("platformVersion, which is the number that ran (%s) though LATEST may have been asked for", version))
		}
	}
	if !r.plan.Changes() {
		f.stays = append(f.stays, "what else an earlier run may have set, such as desiredCount and deploymentConfiguration")
	}
	return f
}

func (f *former) add(members map[string]json.RawMessage, stays []string, err error) {
	if err != nil {
		stays = []string{err.Error()}
	}
	if f.members == nil {
		f.members = map[string]json.RawMessage{}
	}
	maps.Copy(f.members, members)
	f.stays = append(f.stays, stays...)
}

func inRevision(member string) bool { return slices.Contains(taskdef.RevisionMembers(), member) }

// changedMembers returns what the steps of a plan change of a service.
func changedMembers(steps []deploy.Step) map[string]json.RawMessage {
	for _, s := range steps {
		if update, ok := s.(deploy.UpdateService); ok {
			return update.Members
		}
	}
	return nil
}

// mustEncode encodes what was JSON before.
func mustEncode(members map[string]json.RawMessage) json.RawMessage {
	if members == nil {
		return json.RawMessage("{}")
	}
	data, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return data
}

// revisions returns the service revision of what ran well, and that of what failed.
func (r *roll) revisions(ctx context.Context, c course, e ending) (good, failed ecs.ServiceRevision, err error) {
	h, arn := r.plan.Client.Deployments, cmp.Or(e.deployment, deploy.SettingsOf(e.service).Current)
	if h == nil || arn == "" {
		return good, failed, errors.New("ECS names no service deployment")
	}
	records, err := h.DescribeServiceDeployments(ctx, []string{arn})
	if err != nil {
		return good, failed, err
	}
	if len(records) == 0 {
		return good, failed, fmt.Errorf("ECS does not know %s", ecs.LastPart(arn))
	}
	arns := []string{records[0].Target.ARN}
	for _, source := range records[0].Sources {
		arns = append(arns, source.ARN)
	}
	found, err := h.DescribeServiceRevisions(ctx, arns)
	if err != nil {
		return good, failed, err
	}
	for _, revision := range found {
		switch {
		case revision.ARN == records[0].Target.ARN:
			failed = revision
		case revision.TaskDefinition == c.good:
			good = revision
		}
	}
	if failed.TaskDefinition != c.taskDefinition {
		return good, failed, fmt.Errorf("%s did not bring %s", ecs.LastPart(arn), ecs.LastPart(c.taskDefinition))
	}
	if good.ARN == "" {
		good, err = r.revisionOf(ctx, h, c.good)
	}
	return good, failed, err
}

// revisionOf returns the newest service revision with a task definition that ran well.
func (r *roll) revisionOf(ctx context.Context, h deploy.History, definition string) (ecs.ServiceRevision, error) {
	looked := 0
	for ran, err := range deploy.RanWell(ctx, h, r.plan.Desired, time.Time{}) {
		if err != nil {
			return ecs.ServiceRevision{}, err
		}
		if ran.TaskDefinition == definition {
			return ran.ServiceRevision, nil
		}
		if looked++; looked == deploy.RevisionsPerCall {
			break
		}
	}
	return ecs.ServiceRevision{}, fmt.Errorf("ECS does not remember deploying %s", ecs.LastPart(definition))
}
