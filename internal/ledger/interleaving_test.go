package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
)

// TestEveryInterleaving runs writers in every order of their calls, and kills each of
// them at every point of every order. What must hold is said without the protocol: of
// each image the last version in which somebody first wrote their change counts.
func TestEveryInterleaving(t *testing.T) {
	first := changes{"api": version("a", "first", digest1), "proxy": version("p", "first", digest1)}
	for name, writers := range map[string][]changes{
		"different images":    {apiOne, proxyOne},
		"the same image":      {apiOne, apiTwo},
		"three":               {apiOne, proxyOne, apiTwo},
		"one, other and both": {apiOne, {"api": version("shop/api", "2", digest2), "proxy": version("shop/proxy", "2", digest2)}},
	} {
		for _, start := range []changes{nil, first} {
			if len(writers) > 2 && start != nil {
				continue // thousands of orders more that show nothing new
			}
			t.Run(fmt.Sprintf("%s/%t", name, start != nil), func(t *testing.T) {
				runs := 0
				for plan := []int(nil); ; {
					world := newWorld(t, start, writers)
					taken := world.run(plan)
					world.check(t)
					runs++
					if plan = successor(taken); plan == nil || t.Failed() {
						break
					}
				}
				t.Logf("%d orders", runs)
			})
		}
	}
}

// choice is one decision of a run: which of how many.
type choice struct{ took, of int }

// successor returns the next plan in depth-first order, nil after the last.
func successor(taken []choice) []int {
	for i := len(taken) - 1; i >= 0; i-- {
		if taken[i].took+1 < taken[i].of {
			plan := make([]int, i+1)
			for j := range i {
				plan[j] = taken[j].took
			}
			plan[i] = taken[i].took + 1
			return plan
		}
	}
	return nil
}

// errKilled is what a killed writer's calls come back with.
var errKilled = errors.New("killed")

// actor is one writer. It stops before each call until it is told to go on.
type actor struct {
	ledger.Store
	wants   changes
	waiting chan bool // it stands before a call, or false: it is done
	resume  chan bool // true: make the call; false: it was killed
	dead    bool
	firstAt int64 // the version of its first write; 0 where there is none
	acked   bool
}

func (a *actor) step() error {
	if a.dead {
		return errKilled
	}
	a.waiting <- true
	if !<-a.resume {
		a.dead = true
		return errKilled
	}
	return nil
}

func (a *actor) Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error) {
	if err := a.step(); err != nil {
		return nil, err
	}
	return a.Store.Get(ctx, names)
}

func (a *actor) Put(ctx context.Context, p ledger.Put) (int64, error) {
	if err := a.step(); err != nil {
		return 0, err
	}
	v, err := a.Store.Put(ctx, p)
	if a.firstAt == 0 && err == nil {
		a.firstAt = v
	}
	return v, err
}

func (a *actor) History(ctx context.Context, name string) ([]ledger.Parameter, error) {
	if err := a.step(); err != nil {
		return nil, err
	}
	return a.Store.History(ctx, name)
}

type world struct {
	store  *ledger.Memory
	start  changes
	actors []*actor
	kills  int
	done   sync.WaitGroup
}

func newWorld(t *testing.T, start changes, writers []changes) *world {
	w := &world{store: memory(), start: start}
	if start != nil {
		update(t, w.store, group(), start)
	}
	for _, c := range writers {
		a := &actor{Store: w.store, wants: c, waiting: make(chan bool), resume: make(chan bool)}
		w.actors = append(w.actors, a)
		w.done.Go(func() {
			_, err := (&ledger.Ledger{Store: a}).Update(context.Background(), group(), c, ledger.Why{})
			a.acked = err == nil
			if err != nil && !errors.Is(err, errKilled) {
				t.Errorf("a writer ended in %v", err)
			}
			a.waiting <- false
		})
	}
	return w
}

// run follows the plan, then always takes the first choice, and returns what it took.
func (w *world) run(plan []int) []choice {
	var taken []choice
	ready := map[*actor]bool{}
	for _, a := range w.actors {
		ready[a] = <-a.waiting
	}
	for {
		alive := slices.DeleteFunc(slices.Clone(w.actors), func(a *actor) bool { return !ready[a] })
		if len(alive) == 0 {
			w.done.Wait()
			return taken
		}
		of := len(alive)
		if w.kills == 0 {
			of *= 2 // each may also be killed, once in a run
		}
		took := 0
		if len(taken) < len(plan) {
			took = plan[len(taken)]
		}
		taken = append(taken, choice{took, of})
		a, kill := alive[took%len(alive)], took >= len(alive)
		if kill {
			w.kills++
		}
		a.resume <- !kill
		ready[a] = <-a.waiting
	}
}

// check compares what is stored with what the writes, in the order of their versions,
// should come to.
func (w *world) check(t *testing.T) {
	t.Helper()
	l := &ledger.Ledger{Store: w.store}
	if w.kills > 0 {
		if _, err := l.Repair(t.Context(), group(), ledger.Why{}); err != nil {
			t.Fatal(err)
		}
	}
	want := map[tagboat.ImageName]string{}
	for image, ref := range w.start {
		want[image] = ref.Tag
	}
	slices.SortFunc(w.actors, func(a, b *actor) int { return int(a.firstAt - b.firstAt) })
	for _, a := range w.actors {
		if a.acked && a.firstAt == 0 {
			t.Error("acknowledged, and never written")
		}
		if a.firstAt > 0 {
			for image, ref := range a.wants {
				want[image] = ref.Tag
			}
		}
	}
	got := map[tagboat.ImageName]string{}
	book, err := l.Audit(t.Context(), group())
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range book.Pins("dev") {
		got[pin.Image] = pin.Tag
	}
	if diff := cmp.Diff(want, got); diff != "" || book.Entries[0].Torn {
		t.Errorf("torn %t: %s", book.Entries[0].Torn, diff)
	}
}
