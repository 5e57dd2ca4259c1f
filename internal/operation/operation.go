// Package operation says what belongs to one thing that somebody asked for: a command, or
// a request to a server. The context carries it, so that whatever works for it on the way
// down can tell what happens and count its calls, and two of them in one process stay apart.
package operation

import (
	"context"
	"maps"
	"sync"

	"github.com/tagboat/tagboat"
)

// Event is something that a user should know and that no result has room for. Each kind of
// event is a type of the package that tells it; String says it in one line, for people.
type Event interface{ String() string }

// Operation hears the events and counts the calls of one operation. It is safe for
// concurrent use. A nil Operation drops both.
type Operation struct {
	hear func(Event)
	of   *Operation // that it is a part of, which counts its calls, too; nil for none

	mu    sync.Mutex
	calls tagboat.Calls
}

type key struct{}

// Start returns a context for a new operation. The function hears each event when it
// happens, from any goroutine; nil drops them. Where ctx belongs to an operation, the new one is a
// part of that.
func Start(ctx context.Context, hear func(Event)) (context.Context, *Operation) {
	o := &Operation{hear: hear, of: From(ctx)}
	return context.WithValue(ctx, key{}, o), o
}

// From returns the operation that ctx belongs to; nil where there is none.
func From(ctx context.Context) *Operation {
	o, _ := ctx.Value(key{}).(*Operation)
	return o
}

// Tell tells an event to the operation that ctx belongs to.
func Tell(ctx context.Context, e Event) {
	if o := From(ctx); o != nil && o.hear != nil {
		o.hear(e)
	}
}

// Call counts a request; again says that it repeats one that failed.
func (o *Operation) Call(operation string, again bool) {
	o.count(func(c *tagboat.Calls) {
		if c.ByOperation == nil {
			c.ByOperation = map[string]int{}
		}
		c.Total++
		c.ByOperation[operation]++
		if again {
			c.Retried++
		}
	})
}

// Throttled counts a request that was refused because there were too many.
func (o *Operation) Throttled(operation string) {
	o.count(func(c *tagboat.Calls) {
		if c.ThrottledByOperation == nil {
			c.ThrottledByOperation = map[string]int{}
		}
		c.Throttled++
		c.ThrottledByOperation[operation]++
	})
}

func (o *Operation) count(add func(*tagboat.Calls)) {
	if o == nil {
		return
	}
	o.of.count(add)
	o.mu.Lock()
	defer o.mu.Unlock()
	add(&o.calls)
}

// Calls returns how many requests the operation has made so far, to AWS and to
// registries, each attempt counted.
func (o *Operation) Calls() tagboat.Calls {
	calls := tagboat.Calls{}
	if o != nil {
		o.mu.Lock()
		calls = o.calls
		calls.ByOperation, calls.ThrottledByOperation = maps.Clone(calls.ByOperation), maps.Clone(calls.ThrottledByOperation)
		o.mu.Unlock()
	}
	if calls.ByOperation == nil {
		calls.ByOperation = map[string]int{}
	}
	return calls
}
