// Package rollout carries plans out and says how each deployment ended.
//
//	Run: apply ──▶ observe ──▶ judge ──▶ verdict, or the way back
//
// Nothing is kept between processes: whatever a killed run left behind is found by the next
// look at ECS, and every step is safe to repeat. A deployment is known by the id in the
// answer to our own call; neither times nor equal task definitions stand in for it.
package rollout

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// DefaultParallel is how many services roll at the same time in one account and region unless
// a user says otherwise. AWS takes 50 changes of services at once and then 5 a second, so that
// so many roll only where a rollout takes longer than three minutes.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
const DefaultParallel = 1000

// Options say how deployments are carried out. The zero value starts one after another
// and waits for none.
type Options struct {
	MaxParallel   int           // services that roll at the same time in one account and region; 0 means 1
	Timeout       time.Duration // of watching one service; 0 means 30 minutes. A rollback has as long again
	NoRollback    bool          // leave what failed as it is
	StopAtFailure bool          // begin nothing more once a deployment has failed
	Wait          bool          // watch until the end; else what depends on a service begins once that began
	Progress      Progress      // hears how it goes; nil for nobody
	Pins          Pins          // asked before a service changes, and once it runs what was planned; nil for nobody
}

// Pins reads anew what should run: others pin while a deployment is on its way.
type Pins interface {
	// Moved says what took the place of what a service was planned for, and who did that;
	// "" where nothing did. An error of kind Blocked says that automation must leave the
	// service alone by now. It is safe for concurrent use.
	Moved(ctx context.Context, d deploy.Desired) (string, error)
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 30 * time.Minute
	}
	return o.Timeout
}

// Runner carries deployments out. A process keeps one: of the runs in flight, those in the
// same account and region share polls, looks at tasks and registrations. The zero value is
// ready for use. It is safe for concurrent use.
type Runner struct {
	mu     sync.Mutex
	places map[*deploy.Client]*place
}

// place is what runs in flight share in one account and region. It is there while one is.
type place struct {
	*observer
	taskReader
	registrations
	runs int
	end  func() // ends the polling, and waits for that
}

// Run carries the plans out and returns how each ended, in their order. It returns once
// all have a verdict; when ctx ends, those that are not over end as interrupted. What
// one deployment comes to keeps only those from beginning that depend on it, and all
// others with StopAtFailure: their verdict is skipped.
func (r *Runner) Run(ctx context.Context, plans []deploy.Plan, o Options) []tagboat.Deployment {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	places, leave := r.enter(plans)
	defer leave()
	together := joints(plans)
	of := func(i int) *roll {
		return &roll{plan: plans[i], options: o, place: places[plans[i].Client], joint: together[i]}
	}
	done := newWaves(plans, together, o).run(ctx,
		func(i int) tagboat.Deployment { return of(i).run(ctx) },
		func(i int, why string) tagboat.Deployment { return of(i).skip(why) })
	if by := (TakenOver{}); errors.As(context.Cause(ctx), &by) {
		for i := range done {
			if done[i].Verdict == tagboat.VerdictInterrupted {
				done[i].Verdict, done[i].Reason = tagboat.VerdictSuperseded, by.Error()
			}
		}
	}
	return done
}

// TakenOver is the cause of a context that ends because somebody else watches what a run began, or
// began something newer.
type TakenOver struct{ By string }

// Error implements error.
func (t TakenOver) Error() string { return t.By + " took its place" }

// enter returns the places of plans, and a function that leaves them.
func (r *Runner) enter(plans []deploy.Plan) (places map[*deploy.Client]*place, leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.places == nil {
		r.places = map[*deploy.Client]*place{}
	}
	places = map[*deploy.Client]*place{}
	for _, p := range plans {
		if places[p.Client] != nil {
			continue
		}
		at := r.places[p.Client]
		if at == nil {
			at = newPlace(p.Client)
			r.places[p.Client] = at
		}
		at.runs++
		places[p.Client] = at
	}
	return places, func() { r.leave(places) }
}

func (r *Runner) leave(places map[*deploy.Client]*place) {
	r.mu.Lock()
	var empty []*place
	for client, at := range places {
		if at.runs--; at.runs == 0 {
			delete(r.places, client)
			empty = append(empty, at)
		}
	}
	r.mu.Unlock()
	for _, at := range empty {
		at.end()
	}
}

func newPlace(client *deploy.Client) *place {
	p := &place{observer: newObserver(client.ECS)}
	p.taskReader.client, p.taskReader.watching = client.ECS, p.observer.watching
	ctx, cancel := context.WithCancel(context.Background())
	var polling sync.WaitGroup
	polling.Go(func() { p.observer.run(ctx) })
	p.end = func() {
		cancel()
		polling.Wait()
	}
	return p
}

// Ready makes sure of the revisions that plans deploy, and registers those that are to be,
// so that what ECS refuses of them shows before anything runs otherwise. The plans then use
// them. An error that says that ECS refused is of kind Usage.
func (r *Runner) Ready(ctx context.Context, plans []deploy.Plan) error {
	places, leave := r.enter(plans)
	defer leave()
	return deploy.Each(ctx, deploy.TargetsOf(plans), func(ctx context.Context, i int) error {
		p := &plans[i]
		a := applier{client: p.Client, desired: p.Desired, observed: p.Observed, registrations: &places[p.Client].registrations}
		return a.ready(ctx, p.Steps)
	})
}

// registrations keeps deployments from registering equal revisions, as two services or two
// environments in one account may want, and from registering revisions of one family at the
// same time, which ECS refuses.
type registrations struct {
	mu       sync.Mutex
	families map[string]*revisions
}

type revisions struct {
	turn   chan struct{} // held by who registers; whoever waits for it hears ctx
	byHash map[string]registered
}

type registered struct {
	arn string
	at  time.Time
}

// takenUntil is for how long a revision that was registered is taken to be there. ECS itself
// takes one that was deregistered for up to ten minutes.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
const takenUntil = 10 * time.Minute

// once returns the revision of d that was registered by a run in flight, or registers it.
func (r *registrations) once(ctx context.Context, d taskdef.Definition, register func() (string, error)) (string, error) {
	of := r.of(d.Family())
	select {
	case of.turn <- struct{}{}:
		defer func() { <-of.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	hash := taskdef.Hash(d)
	if known := of.byHash[hash]; time.Since(known.at) < takenUntil {
		return known.arn, nil
	}
	arn, err := register()
	maps.DeleteFunc(of.byHash, func(_ string, r registered) bool { return time.Since(r.at) >= takenUntil })
	if err == nil {
		of.byHash[hash] = registered{arn, time.Now()}
	}
	return arn, err
}

func (r *registrations) of(family string) *revisions {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.families == nil {
		r.families = map[string]*revisions{}
	}
	if r.families[family] == nil {
		r.families[family] = &revisions{turn: make(chan struct{}, 1), byHash: map[string]registered{}}
	}
	return r.families[family]
}

// Progress hears how deployments go on. Event must be safe for
// concurrent use, and should return at once.
type Progress interface{ Event(Update) }

// Update is how one deployment stands.
type Update struct {
	Environment tagboat.EnvName
	Service     tagboat.ServiceName
	State       State
	Verdict     tagboat.Verdict // "" until it is over
	Healthy     int             // tasks of the deployment that run
	Desired     int             // tasks that it should have
	Note        string          // what happened last, in words; may be ""
	News        bool            // the note is an event: it is reported once
	At          time.Time
}

// State is the part of a deployment's life that it is in.
type State string

// The states, in the order in which they can follow each other.
const (
	StateApplying    State = "applying"
	StateRolling     State = "rolling"
	StateRollingBack State = "rolling-back"
	StateDone        State = "done"
)

// silent is the Progress of who asked for none.
type silent struct{}

// Event does nothing.
func (silent) Event(Update) {}

var _ Progress = silent{}
