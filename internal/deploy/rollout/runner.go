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
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Options say how deployments are carried out. The zero value starts one after another
// and waits for none.
type Options struct {
	MaxParallel   int           // services that roll at the same time in one account and region; 0 means 1
	Timeout       time.Duration // of watching one service; 0 means 30 minutes. A rollback has as long again
	NoRollback    bool          // leave what failed as it is
	StopAtFailure bool          // begin nothing more once a deployment has not ended well
	Wait          bool          // watch until the end; else what depends on a service begins once that began
	Progress      Progress      // hears how it goes; nil for nobody
	Pins          Pins          // asked before a service changes, and once it runs what was planned; nil for nobody
}

// Pins reads anew what should run: others pin while a deployment is on its way.
type Pins interface {
	// Moved says what took the place of what a service was planned for, and who did that;
	// "" where nothing did. It is safe for concurrent use.
	Moved(ctx context.Context, d deploy.Desired) (string, error)
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 30 * time.Minute
	}
	return o.Timeout
}

// Run carries the plans out and returns how each ended, in their order. It returns once
// all have a verdict; when ctx ends, those that are not over end as interrupted. What
// one deployment comes to keeps only those from beginning that depend on it, and all
// others with StopAtFailure: their verdict is skipped.
func Run(ctx context.Context, plans []deploy.Plan, o Options) []tagboat.Deployment {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	watching, stopWatching := context.WithCancel(ctx)
	observers, ended := observe(watching, plans)
	defer ended.Wait()
	defer stopWatching()

	shared := newRegistrations()
	of := func(i int) *roll {
		return &roll{plan: plans[i], options: o, observer: observers[plans[i].Client], registrations: shared}
	}
	return newWaves(plans, o).run(ctx,
		func(i int) tagboat.Deployment { return of(i).run(ctx) },
		func(i int, why string) tagboat.Deployment { return of(i).skip(why) })
}

// observe starts one observer for each account and region that something is deployed
// to. They end with ctx.
func observe(ctx context.Context, plans []deploy.Plan) (map[*deploy.Client]*observer, *sync.WaitGroup) {
	observers := map[*deploy.Client]*observer{}
	var ended sync.WaitGroup
	for _, p := range plans {
		if observers[p.Client] != nil || len(p.Steps) == 0 {
			continue
		}
		o := newObserver(p.Client.ECS)
		observers[p.Client] = o
		ended.Go(func() { o.run(ctx) })
	}
	return observers, &ended
}

// registrations keeps the deployments of one run from registering equal revisions, as
// two services or two environments in one account may want, and from registering
// revisions of one family at the same time, which ECS refuses.
type registrations struct {
	mu       sync.Mutex
	families map[family]*revisions
}

type family struct {
	client *deploy.Client
	name   string
}

type revisions struct {
	turn   chan struct{}     // held by who registers; whoever waits for it hears ctx
	byHash map[string]string // to the ARN
}

func newRegistrations() *registrations {
	return &registrations{families: map[family]*revisions{}}
}

// once returns the revision of d that was registered in this run, or registers it.
func (r *registrations) once(ctx context.Context, client *deploy.Client, d taskdef.Definition, register func() (string, error)) (string, error) {
	of := r.of(family{client, d.Family()})
	select {
	case of.turn <- struct{}{}:
		defer func() { <-of.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	hash := taskdef.Hash(d)
	if arn := of.byHash[hash]; arn != "" {
		return arn, nil
	}
	arn, err := register()
	if err == nil {
		of.byHash[hash] = arn
	}
	return arn, err
}

func (r *registrations) of(f family) *revisions {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.families[f] == nil {
		r.families[f] = &revisions{turn: make(chan struct{}, 1), byHash: map[string]string{}}
	}
	return r.families[f]
}

// Progress hears how deployments go on. Event may be called by several goroutines at
// once and should return at once.
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
