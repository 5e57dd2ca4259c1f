package rollout

import (
	"context"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
)

// waves decides what begins when: in the plans' order, after what a service depends on
// in its environment has succeeded, and so many at a time in one account and region.
// There is no barrier between waves: a service waits only for its own dependencies.
type waves struct {
	plans   []deploy.Plan
	joints  []*joint // of plans that begin together
	atOnce  int      // in one account and region
	all     bool     // begin others after one has failed
	results []tagboat.Deployment

	waiting   []int                  // indexes of plans that have not begun
	running   map[*deploy.Client]int // how many
	dependsOn map[int][]int
	ended     map[int]bool
	together  map[*joint]bool // those of which one has begun: the others begin at once
	stopped   string          // why nothing begins any more; "" while things do
}

func newWaves(plans []deploy.Plan, joints []*joint, o Options) *waves {
	w := &waves{
		plans: plans, joints: joints, atOnce: max(o.MaxParallel, 1), all: !o.StopAtFailure, results: make([]tagboat.Deployment, len(plans)),
		running: map[*deploy.Client]int{}, dependsOn: map[int][]int{}, ended: map[int]bool{},
		together: map[*joint]bool{},
	}
	type cell struct {
		environment tagboat.EnvName
		service     tagboat.ServiceName
	}
	index := map[cell]int{}
	for i, p := range plans {
		index[cell{p.Desired.Environment, p.Desired.Service}] = i
		w.waiting = append(w.waiting, i)
	}
	for i, p := range plans {
		for _, service := range p.Desired.DependsOn {
			// What is not deployed now is taken to run, and a stack orders what it has itself.
			if on, ok := index[cell{p.Desired.Environment, service}]; ok && on != i && (joints[i] == nil || joints[on] != joints[i]) {
				w.dependsOn[i] = append(w.dependsOn[i], on)
			}
		}
	}
	return w
}

// run carries all plans out with carry, or gives them up with skip, and returns how each
// ended. Once ctx has ended it holds nothing back: carry sees for itself.
func (w *waves) run(ctx context.Context, carry func(i int) tagboat.Deployment, skip func(i int, why string) tagboat.Deployment) []tagboat.Deployment {
	over := make(chan int)
	for rolling := 0; ; {
		for _, i := range w.next(ctx, skip) {
			rolling++
			go func() {
				w.results[i] = carry(i)
				over <- i
			}()
		}
		if rolling == 0 {
			return w.results
		}
		i := <-over
		rolling--
		w.running[w.plans[i].Client]--
		w.end(i)
	}
}

// next takes those that can begin now out of the waiting ones, and ends those that never
// will.
func (w *waves) next(ctx context.Context, skip func(i int, why string) tagboat.Deployment) []int {
	var begin []int
	for {
		before := len(w.waiting)
		w.waiting = slices.DeleteFunc(w.waiting, func(i int) bool {
			client := w.plans[i].Client
			switch why := w.hopelessTogether(i); {
			case ctx.Err() != nil, w.together[w.joints[i]]:
			case why != "":
				w.results[i] = skip(i, why)
				w.end(i)
				return true
			case w.running[client] >= w.atOnce || slices.ContainsFunc(mates(w.joints, i), func(n int) bool { return !w.ready(n) }):
				return false
			}
			w.running[client]++
			if w.joints[i] != nil {
				w.together[w.joints[i]] = true
			}
			begin = append(begin, i)
			return true
		})
		if len(w.waiting) == before {
			return append(begin, w.deadlocked(len(begin))...)
		}
	}
}

// deadlocked returns what waits for itself, which a configuration that was checked never
// has: it begins without its order rather than never.
func (w *waves) deadlocked(beginning int) []int {
	for _, n := range w.running {
		beginning += n
	}
	if beginning > 0 || len(w.waiting) == 0 {
		return nil
	}
	first := mates(w.joints, w.waiting[0])
	w.waiting = slices.DeleteFunc(w.waiting, func(i int) bool { return slices.Contains(first, i) })
	w.running[w.plans[first[0]].Client] += len(first)
	return first
}

func (w *waves) ready(i int) bool {
	return !slices.ContainsFunc(w.dependsOn[i], func(on int) bool { return !w.ended[on] })
}

// hopelessTogether is hopeless of a plan and of those that begin together with it: what one of them
// must not bring, the update of their stack would bring all the same.
func (w *waves) hopelessTogether(i int) string {
	for _, n := range mates(w.joints, i) {
		who := "it"
		if n != i {
			who = fmt.Sprintf("%s, which is updated with it,", w.plans[n].Desired.Service)
		}
		if why := w.hopeless(n, who); why != "" {
			return why
		}
	}
	return ""
}

// hopeless says why a plan will not be carried out, or "". One that has nothing to do
// is done whatever happens. The text calls its service who.
func (w *waves) hopeless(i int, who string) string {
	if len(w.plans[i].Steps) == 0 || w.plans[i].LeftAlone != nil {
		return ""
	}
	for _, on := range w.dependsOn[i] {
		if w.ended[on] && !endedGood(w.results[on].Verdict) {
			return fmt.Sprintf("%s depends on %s, which ended as %s", who, w.plans[on].Desired.Service, w.results[on].Verdict)
		}
	}
	return w.stopped
}

func (w *waves) end(i int) {
	w.ended[i] = true
	kind, failed := w.results[i].Verdict.Kind()
	if failed && kind != tagboat.Blocked && !w.all && w.stopped == "" {
		d := w.plans[i].Desired
		w.stopped = fmt.Sprintf("%s/%s ended as %s", d.Environment, d.Service, w.results[i].Verdict)
	}
}

// endedGood reports whether what depends on a deployment with that verdict can begin.
func endedGood(v tagboat.Verdict) bool {
	return v == tagboat.VerdictSucceeded || v == tagboat.VerdictUnchanged || v == tagboat.VerdictStarted
}
