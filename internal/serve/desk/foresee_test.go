package desk_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/serve/board"
)

// TestForesee holds that the gates of environments which no watcher looks after are asked where another
// release runs upstream, soon after what people did, and else at each sweep.
func TestForesee(t *testing.T) {
	story(t, approvals(role), func(o *office) {
		a := o.Open()
		ctx, stop := context.WithCancel(o.Context())
		look := func() {
			document, err := a.View.Status(ctx, fleet.Selection{})
			if err != nil {
				o.Fatal(err)
			}
			o.mu.Lock()
			defer o.mu.Unlock()
			o.state = &board.State{Document: document, At: time.Now()}
		}
		look()
		var mu sync.Mutex
		foreseen := map[tagboat.EnvName]board.Foreseen{}
		times := 0
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = o.desk.Foresee(ctx, a.Config.SortedEnvironments(), time.Hour, func(env tagboat.EnvName, f board.Foreseen) {
				mu.Lock()
				defer mu.Unlock()
				foreseen[env] = f
				times++
			})
		}()
		after := func(what string, d time.Duration, least, most int, prod board.Foreseen) {
			<-time.After(d)
			mu.Lock()
			defer mu.Unlock()
			same(o, what, prod, foreseen["prod"])
			if n := len(a.Config.Environments); times < least*n || times > most*n {
				o.Errorf("%s: the gates of %d environments were told of %d times", what, n, times)
			}
		}
		waits := board.Foreseen{Release: "1", Waits: tagboat.CauseApprovals}
		after("at first", 20*time.Minute, 1, 1, waits)
		o.done(ada, approve("1"))
		after("with one approval", time.Minute, 2, 2, waits)
		o.done(bob, approve("1"))
		after("with both", time.Minute, 3, 3, board.Foreseen{})
		o.done(dora, promote("1", "prod"))
		look()
		after("promoted", 10*time.Minute, 4, 5, board.Foreseen{}) // what ended and what runs is seen at once, or one after the other
		stop()
		<-ended
	})
}
