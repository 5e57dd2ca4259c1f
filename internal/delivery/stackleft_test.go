package delivery_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
)

// TestInterruptedPlansLeaveNoChangeSet interrupts a plan while its change set is asked for, and while
// CloudFormation makes it, when it cannot be deleted yet.
func TestInterruptedPlansLeaveNoChangeSet(t *testing.T) {
	for _, action := range []string{"CreateChangeSet", "DescribeChangeSet"} {
		t.Run(action, func(t *testing.T) {
			inStack(t, apptest.Stack{}, func(w *apptest.World) {
				next(w)
				ctx, cancel := context.WithCancel(w.Context())
				defer cancel()
				a := w.Open(func(next http.RoundTripper) http.RoundTripper { return interrupting{next, action, cancel} })
				if _, err := a.Delivery.Plan(ctx, apptest.Dev); err == nil {
					t.Error("an interrupted plan has no error")
				}
				if w.Calls("cloudformation.CreateChangeSet") == 0 {
					t.Error("no change set was asked for")
				}
				w.NoChangeSets("shop-dev")
			})
		})
	}
}

// interrupting interrupts a command once CloudFormation has heard of an action, and loses its answer.
type interrupting struct {
	next   http.RoundTripper
	action string
	cancel context.CancelFunc
}

func (i interrupting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return i.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer, err := i.next.RoundTrip(r)
	if bytes.Contains(body, []byte("Action="+i.action+"&")) {
		i.cancel()
		if gone := r.Context().Err(); gone != nil {
			return nil, gone
		}
	}
	return answer, err
}

// TestAllowedResourcesThatNoStackHas are a mistake in what was typed.
func TestAllowedResourcesThatNoStackHas(t *testing.T) {
	inStack(t, apptest.Stack{}, func(w *apptest.World) {
		next(w)
		refusedPlan(w, fleet.Selection{Allow: []string{"Wbe"}}, "--allow Wbe", "no resource Wbe", "shop-dev", `did you mean "Web"`)
	})
}
