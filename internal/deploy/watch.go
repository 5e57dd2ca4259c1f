package deploy

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	// longestSilence is how long AWS may leave all polls without an answer.
	longestSilence = 5 * time.Minute
	// missingFor is how long a service may be missing from answers, which are only
	// eventually consistent, before it counts as deleted.
	missingFor = time.Minute
	// unseenFor is how long answers may be older than our own change.
	unseenFor = 30 * time.Second
	// digestLooks is how often the tasks of a completed rollout are read before other
	// digests than the pinned ones are believed.
	digestLooks = 5
)

// watch follows one rollout to its end.
type watch struct {
	client   *Client
	desired  Desired
	course   course
	failFast bool // end early where tasks keep failing
	pinned   bool // the digests that run must be the pinned ones
	state    State
	report   func(State, ecs.Deployment, string)

	last         ecs.Service
	primary      ecs.Deployment
	causes       []tagboat.Cause
	troubles     troubles
	stages       stages
	lastErr      error
	missingSince time.Time
	unseenSince  time.Time
	digestLooks  int
}

// run receives snapshots until the rollout ends, limit has passed, AWS has been silent
// for too long, or ctx ends.
func (w *watch) run(ctx context.Context, snapshots <-chan snapshot, limit time.Duration) ending {
	deadline, silence := time.NewTimer(limit), time.NewTimer(longestSilence)
	defer deadline.Stop()
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return w.end(endedInterrupt, "")
		case <-deadline.C:
			return w.end(endedTimeout, "")
		case <-silence.C:
			return w.end(endedSilence, fmt.Sprint(w.lastErr))
		case s := <-snapshots:
			if s.err != nil {
				w.heard(s.err)
				continue
			}
			silence.Reset(longestSilence)
			if e, ended := w.consider(ctx, s); ended && ctx.Err() == nil {
				return e
			}
		}
	}
}

// heard notes an error of reading; it is never a verdict.
func (w *watch) heard(err error) {
	w.lastErr = err
	w.report(w.state, w.primary, "AWS did not answer, asking again: "+err.Error())
}

func (w *watch) end(h how, what string) ending {
	return ending{how: h, service: w.last, primary: w.primary, deployment: w.stages.arn, what: what, causes: w.causes}
}

// consider looks at one snapshot and tells whether the rollout ended with it.
func (w *watch) consider(ctx context.Context, s snapshot) (ending, bool) {
	if s.missing {
		return w.gone()
	}
	w.missingSince = time.Time{}
	before := w.last
	w.last = s.service
	if s.service.Status == "DRAINING" || s.service.Status == "INACTIVE" {
		return w.end(endedGone, ""), true
	}
	standing, primary := w.course.judge(s.service)
	w.primary = primary
	own, _ := s.service.Deployment(w.course.id)
	if standing == going {
		w.lookAtStages(ctx)
	}
	if standing != unseen {
		w.unseenSince = time.Time{}
	}
	w.tell(standing, own)
	switch standing {
	case completed:
		return w.checkDigests(ctx)
	case stalled:
		return w.end(endedFailing, own.RolloutReason), true
	case overtaken:
		return w.end(endedOvertaken, ""), true
	case ecsRollingBack, ecsRolledBack:
		return w.rolledBackByECS(ctx, own, standing)
	case unseen:
		return w.patience()
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

// lookAtStages asks for what the snapshot does not tell. That it cannot be had decides
// nothing.
func (w *watch) lookAtStages(ctx context.Context) {
	w.stages.client = w.client
	if err := w.stages.look(ctx, w.last); err != nil {
		w.heard(err)
	}
}

func (w *watch) gone() (ending, bool) {
	if w.missingSince.IsZero() {
		w.missingSince = time.Now()
	}
	return w.end(endedGone, ""), time.Since(w.missingSince) >= missingFor
}

// patience waits for answers that know of our change; after a while what they say is
// believed.
func (w *watch) patience() (ending, bool) {
	if w.unseenSince.IsZero() {
		w.unseenSince = time.Now()
	}
	w.course.believed = time.Since(w.unseenSince) >= unseenFor
	return ending{}, false
}

// rolledBackByECS gathers the causes as soon as the rollback shows, because targets
// and logs fade while it goes on.
func (w *watch) rolledBackByECS(ctx context.Context, own ecs.Deployment, standing standing) (ending, bool) {
	if w.causes == nil && w.failFast {
		if own.ID == "" {
			own = ecs.Deployment{ID: w.course.id, TaskDefinition: w.course.taskDefinition}
		}
		g := gatherer{client: w.client, desired: w.desired, deployment: w.stages.arn}
		w.causes = g.causes(ctx, w.last, own)
	}
	return w.end(endedByECS, own.RolloutReason), standing == ecsRolledBack
}

func (w *watch) failEarly(ctx context.Context, before ecs.Service, own ecs.Deployment) (ending, bool) {
	if !w.failFast || !w.troubles.shouldLook(before, w.last, own, time.Now()) {
		return ending{}, false
	}
	stopped, err := serviceTasks(ctx, w.client.ECS, w.desired.Cluster, w.last.Name, "STOPPED")
	if err != nil {
		w.heard(err)
		return ending{}, false
	}
	what, over := hopeless(stopped, own)
	return w.end(endedFailing, what), over
}

// checkDigests compares what runs with what is pinned. The list of tasks is eventually
// consistent, so a difference is looked at again before it is believed.
func (w *watch) checkDigests(ctx context.Context) (ending, bool) {
	tasks, err := serviceTasks(ctx, w.client.ECS, w.desired.Cluster, w.last.Name, "RUNNING")
	if err != nil {
		w.heard(err)
		return ending{}, false
	}
	e := w.end(endedWell, "")
	e.images = imageStates(w.desired.Images, tasksOf(tasks, w.course.id))
	if !w.pinned || w.primary.Desired == 0 {
		return e, true
	}
	if e.what = otherDigests(e.images); e.what == "" {
		return e, true
	}
	w.digestLooks++
	e.how = endedOtherDigests
	return e, w.digestLooks >= digestLooks
}
