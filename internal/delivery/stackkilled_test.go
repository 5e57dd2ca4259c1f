package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// TestKilledWhileAStackIsUpdated kills a deployment at every call, and runs it again: it takes up
// what goes on, and ends with the version that is pinned, after one update or, where the first one
// was never begun, another.
func TestKilledWhileAStackIsUpdated(t *testing.T) {
	step := int64(4)
	if os.Getenv("TAGBOAT_EXHAUSTIVE") != "" {
		step = 1
	}
	for _, bad := range []bool{false, true} {
		for at := int64(1); at < 90; at += step {
			t.Run(fmt.Sprintf("bad=%v at call %d", bad, at), func(t *testing.T) {
				inStack(t, apptest.Stack{Breaker: bad}, func(w *apptest.World) {
					labels, want := []string(nil), "succeeded unchanged"
					if bad {
						labels, want = []string{"exit=3@1s"}, "rolled-back"
					}
					next(w, labels...)
					killed(w, at)
					d := w.One()
					if !strings.Contains(want, string(d.Verdict)) {
						w.Errorf("the second run ended as %s: %s", d.Verdict, d.Reason)
					}
					w.StackEnds("shop-dev", map[bool]string{true: "UPDATE_ROLLBACK_COMPLETE", false: "UPDATE_COMPLETE"}[bad])
					if n := w.Calls("ecs.RegisterTaskDefinition"); n > 3 || !bad && n > 2 {
						w.Errorf("%d revisions", n)
					}
				})
			})
		}
	}
}

func killed(w *apptest.World, at int64) {
	ctx, kill := context.WithCancel(w.Context())
	defer kill()
	var left atomic.Int64
	left.Store(at)
	a := w.Open(func(next http.RoundTripper) http.RoundTripper { return dying{next: next, left: &left, kill: kill} })
	set, err := a.Delivery.Plan(ctx, apptest.Dev)
	if err == nil && len(set.Document().Problems) == 0 {
		a.Delivery.Deploy(ctx, set, apptest.Wait)
	}
}

// TestResumeThroughAStack watches an update that is under way, and begins none.
func TestResumeThroughAStack(t *testing.T) {
	inStack(t, apptest.Stack{}, func(w *apptest.World) {
		next(w)
		w.Expect(w.DeployWith(w.Context(), w.Open(), rollout.Options{MaxParallel: 1})[0], tagboat.VerdictStarted, "CloudFormation", "--resume")
		w.Later(5 * time.Second)
		a := w.Open()
		left, err := a.Delivery.UnderWay(w.Context(), planOf(w, a, fleet.Selection{}))
		if err != nil || left.Len() != 1 {
			w.Fatal(err, left.Len())
		}
		before := w.Calls("cloudformation.ExecuteChangeSet")
		w.Expect(a.Delivery.Deploy(w.Context(), left, apptest.Wait).Deployments[0], tagboat.VerdictSucceeded)
		if n := w.Calls("cloudformation.ExecuteChangeSet"); n != before {
			w.Errorf("%d updates more", n-before)
		}
	})
}

// TestLostAnswersOfAStack loses answers of calls that change a stack: each is looked for, and nothing
// is done twice.
func TestLostAnswersOfAStack(t *testing.T) {
	for _, action := range []string{"CreateChangeSet", "ExecuteChangeSet", "DescribeChangeSet", "DescribeStackEvents", "DeleteChangeSet"} {
		t.Run(action, func(t *testing.T) {
			inStack(t, apptest.Stack{}, func(w *apptest.World) {
				next(w)
				a := w.Open(func(next http.RoundTripper) http.RoundTripper { return &losing{next: next, action: action} })
				d := w.DeployWith(w.Context(), a, apptest.Wait)[0]
				w.Expect(d, tagboat.VerdictSucceeded)
				if n := w.Calls("cloudformation.ExecuteChangeSet"); n != 1 {
					w.Errorf("%d executions", n)
				}
				w.NoChangeSets("shop-dev")
			})
		})
	}
}

// losing loses the first answer to an action of CloudFormation.
type losing struct {
	next   http.RoundTripper
	action string
	lost   atomic.Bool
}

// RoundTrip implements http.RoundTripper.
func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	is := strings.Contains(bodyOf(r), "Action="+l.action+"&")
	answer, err := l.next.RoundTrip(r)
	if is && err == nil && l.lost.CompareAndSwap(false, true) {
		_ = answer.Body.Close()
		return nil, sandboxtest.ErrReset
	}
	return answer, err
}

func bodyOf(r *http.Request) string {
	if r.GetBody == nil {
		return ""
	}
	body, err := r.GetBody()
	if err != nil {
		return ""
	}
	var text strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := body.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			return text.String()
		}
	}
}
