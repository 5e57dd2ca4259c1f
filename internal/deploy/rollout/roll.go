package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
)

// roll is one deployment from its plan to its verdict.
type roll struct {
	plan     deploy.Plan
	options  Options
	place    *place
	joint    *joint // of a service that is deployed through a stack
	result   tagboat.Deployment
	last     ecs.Deployment // as it was reported last
	watching bool           // our change was made
}

// run carries the plan out. It always ends in a verdict, even where we crash: the others
// go on.
func (r *roll) run(ctx context.Context) tagboat.Deployment {
	if r.joint != nil {
		defer r.joint.leave()
	}
	r.begin()
	r.guarded(func() { r.decide(ctx) })
	return r.end()
}

// guarded makes a crash a verdict that says what goes on.
func (r *roll) guarded(decide func()) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		what := "its progress is not known; tagboat deploy looks again and continues from there"
		if r.result.DeploymentID != "" && r.watching {
			what = fmt.Sprintf("deployment %s continues in ECS; %s", r.result.DeploymentID, r.howToWatch())
		}
		r.verdict(tagboat.VerdictFailed, fmt.Sprintf("tagboat crashed (%v); %s", fault, what))
		r.result.Causes = []tagboat.Cause{{
			Cause: "a fault of tagboat's own", Evidence: string(debug.Stack()), Advice: "please report it with these lines",
		}}
	}()
	decide()
}

// skip ends the deployment without having begun it.
func (r *roll) skip(why string) tagboat.Deployment {
	if r.joint != nil {
		defer r.joint.leave()
	}
	r.begin()
	r.verdict(tagboat.VerdictSkipped, "it was not begun, because "+why+"; nothing was changed")
	return r.end()
}

func (r *roll) begin() {
	d := r.plan.Desired
	r.result = tagboat.Deployment{
		Environment: d.Environment,
		Service:     d.Service,
		Images:      deploy.ImageStates(d.Images, nil),
		Causes:      []tagboat.Cause{},
		StartedAt:   time.Now().UTC(),
	}
	if primary, ok := r.plan.Observed.Primary(); ok {
		r.result.PreviousTaskDefinition = primary.TaskDefinition
		r.result.TaskDefinition = primary.TaskDefinition
		r.result.DeploymentID = primary.ID
		r.last = primary
	}
}

func (r *roll) end() tagboat.Deployment {
	if r.result.Causes == nil {
		r.result.Causes = []tagboat.Cause{}
	}
	r.result.Images = deploy.WithPreviousVersions(r.result.Images, r.plan)
	r.result.EndedAt = time.Now().UTC()
	r.report(StateDone, ecs.Deployment{}, r.inShort())
	return r.result
}

func (r *roll) decide(ctx context.Context) {
	left := r.plan.LeftAlone
	switch {
	case left != nil:
		r.verdict(left.Verdict, left.Why+"; nothing was changed")
	case ctx.Err() != nil:
		r.result.DeploymentID = "" // what was there before is not ours
		r.verdict(tagboat.VerdictInterrupted, "it was not begun: nothing was changed")
	case len(r.plan.Problems) > 0:
		r.verdict(tagboat.VerdictFailed, "it was not begun: "+r.plan.Problems[0].Message)
	case len(r.plan.Steps) == 0:
		r.unchanged(ctx)
	default:
		if judge, ended := r.plan.Steps[0].(deploy.Judge); ended {
			r.judge(ctx, judge)
			return
		}
		if r.joint != nil {
			r.throughStack(ctx)
			return
		}
		r.carryOut(ctx)
	}
}

// unchanged says what runs: where that follows from what was seen already without a
// call, else as far as it can be read.
func (r *roll) unchanged(ctx context.Context) {
	primary, _ := r.plan.Observed.Primary()
	switch {
	case r.plan.Observed.MustRun(r.plan.Desired.Images):
		for i := range r.result.Images {
			r.result.Images[i].Running = r.result.Images[i].Pinned
		}
		r.verdict(tagboat.VerdictUnchanged, "it already runs what is wanted")
	case primary.Desired == 0:
		r.verdict(tagboat.VerdictUnchanged, fmt.Sprintf("%s is what the service has already; no task of it runs, since none is desired", ecs.LastPart(primary.TaskDefinition)))
	default:
		r.unchangedByTasks(ctx, primary)
	}
}

// unchangedByTasks looks at all tasks before it says that they run what is pinned.
func (r *roll) unchangedByTasks(ctx context.Context, primary ecs.Deployment) {
	d, name := r.plan.Desired, ecs.LastPart(primary.TaskDefinition)
	var v verification
	var err error
	found := notYet
	for look := 0; look < 2*digestLooks && found == notYet && !deploy.Refused(err); look++ {
		if look > 0 && wait.For(ctx, firstPause) != nil {
			break
		}
		found, err = v.look(ctx, &r.place.taskReader, d, d.ServiceName, primary)
	}
	if v.images != nil {
		r.result.Images = deploy.WithRunningTags(v.images, r.plan.Observed)
	}
	nothing := fmt.Sprintf("nothing was changed, since %s is what the service has already", name)
	switch {
	case found == pinnedRuns:
		r.verdict(tagboat.VerdictUnchanged, "it already runs what is wanted"+untold(v.untold))
	case ctx.Err() != nil:
		r.verdict(tagboat.VerdictInterrupted, nothing+"; interrupted before what its tasks run was seen")
	case found == otherDigests:
		r.verdict(tagboat.VerdictFailed, nothing+", but "+v.other)
	case err != nil:
		r.verdict(tagboat.VerdictFailed, nothing+"; what its tasks run could not be seen: "+cmp.Or(deploy.Refusal(d, err), err.Error()))
	default:
		r.verdict(tagboat.VerdictFailed, nothing+"; what its tasks run could not be seen: "+v.missing)
	}
}

func (r *roll) carryOut(ctx context.Context) {
	r.report(StateApplying, ecs.Deployment{}, r.plan.Steps[0].String())
	a := applier{client: r.plan.Client, desired: r.plan.Desired, observed: r.plan.Observed, registrations: &r.place.registrations, pins: r.options.Pins}
	c, err := a.apply(ctx, r.plan.Steps)
	r.result.TaskDefinition, r.result.DeploymentID = a.definition, c.id
	r.watching = err == nil
	switch {
	case err != nil:
		r.notApplied(ctx, err)
		if a.tagged {
			r.result.Refused = false
			r.result.Reason += "; its tags were changed before that"
		}
	case tagsAlone(r.plan.Steps):
		if r.unchanged(ctx); r.result.Verdict == tagboat.VerdictUnchanged {
			r.verdict(tagboat.VerdictSucceeded, "its tags were changed, which needs no deployment; "+r.result.Reason)
		}
	case !r.options.Wait:
		r.verdict(tagboat.VerdictStarted, "nobody waited for its end, and "+r.whoRollsBack(c, c.answer)+"; "+r.howToWatch())
	default:
		r.conclude(ctx, c, r.follow(ctx, c, StateRolling))
		r.pinnedYet(ctx)
	}
}

// pinnedYet looks once more at what is pinned: a success of what should run no more is none.
func (r *roll) pinnedYet(ctx context.Context) {
	if r.result.Verdict != tagboat.VerdictSucceeded || r.options.Pins == nil {
		return
	}
	why, err := r.options.Pins.Moved(ctx, r.plan.Desired)
	switch {
	case tagboat.KindOf(err) == tagboat.Blocked: // what runs already is no change
	case err != nil:
		r.result.Reason += "; whether that is still what is pinned could not be read: " + err.Error()
	case why != "":
		r.verdict(tagboat.VerdictSuperseded, fmt.Sprintf("%s, and should no more: %s; to bring that: tagboat deploy --env %s %s",
			r.result.Reason, why, r.plan.Desired.Environment, r.plan.Desired.Service))
	}
}

// tagsAlone reports whether steps change the tags of the service and nothing else.
func tagsAlone(steps []deploy.Step) bool {
	return !slices.ContainsFunc(steps, func(s deploy.Step) bool {
		_, tags := s.(deploy.TagService)
		return !tags
	})
}

// notApplied tells a step that failed: what the service runs did not change, unless nobody
// knows that.
func (r *roll) notApplied(ctx context.Context, err error) {
	var unknown unknownOutcome
	var changing changeError
	var moved movedError
	switch {
	case tagboat.KindOf(err) == tagboat.Blocked:
		r.verdict(tagboat.VerdictBlocked, err.Error()+"; the service was not changed")
	case errors.As(err, &moved):
		r.verdict(tagboat.VerdictSuperseded, "the service was not changed, since it was planned for what is pinned no more: "+moved.why)
	case ctx.Err() != nil:
		r.verdict(tagboat.VerdictInterrupted, "it was interrupted before ECS said that the service changed; tagboat deploy looks again and continues from there")
	case errors.As(err, &changing) && errors.As(err, &unknown):
		r.verdict(tagboat.VerdictFailed, err.Error()+"; whether the service changed is not known; tagboat deploy looks again and continues from there")
	default:
		r.result.Refused = errors.Is(err, ecs.ErrNotDone) || tagboat.KindOf(err) == tagboat.Usage
		r.verdict(tagboat.VerdictFailed, err.Error()+"; the service was not changed"+deploy.PolicyFor(r.plan.Desired, err))
	}
}

// follow watches the deployment of c to its end. Only what we deployed is judged by
// its digests and its failing tasks; what we roll back to has run well before.
func (r *roll) follow(ctx context.Context, c course, state State) ending {
	snapshots, stop := r.place.watch(ctx, r.plan.Desired.Cluster, r.plan.Desired.ServiceName)
	defer stop()
	ours := state == StateRolling
	w := watch{
		client: r.plan.Client, desired: r.plan.Desired, reader: &r.place.taskReader, course: c,
		failFast: ours, pinned: ours, state: state, report: r.report,
	}
	return w.run(ctx, snapshots, r.options.timeout())
}

// readImages fills in what runs. What cannot be read stays empty.
func (r *roll) readImages(ctx context.Context) {
	d := r.plan.Desired
	tasks, err := r.place.taskReader.read(ctx, d.Cluster, d.ServiceName, ecs.Running, 0)
	if err == nil {
		r.result.Images = deploy.WithRunningTags(deploy.ImageStates(d.Images, tasks), r.plan.Observed)
	}
}

func (r *roll) verdict(v tagboat.Verdict, reason string) {
	r.result.Verdict, r.result.Reason = v, reason
}

// report tells the progress; a zero d stands for what was reported before.
func (r *roll) report(state State, d ecs.Deployment, note string) { r.reportAs(state, d, note, false) }

func (r *roll) reportAs(state State, d ecs.Deployment, note string, news bool) {
	if d.ID == "" {
		d = r.last
	}
	r.last = d
	r.options.Progress.Event(Update{
		Environment: r.plan.Desired.Environment,
		Service:     r.plan.Desired.Service,
		State:       state,
		Verdict:     r.result.Verdict,
		Healthy:     d.Running,
		Desired:     d.Desired,
		Note:        note,
		News:        news,
		At:          time.Now().UTC(),
	})
}

// inShort says in a few words why it did not end well; "" where it did. All of it stands
// in the result.
func (r *roll) inShort() string {
	switch {
	case r.result.Verdict.Concern() >= tagboat.Fine:
		return ""
	case len(r.result.Causes) > 0:
		return r.result.Causes[0].Cause
	default:
		short, _, _ := strings.Cut(r.result.Reason, ";")
		return short
	}
}

func (r *roll) howToWatch() string {
	return fmt.Sprintf("watch it to its end with: tagboat deploy --resume --env %s %s", r.plan.Desired.Environment, r.plan.Desired.Service)
}
