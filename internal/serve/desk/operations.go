package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// How many operations are remembered, and notes of each, and how long a service's deployment is watched.
const (
	mostOperations = 200
	mostNotes      = 100
	watched        = 30 * time.Minute
)

// errStopped ends what is under way when the server stops.
var errStopped = errors.New("the server stops")

// operations are those of this process.
type operations struct {
	ctx     context.Context
	stop    context.CancelCauseFunc
	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
	all    []*run // the oldest first
}

// run is an operation: its document, and what reports its changes.
type run struct {
	tell  func(id string)
	nudge func(environments ...tagboat.EnvName)

	mu       sync.Mutex
	document tagboat.OperationDocument
	calls    *operation.Operation
}

// step is one action of a run.
type step struct {
	run *run
	i   int
}

// action returns a step of a run; nil where there is no run.
func (r *run) action(i int) *step {
	if r == nil {
		return nil
	}
	return &step{r, i}
}

// Do plans actions anew and, where that comes to the plan with the hash, begins an operation that does
// exactly that. The error is of kind Blocked where it came to something else, and says what differs.
// Where the person began the same plan before and it is under way, that is what is returned.
func (d *Desk) Do(ctx context.Context, p door.Person, actions []tagboat.Action, hash string) (tagboat.OperationDocument, error) {
	if err := check(actions); err != nil {
		return tagboat.OperationDocument{}, err
	}
	if same, ok := d.operations.find(func(o tagboat.OperationDocument) bool {
		return o.Plan == hash && o.By == p.Name && o.State == tagboat.OperationRunning
	}); ok {
		return same.now(), nil
	}
	r := &run{tell: d.options.Board.Operate, nudge: d.options.Board.Nudge, document: tagboat.OperationDocument{
		ID: strings.ToLower(rand.Text()[:12]), By: p.Name, Plan: hash, State: tagboat.OperationRunning,
		Actions: []tagboat.OperationAction{}, Progress: []tagboat.Progress{}, Notes: []string{},
	}}
	for _, a := range actions {
		r.document.Actions = append(r.document.Actions, tagboat.OperationAction{Action: a, State: tagboat.OperationWaiting})
	}
	planning, _ := operation.Start(ctx, nil)
	all, err := d.plan(planning, p, actions, r)
	if err != nil {
		return tagboat.OperationDocument{}, err
	}
	if err := all.holds(hash); err != nil {
		return tagboat.OperationDocument{}, err
	}
	if err := d.operations.begin(r, all); err != nil {
		return tagboat.OperationDocument{}, err
	}
	return r.now(), nil
}

// Operations returns what was done for people, the newest first.
func (d *Desk) Operations() tagboat.OperationsDocument {
	d.operations.mu.Lock()
	all := slices.Clone(d.operations.all)
	d.operations.mu.Unlock()
	slices.Reverse(all)
	document := tagboat.OperationsDocument{Operations: []tagboat.OperationDocument{}}
	for _, r := range all {
		document.Operations = append(document.Operations, r.now())
	}
	return document
}

// Operation returns how an operation goes on, or ended; false where there is none with that id.
func (d *Desk) Operation(id string) (tagboat.OperationDocument, bool) {
	r, ok := d.operations.find(func(o tagboat.OperationDocument) bool { return o.ID == id })
	if !ok {
		return tagboat.OperationDocument{}, false
	}
	return r.now(), true
}

// Close waits until the operations that run have ended, or ctx has: then they end as interrupted, and
// what they began in ECS continues. Nothing begins any more.
func (d *Desk) Close(ctx context.Context) {
	d.operations.mu.Lock()
	d.operations.closed = true
	d.operations.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		d.operations.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		d.operations.stop(errStopped)
		<-ended
	}
}

func (o *operations) find(is func(tagboat.OperationDocument) bool) (*run, bool) {
	o.mu.Lock()
	all := slices.Clone(o.all)
	o.mu.Unlock()
	for _, r := range all {
		if r.is(is) {
			return r, true
		}
	}
	return nil, false
}

// is reports whether something is true of the document, which is not copied for it.
func (r *run) is(what func(tagboat.OperationDocument) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return what(r.document)
}

// begin carries plans out, beyond the request that asked for it.
func (o *operations) begin(r *run, all plans) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.ctx.Err() != nil {
		return tagboat.Errorf(tagboat.Interrupted, "the server stops, and begins nothing").WithHint("ask again in a moment")
	}
	ctx, calls := operation.Start(o.ctx, r.hear)
	r.calls, r.document.StartedAt = calls, time.Now().UTC()
	if len(o.all) >= mostOperations {
		o.all = slices.Delete(o.all, 0, 1)
	}
	o.all = append(o.all, r)
	o.running.Go(func() { r.carryOut(ctx, all) })
	return nil
}

// carryOut does all of a plan at the same time: no action of it is about what another one is about.
func (r *run) carryOut(ctx context.Context, all plans) {
	r.tell(r.document.ID)
	var each sync.WaitGroup
	for i, one := range all {
		each.Go(func() {
			s := r.action(i)
			s.change(func(a *tagboat.OperationAction) { a.State = tagboat.OperationRunning })
			err := one.do(ctx)
			s.change(func(a *tagboat.OperationAction) { end(a, err, ctx.Err() != nil) })
			r.nudge(reached(one.shown)...)
		})
	}
	each.Wait()
	r.mu.Lock()
	now := time.Now().UTC()
	r.document.EndedAt, r.document.State = &now, tagboat.OperationSucceeded
	for _, state := range []string{tagboat.OperationStopped, tagboat.OperationFailed} {
		if slices.ContainsFunc(r.document.Actions, func(a tagboat.OperationAction) bool { return a.State == state }) {
			r.document.State = state
		}
	}
	r.mu.Unlock()
	r.tell(r.document.ID)
}

// now returns a copy of the document.
func (r *run) now() tagboat.OperationDocument {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.document
	d.Actions, d.Progress, d.Notes = slices.Clone(d.Actions), slices.Clone(d.Progress), slices.Clone(d.Notes)
	for i, a := range d.Actions {
		a.Promotions, a.Deployments, a.Holds, a.Continued = slices.Clone(a.Promotions), slices.Clone(a.Deployments), slices.Clone(a.Holds), slices.Clone(a.Continued)
		d.Actions[i] = a
	}
	d.Calls = r.calls.Calls()
	return d
}

// usual is an event that is no news.
type usual interface{ Usual() }

// hear notes the events that are reported beside the results.
func (r *run) hear(e operation.Event) {
	if _, ok := e.(usual); ok {
		return
	}
	r.mu.Lock()
	if len(r.document.Notes) < mostNotes {
		r.document.Notes = append(r.document.Notes, e.String())
	}
	r.mu.Unlock()
	r.tell(r.document.ID)
}

// change changes what is said of an action, and reports it.
func (s *step) change(do func(*tagboat.OperationAction)) {
	s.run.mu.Lock()
	do(&s.run.document.Actions[s.i])
	s.run.mu.Unlock()
	s.run.tell(s.run.document.ID)
}

// rollout returns how deployments are carried out.
func (s *step) rollout() rollout.Options {
	return rollout.Options{Wait: true, Timeout: watched, MaxParallel: rollout.DefaultParallel, Progress: s}
}

var _ rollout.Progress = (*step)(nil)

// Event implements rollout.Progress.
func (s *step) Event(u rollout.Update) {
	is := tagboat.Progress{
		Environment: u.Environment, Service: u.Service, State: string(u.State), Verdict: u.Verdict, Healthy: u.Healthy, Desired: u.Desired, Note: u.Note, At: u.At,
	}
	s.run.mu.Lock()
	all := &s.run.document.Progress
	i := slices.IndexFunc(*all, func(p tagboat.Progress) bool { return p.Environment == is.Environment && p.Service == is.Service })
	turns := i < 0 || (*all)[i].State != is.State
	switch {
	case i < 0:
		*all = append(*all, is)
	case is.Verdict != tagboat.VerdictUnchanged: // of what went back there is nothing left to do
		(*all)[i] = is
	}
	s.run.mu.Unlock()
	s.run.tell(s.run.document.ID)
	if turns {
		s.run.nudge(u.Environment)
	}
}

// promoted notes how a promotion to one environment ended.
func (s *step) promoted(p tagboat.PromotionResult) {
	s.change(func(a *tagboat.OperationAction) { a.Promotions = append(a.Promotions, p) })
}

// promotions notes how all promotions ended, in their order.
func (s *step) promotions(all []tagboat.PromotionResult) {
	if len(all) > 0 {
		s.change(func(a *tagboat.OperationAction) { a.Promotions = all })
	}
}

func (s *step) deployed(all []tagboat.Deployment) {
	s.change(func(a *tagboat.OperationAction) { a.Deployments = all })
}

func (s *step) held(d tagboat.HoldsDocument) {
	s.change(func(a *tagboat.OperationAction) { a.Holds = append(a.Holds, d) })
}

func (s *step) approved(d tagboat.ApprovalDocument) {
	s.change(func(a *tagboat.OperationAction) { a.Approval = &d })
}

func (s *step) continued(w tagboat.PausedDeployment) {
	s.change(func(a *tagboat.OperationAction) { a.Continued = append(a.Continued, w) })
}

// end notes how an action ended.
func end(a *tagboat.OperationAction, err error, stopped bool) {
	a.State = tagboat.OperationSucceeded
	if err != nil {
		detail := tagboat.DetailOf(err)
		a.Error, a.State = &detail, tagboat.OperationFailed
	}
	for _, p := range a.Promotions {
		switch p.State {
		case tagboat.PromotionDone, tagboat.PromotionUnchanged, tagboat.PromotionWaiting, tagboat.PromotionAborted, tagboat.PromotionAbsent:
		case tagboat.PromotionInterrupted:
			stopped, a.State = true, tagboat.OperationFailed
		default:
			a.State = tagboat.OperationFailed
		}
	}
	for _, d := range a.Deployments {
		if kind, bad := d.Verdict.Kind(); bad {
			stopped, a.State = stopped || kind == tagboat.Interrupted, tagboat.OperationFailed
		}
	}
	if stopped && a.State != tagboat.OperationSucceeded {
		a.State = tagboat.OperationStopped
	}
}
