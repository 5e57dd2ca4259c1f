package journal

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Request says which events are wanted.
type Request struct {
	Environments []tagboat.EnvName
	From, To     time.Time                // From included, To not
	Wanted       func(tagboat.Event) bool // nil for all
	Newest       int                      // enough of them, 0 for all
}

// skew is how far apart two writers' clocks may be: each follows AWS's, to the second.
const skew = time.Minute

// Read returns the events that are wanted, oldest first. Where so many of the newest are
// enough, it reads no further than it takes to have these, and whatever tells of the same
// changes as these do. Lines that are no events are left out.
func (j Journal) Read(ctx context.Context, r Request) ([]tagboat.Event, error) {
	var streams []iter.Seq2[ecs.LogLine, error]
	for _, env := range r.Environments {
		streams = append(streams, j.Log.Backward(ctx, j.Group, Stream(env), r.From, r.To))
	}
	var events []tagboat.Event
	counted := map[string]bool{}
	var enough time.Time // when the last one that is needed happened
	for line, err := range backward(streams) {
		if err != nil {
			return nil, fmt.Errorf("reading the journal %s: %w", j.Group, err)
		}
		if line.At.Before(enough.Add(-skew)) {
			break
		}
		e, ok := Parse(line.Message)
		if !ok || r.Wanted != nil && !r.Wanted(e) {
			continue
		}
		events = append(events, e)
		if counted[e.ID] = true; len(counted) == r.Newest && enough.IsZero() {
			enough = line.At
		}
	}
	slices.Reverse(events)
	slices.SortStableFunc(events, func(a, b tagboat.Event) int { return a.At.Compare(b.At) })
	return events, nil
}

// backward yields the lines of streams that are sorted, the newest first. Of lines of the
// same time, those of the last stream come first.
func backward(streams []iter.Seq2[ecs.LogLine, error]) iter.Seq2[ecs.LogLine, error] {
	return func(yield func(ecs.LogLine, error) bool) {
		type head struct {
			line ecs.LogLine
			err  error
			next func() (ecs.LogLine, error, bool)
		}
		var heads []head
		for _, stream := range streams {
			next, stop := iter.Pull2(stream)
			defer stop()
			if line, err, ok := next(); ok {
				heads = append(heads, head{line, err, next})
			}
		}
		for len(heads) > 0 {
			newest := 0
			for i, h := range heads {
				if h.err != nil || !h.line.At.Before(heads[newest].line.At) {
					newest = i
				}
			}
			h := &heads[newest]
			if !yield(h.line, h.err) || h.err != nil {
				return
			}
			var ok bool
			if h.line, h.err, ok = h.next(); !ok {
				heads = slices.Delete(heads, newest, newest+1)
			}
		}
	}
}
