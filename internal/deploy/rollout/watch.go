package rollout

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	// longestSilence is how long AWS may leave all polls without an answer.
	longestSilence = 5 * time.Minute
	// missingFor is how long a service may be missing from answers, which are only
	// eventually consistent, before it counts as deleted.
	missingFor = time.Minute
	// unseenFor is how long answers may be older than our own change before ECS's record of
	// our deployment is asked what became of it.
	unseenFor = 5 * time.Second
	// digestLooks is how often the tasks of a completed rollout are read before other
	// digests than the pinned ones are believed, or that AWS tells none.
	digestLooks = 5
)

// watch follows one rollout to its end.
type watch struct {
	client   *deploy.Client
	desired  deploy.Desired
	reader   *taskReader
	course   course
	failFast bool // end early where tasks keep failing
	pinned   bool // the digests that run must be the pinned ones
	state    State
	report   func(State, ecs.Deployment, string)

	last         ecs.Service
	primary      ecs.Deployment
	seen         bool // an answer had our deployment
	completed    bool // the last answer had it completed
	causes       []tagboat.Cause
	troubles     troubles
	stages       stages
	lastErr      error
	refusals     int
	missingSince time.Time
	unseenSince  time.Time
	digests      verification
}

// run receives snapshots until the rollout ends, limit has passed, AWS has been silent
// for too long or refuses to tell, or ctx ends.
func (w *watch) run(ctx context.Context, snapshots <-chan snapshot, limit time.Duration) ending {
	w.stages.client = w.client
	deadline, silence := time.NewTimer(limit), time.NewTimer(longestSilence)
	defer deadline.Stop()
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return w.end(endedInterrupt, "")
		case <-deadline.C:
			return w.end(endedTimeout, w.unproven())
		case <-silence.C:
			return w.end(endedSilence, w.silence())
		case s := <-snapshots:
			if s.err == nil {
				silence.Reset(longestSilence)
			}
			if e, ended := w.consider(ctx, s); ended && ctx.Err() == nil {
				return e
			}
		}
	}
}

// silence says why nothing was heard of the service.
func (w *watch) silence() string {
	if w.lastErr == nil {
		return "the service stood in none"
	}
	return w.lastErr.Error()
}

// unproven says what keeps a rollout that may be over from having a verdict, or "".
func (w *watch) unproven() string {
	switch {
	case w.completed:
		return w.digests.missing
	case !w.unseenSince.IsZero() && len(w.course.former) > 0:
		return "no answer of AWS has shown the change of " + strings.Join(slices.Sorted(maps.Keys(w.course.former)), ", ")
	default:
		return ""
	}
}

// heard notes an error of reading. It is never a verdict, but what AWS refuses twice it will
// refuse again: that ends the wait.
func (w *watch) heard(err error) (ending, bool) {
	w.lastErr = err
	if deploy.Refused(err) {
		w.refusals++
	}
	w.report(w.state, w.primary, "AWS did not answer, asking again: "+err.Error())
	return w.end(endedRefused, deploy.Refusal(w.desired, err)), deploy.Refused(err) && w.refusals > 1
}

func (w *watch) end(h how, what string) ending {
	return ending{how: h, service: w.last, primary: w.primary, deployment: w.stages.arn, what: what, causes: w.causes, completed: w.completed}
}

// consider looks at one snapshot and reports whether the rollout ended with it.
func (w *watch) consider(ctx context.Context, s snapshot) (ending, bool) {
	switch {
	case s.err != nil:
		return w.heard(s.err)
	case s.missing:
		return w.gone()
	}
	w.missingSince = time.Time{}
	before := w.last
	w.last = s.service
	own, present := s.service.Deployment(w.course.id)
	w.seen = w.seen || present
	if s.service.Status == ecs.Draining || s.service.Status == ecs.Inactive {
		return w.end(endedGone, ""), !w.older()
	}
	standing, primary := w.course.judge(s.service)
	w.primary = primary
	if standing == doubtful || standing == unseen {
		var err error
		if standing, err = w.byRecord(ctx, standing); err != nil {
			return w.heard(err)
		}
	} else {
		w.unseenSince = time.Time{}
	}
	if standing == going {
		w.lookAtStages(ctx)
	}
	w.completed = standing == completed
	w.tell(standing, own)
	switch standing {
	case completed:
		return w.checkTasks(ctx)
	case stalled:
		return w.end(endedFailing, own.RolloutReason), true
	case overtaken:
		return w.end(endedOvertaken, ""), true
	case ecsRollingBack, ecsRolledBack:
		return w.rolledBackByECS(ctx, own, standing)
	case unseen, doubtful:
		return ending{}, false
	default:
		return w.failEarly(ctx, before, own)
	}
}

// tell reports how our deployment stands, or the one that ECS goes back to.
func (w *watch) tell(s standing, own ecs.Deployment) {
	if s == ecsRollingBack || s == ecsRolledBack {
		w.state = StateRollingBack
		w.report(w.state, w.primary, "ECS goes back to "+ecs.LastPart(w.primary.TaskDefinition))
		return
	}
	w.report(w.state, own, cmp.Or(w.stages.note(w.desired), lastEvent(w.last, own), own.RolloutReason))
}

// byRecord asks ECS's record of our deployment where a snapshot has another PRIMARY one, or
// none of ours for a while. Without an answer it is unseen.
func (w *watch) byRecord(ctx context.Context, s standing) (standing, error) {
	if w.unseenSince.IsZero() {
		w.unseenSince = time.Now()
	}
	if s == unseen && (time.Since(w.unseenSince) < unseenFor || w.primary.ID == w.course.id || w.primary.ID == "") {
		return unseen, nil
	}
	own := ecs.Deployment{ID: w.course.id, TaskDefinition: w.course.taskDefinition, CreatedAt: w.course.began}
	asked := false
	err := w.stages.find(ctx, w.desired, own)
	if err == nil && w.stages.arn != "" {
		asked, err = w.stages.ask(ctx)
	}
	if asked && err == nil {
		err = w.stages.find(ctx, w.desired, own)
	}
	known := w.stages.last.Status != "" && (asked || s == unseen)
	switch {
	case deploy.Refused(err) && s == doubtful && !slices.Contains(w.course.before, w.primary.ID):
		return overtaken, nil // the ids say so, too
	case err != nil:
		return unseen, err
	case known:
		return w.course.judgeByRecord(w.last, w.primary, w.stages.last, s), nil
	case w.stages.arn == "" || w.client.Deployments == nil:
		return w.course.judgeWithoutRecord(w.last, w.primary, s), nil
	default:
		return unseen, nil
	}
}

// lookAtStages asks for what the snapshot does not tell. That it cannot be had decides
// nothing.
func (w *watch) lookAtStages(ctx context.Context) {
	if err := w.stages.look(ctx, w.last); err != nil {
		w.report(w.state, w.primary, "in which stage it is could not be read: "+err.Error())
	}
}

// older reports whether an answer that does not have the service may be older than it.
func (w *watch) older() bool { return w.course.created && !w.seen }

func (w *watch) gone() (ending, bool) {
	if w.missingSince.IsZero() {
		w.missingSince = time.Now()
	}
	return w.end(endedGone, ""), !w.older() && time.Since(w.missingSince) >= missingFor
}

// rolledBackByECS gathers the causes as soon as the rollback shows, because targets
// and logs fade while it goes on.
func (w *watch) rolledBackByECS(ctx context.Context, own ecs.Deployment, standing standing) (ending, bool) {
	if w.causes == nil && w.failFast {
		if own.ID == "" {
			own = ecs.Deployment{ID: w.course.id, TaskDefinition: w.course.taskDefinition}
		}
		g := explain.Gatherer{Client: w.client, Desired: w.desired, Deployment: w.stages.arn}
		w.causes = g.Causes(ctx, w.last, own)
	}
	return w.end(endedByECS, own.RolloutReason), standing == ecsRolledBack
}

func (w *watch) failEarly(ctx context.Context, before ecs.Service, own ecs.Deployment) (ending, bool) {
	if !w.failFast {
		return ending{}, false
	}
	look, notOlder := w.troubles.look(before, w.last, own, time.Now())
	if !look {
		return ending{}, false
	}
	stopped, err := w.reader.read(ctx, w.desired.Cluster, w.last.Name, ecs.Stopped, notOlder)
	if err != nil {
		return w.heard(err)
	}
	stopped = slices.DeleteFunc(stopped, func(t ecs.Task) bool { return t.StartedBy != own.ID })
	what, over := hopeless(deploy.MarkOptional(ctx, w.client.ECS, own.TaskDefinition, stopped), w.last, own)
	return w.end(endedFailing, what), over
}

// checkTasks makes sure that the tasks of a completed rollout run what is pinned.
func (w *watch) checkTasks(ctx context.Context) (ending, bool) {
	switch e := w.end(endedWell, ""); {
	case !w.pinned, w.primary.Desired == 0 && (w.course.wanted == 0 || w.last.SchedulingStrategy == ecs.Daemon):
		e.images = deploy.ImageStates(w.desired.Images, nil)
		return e, true
	case w.primary.Desired == 0:
		return w.end(endedScaledDown, ""), true
	}
	seen, err := w.digests.look(ctx, w.reader, w.desired, w.last.Name, w.primary)
	if err != nil {
		w.digests.missing = "its tasks could not be read: " + err.Error()
		return w.heard(err)
	}
	e := w.end(endedWell, "")
	e.images, e.untold = w.digests.images, w.digests.untold
	if seen == otherDigests {
		e.how, e.what = endedOtherDigests, w.digests.other
	}
	return e, seen != notYet
}
