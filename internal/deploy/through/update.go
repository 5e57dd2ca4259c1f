// Package through updates a stack of CloudFormation, which has services and their task definitions:
// it executes one change set, and follows what comes of that, event by event, to its end.
//
//	Execute: change set ──▶ Run: events ▶ State ──▶ Ended
//
// All services of the stack share the one update. What their tasks do is judged elsewhere.
package through

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
)

// Update is an update of a stack that we began, or take up. It is safe for concurrent use.
type Update struct {
	Stack  cfn.Stack // as it was before
	Token  string
	client deploy.Stacks

	mu      sync.Mutex
	state   State
	err     error         // of the last look; nil where it was answered
	changed chan struct{} // closed with the next news
}

// How long to wait between two looks at the events: longer and longer while there are none.
const (
	shortest = 3 * time.Second
	longest  = 12 * time.Second
)

// Follow takes up an update that is under way with that token. Somebody has to Run it.
func Follow(client deploy.Stacks, stack cfn.Stack, token string) *Update {
	return &Update{Stack: stack, Token: token, client: client, changed: make(chan struct{})}
}

// Execute begins what a change set says. Where its answer gets lost it looks whether the update
// began before it asks again. An error that says that CloudFormation refused wraps ecs.ErrNotDone.
func Execute(ctx context.Context, client deploy.Stacks, stack cfn.Stack, set string) (*Update, error) {
	u := Follow(client, stack, deploy.NewToken())
	const attempts = 5
	var lost error
	for attempt := range attempts {
		err := client.Execute(ctx, set, u.Token)
		if err == nil {
			return u, nil
		}
		if !errors.Is(err, ecs.ErrAmbiguous) && lost == nil {
			return nil, err
		}
		if lost == nil {
			lost = err
		}
		if err := wait.For(ctx, time.Second<<attempt); err != nil {
			return u, err
		}
		if u.look(ctx); u.State().Began {
			return u, nil
		}
		if u.lastError() != nil {
			continue // nobody knows: the change set is not executed again
		}
	}
	return u, fmt.Errorf("%w: %w", ErrUnknown, lost)
}

// ErrUnknown says that nobody knows whether an update began.
var ErrUnknown = errors.New("whether the update of the stack began is not known")

// Run asks for the events of the update until it has ended, or ctx has.
func (u *Update) Run(ctx context.Context) {
	pause, known := shortest, 0
	for !u.State().Ended() {
		u.look(ctx)
		if n := len(u.State().Events); n > known {
			pause, known = shortest, n
		}
		if u.State().Ended() || wait.For(ctx, pause) != nil {
			return
		}
		pause = min(pause*3/2, longest)
	}
}

// look asks once for the events that are new.
func (u *Update) look(ctx context.Context) {
	before := u.State()
	known := map[string]bool{}
	for _, e := range before.Events {
		known[e.ID] = true
	}
	began := false
	events, err := u.client.Events(ctx, u.Stack.ID, func(e cfn.Event) bool {
		if began || known[e.ID] || e.Begins(u.Stack) && e.Token != u.Token {
			return true // of an operation before ours
		}
		began = e.Begins(u.Stack)
		return false
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = err
	if err == nil && (began || before.Began) {
		u.state = before.with(u.Stack, events)
	}
	close(u.changed)
	u.changed = make(chan struct{})
}

// State returns what is known of the update.
func (u *Update) State() State {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state
}

func (u *Update) lastError() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err
}

// News returns the state, and a channel that is closed once there may be a newer one.
func (u *Update) News() (State, <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state, u.changed
}

// Refused returns the error if AWS refuses to show how the update goes; nil if it does not.
func (u *Update) Refused() error {
	if err := u.lastError(); deploy.Refused(err) {
		return err
	}
	return nil
}

// Cancel has CloudFormation roll the update back. That it has ended meanwhile, or rolls back
// already, is no error.
func (u *Update) Cancel(ctx context.Context) error {
	err := u.client.CancelUpdate(ctx, u.Stack.ID, u.Token+"-cancel")
	if err == nil {
		return nil
	}
	if now, failed := u.client.Describe(ctx, u.Stack.ID); failed == nil && now.Status != "UPDATE_IN_PROGRESS" {
		return nil
	}
	return err
}
