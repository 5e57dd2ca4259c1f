package pace_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat/internal/cloud/pace"
)

// notes is a Memory of one bucket.
type notes struct {
	tokens float64
	at     time.Time
	saved  int
}

func (n *notes) Load(string, string) (tokens float64, at time.Time, ok bool) {
	return n.tokens, n.at, n.saved > 0
}

func (n *notes) Save(_, _ string, tokens float64, at time.Time) {
	n.tokens, n.at, n.saved = tokens, at, n.saved+1
}

// A process that starts right after another does not take AWS's bucket for full.
func TestTheNextProcessGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var memory notes
		take := func(p *pace.Pacer, n int) time.Duration {
			start := time.Now()
			for range n {
				if err := p.Wait(t.Context(), "here", "ecs.RegisterTaskDefinition"); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(start).Round(time.Millisecond)
		}
		if took := take(pace.New(&memory), 19); took != 0 {
			t.Errorf("the first took %s", took)
		}
		<-time.After(5 * time.Second)
		if took := take(pace.New(&memory), 8); took != 3*time.Second {
			t.Errorf("five seconds later eight took %s", took)
		}
		<-time.After(time.Minute)
		if took := take(pace.New(&memory), 19); took != 0 {
			t.Errorf("a minute later it took %s", took)
		}
	})
}

// Buckets that are full again at once are not worth a file.
func TestQuickBucketsAreForgotten(t *testing.T) {
	var memory notes
	if err := pace.New(&memory).Wait(t.Context(), "here", "ecs.DescribeServices"); err != nil || memory.saved != 0 {
		t.Errorf("saved %d times, %v", memory.saved, err)
	}
}
