package pace_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/tagboat/tagboat/internal/cloud/pace"
)

// aws is a bucket of AWS's that somebody else draws from as well.
type aws struct {
	mu     sync.Mutex
	tokens *rate.Limiter
}

func (a *aws) call() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tokens.Allow()
}

// A bucket that another process keeps half empty is learned: after the first refusals
// nearly everything is answered, and the rate that there is gets used.
func TestRefusalsTeach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, there := pace.New(nil), &aws{tokens: rate.NewLimiter(10, 50)} // AWS documents 20 a second
		refused, answered := 0, 0
		for start := time.Now(); time.Since(start) < time.Minute; {
			if err := p.Wait(t.Context(), "here", "ecs.DescribeServices"); err != nil {
				t.Fatal(err)
			}
			if there.call() {
				answered++
				p.Answered("here", "ecs.DescribeServices")
			} else {
				refused++
				p.Refused("here", "ecs.DescribeServices")
			}
		}
		if refused > answered/10 || answered < 300 {
			t.Errorf("%d answered and %d refused in a minute", answered, refused)
		}
	})
}

// Everybody in the queue goes slower from the moment of the refusal on.
func TestRefusalHoldsForTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(nil)
		var queue sync.WaitGroup
		start := time.Now()
		for range 19 + 6 {
			queue.Go(func() {
				if err := p.Wait(t.Context(), "here", "ecs.RegisterTaskDefinition"); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		p.Refused("here", "ecs.RegisterTaskDefinition")
		p.Refused("here", "ecs.RegisterTaskDefinition") // the same refusal, seen by another call
		queue.Wait()
		// One had its second reserved and keeps it; the bucket fills once in two seconds.
		if took := time.Since(start).Round(time.Millisecond); took != 12*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// What nobody refuses any more goes back to the documented rate, and not beyond it.
func TestRateComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(nil)
		p.Refused("here", "ecs.UpdateService")
		for range 1000 {
			p.Answered("here", "ecs.UpdateService")
		}
		start := time.Now()
		for range 50 {
			if err := p.Wait(t.Context(), "here", "ecs.UpdateService"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start).Round(time.Millisecond); took != 10*time.Second {
			t.Errorf("fifty calls from an empty bucket took %s", took)
		}
	})
}
