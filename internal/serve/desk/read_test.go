package desk_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
)

// counted counts the requests of a desk.
type counted struct {
	next http.RoundTripper
	mu   sync.Mutex
	n    int
}

// RoundTrip implements http.RoundTripper.
func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// since returns how many requests there were since the last time.
func (c *counted) since() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = 0
	return n
}

// TestManyAskTheSame has ten people, and each of them ten times, cost what one costs, until the board
// shows something else and the answer is not new any more.
func TestManyAskTheSame(t *testing.T) {
	story(t, apptest.Family{}, func(o *office) {
		wire := &counted{}
		o.desk = o.Open(func(next http.RoundTripper) http.RoundTripper { wire.next = next; return wire }).Desk(o.Context(), o, false)
		ask := func(people int) {
			var all sync.WaitGroup
			for range people {
				all.Go(func() {
					if _, err := o.desk.Service(o.Context(), "staging", "web"); err != nil {
						o.Error(err)
					}
				})
			}
			all.Wait()
		}
		ask(1)
		if first := wire.since(); first == 0 || first > 45 {
			o.Errorf("the first one costs %d requests", first)
		}
		changed := func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.state = &board.State{ID: o.state.ID + 1}
		}
		for _, step := range []struct {
			what  string
			after time.Duration
			moves bool
			reads bool
		}{
			{"ten tabs at once", 0, false, false},
			{"later, while nothing changes", 20 * time.Second, false, false},
			{"much later", 40 * time.Second, false, true},
			{"right after a change", time.Second, true, false},
			{"a moment after a change", 5 * time.Second, false, true},
		} {
			<-time.After(step.after)
			if step.moves {
				changed()
			}
			ask(10)
			switch n := wire.since(); {
			case !step.reads && n != 0:
				o.Errorf("%s: %d requests", step.what, n)
			case step.reads && (n == 0 || n > 45):
				o.Errorf("%s: %d requests", step.what, n)
			}
		}
	})
}

// TestWhoLeavesEndsNothing answers others although who asked first has gone.
func TestWhoLeavesEndsNothing(t *testing.T) {
	story(t, apptest.Family{}, func(o *office) {
		gone, leave := context.WithCancel(o.Context())
		leave()
		if _, err := o.desk.Why(gone, "dev", "web"); err == nil {
			o.Error("somebody who has gone is answered")
		}
		if why, err := o.desk.Why(o.Context(), "dev", "web"); err != nil || why.Open != "" {
			o.Errorf("it is %+v, %v", why, err)
		}
	})
}

// TestErrorsAreNotKept asks again where something could not be read.
func TestErrorsAreNotKept(t *testing.T) {
	story(t, apptest.Family{}, func(o *office) {
		if _, err := o.desk.Release(o.Context(), "2"); err == nil {
			o.Fatal("there is a release 2")
		}
		o.Push("shop/web:v2")
		o.Promote(request("", "dev"))
		if d, err := o.desk.Release(o.Context(), "2"); err != nil || d.Name != "2" {
			o.Errorf("it is %+v, %v", d, err)
		}
	})
}

// TestReading has every reading method say what the commands say.
func TestReading(t *testing.T) {
	story(t, approvals(""), func(o *office) {
		o.Push("shop/web:v2")
		o.Promote(request("", "dev"))
		prod, err := o.desk.Service(o.Context(), "prod", "web")
		if err != nil || len(prod.Errors) > 0 {
			o.Fatalf("%v, %+v", err, prod.Errors)
		}
		gates := map[string]bool{}
		for _, g := range prod.Next.Gates {
			gates[g.Gate] = g.Passed
		}
		same(o, "the gates of prod", map[string]bool{"upstream": true, "approvals": false}, gates)
		same(o, "what comes", []any{"1", "staging", 1}, []any{prod.Next.Release.Name, string(prod.Upstream.Environment), len(prod.Upstream.Between)})
		if prod.Status.Desired != 0 || prod.Release == nil {
			o.Errorf("prod is %+v, with %+v", prod.Status, prod.Release)
		}
		dev, err := o.desk.Service(o.Context(), "dev", "web")
		if err != nil || dev.Upstream != nil {
			o.Errorf("dev is %+v, %v", dev, err)
		}
		versions, err := o.desk.Image(o.Context(), "web", 1)
		same(o, "versions", []any{error(nil), 1, 2, "v2"}, []any{err, len(versions.Versions), len(versions.Tags), versions.Chosen.Tag})
		rollout, err := o.desk.Rollout(o.Context(), "dev", "web")
		same(o, "the rollout", []any{error(nil), "PRIMARY", "web:2"}, []any{err, rollout.Deployments[0].Status, rollout.Deployments[0].TaskDefinition})
		then, err := o.desk.Status(o.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}}, access.When{Ago: 90 * time.Second})
		same(o, "the past", []any{error(nil), "1"}, []any{err, then.Services[0].Release})
		for _, unknown := range []func() error{
			func() error { _, err := o.desk.Service(o.Context(), "devv", "web"); return err },
			func() error { _, err := o.desk.Service(o.Context(), "dev", "webb"); return err },
			func() error {
				_, err := o.desk.Status(o.Context(), fleet.Selection{Stage: "devv"}, access.When{})
				return err
			},
			func() error { _, err := o.desk.Why(o.Context(), "dev", "webb"); return err },
		} {
			if err := unknown(); tagboat.KindOf(err) != tagboat.Usage {
				o.Errorf("something unknown is %v", err)
			}
		}
	})
}

// TestPagesOfTheHistory has each event once, whatever the length of a page.
func TestPagesOfTheHistory(t *testing.T) {
	story(t, apptest.Family{Services: []string{"api", "web"}}, func(o *office) {
		all := o.History(history.Request{}).Events
		for _, length := range []int{1, 2, 3, 50} {
			var got []string
			after := ""
			for {
				page, err := o.desk.History(o.Context(), desk.HistoryQuery{Limit: length, After: after})
				if err != nil {
					o.Fatal(err)
				}
				if len(page.Events) == 0 {
					break
				}
				for _, e := range page.Events {
					got = append(got, e.ID)
				}
				after = desk.After(page.Events[len(page.Events)-1])
			}
			var want []string
			for _, e := range all {
				want = append(want, e.ID)
			}
			if !slices.Equal(got, want) {
				o.Errorf("by %d: %d events are %d:\n%s", length, len(want), len(got), strings.Join(got, "\n"))
			}
		}
	})
}
