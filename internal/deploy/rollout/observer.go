package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// snapshot is what one poll said of one service.
type snapshot struct {
	service ecs.Service
	missing bool
	err     error // the poll failed: says nothing of the service
}

// observer polls the services of one account and region for everybody who watches one:
// up to ten of a cluster in a call, at a pace that follows what happens.
type observer struct {
	services deploy.Services

	mu       sync.Mutex
	watchers map[watched]map[chan snapshot]bool
	joined   chan struct{} // wakes run; holds one
}

// watched is a service of a cluster.
type watched struct{ cluster, service string }

func newObserver(services deploy.Services) *observer {
	return &observer{services: services, watchers: map[watched]map[chan snapshot]bool{}, joined: make(chan struct{}, 1)}
}

// watch returns a channel that always holds the newest snapshot of a service that was
// not received yet, and a function that ends the watching.
func (o *observer) watch(cluster, service string) (<-chan snapshot, func()) {
	ch, at := make(chan snapshot, 1), watched{cluster, service}
	o.mu.Lock()
	if o.watchers[at] == nil {
		o.watchers[at] = map[chan snapshot]bool{}
	}
	o.watchers[at][ch] = true
	o.mu.Unlock()
	select {
	case o.joined <- struct{}{}:
	default:
	}
	return ch, func() {
		o.mu.Lock()
		delete(o.watchers[at], ch)
		if len(o.watchers[at]) == 0 {
			delete(o.watchers, at)
		}
		o.mu.Unlock()
	}
}

// run polls until ctx ends. It asks nothing while nobody watches.
func (o *observer) run(ctx context.Context) {
	r := rounds{observer: o, subjects: map[watched]*subject{}, answers: make(chan answered)}
	defer r.flights.Wait()
	r.next = time.Now()
	timer := time.NewTimer(r.pace.wait(1))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.joined:
			r.pace.changed()
			if soon := time.Now().Add(r.pace.wait(1)); !r.next.After(time.Now()) || soon.Before(r.next) {
				r.next = soon
			}
		case a := <-r.answers:
			r.take(a, time.Now())
		case <-timer.C:
			if !r.begin(ctx, time.Now()) {
				continue // until somebody watches, or an answer comes
			}
		}
		timer.Reset(time.Until(r.next))
	}
}

// rounds ask for everything that is watched, again and again. Calls of a round go out side
// by side, and one that gets no answer, or an error, delays its own services alone.
type rounds struct {
	observer *observer
	pace     pace
	subjects map[watched]*subject
	answers  chan answered
	flights  sync.WaitGroup

	next  time.Time // when the next round begins
	round int
	calls int  // of this round
	out   int  // those of them that were not answered yet
	moved bool // an answer of this round was news
}

// subject is what is known of one service.
type subject struct {
	sighting
	asking bool      // a call is under way
	errors pace      // backs off while calls fail
	due    time.Time // not to be asked for before
}

// answered is how one call ended.
type answered struct {
	round   int
	batch   []watched
	found   []ecs.Service
	missing []string
	err     error
}

// patience is how long a round waits for its last answers before the next one begins
// without them.
const patience = 2 * time.Second

// begin starts a round, and reports whether another one follows by itself.
func (r *rounds) begin(ctx context.Context, now time.Time) bool {
	batches := r.due(now)
	if len(batches) == 0 {
		return r.sleep(now)
	}
	r.round++
	r.calls, r.out, r.moved = len(batches), len(batches), false
	r.next = now.Add(max(r.pace.wait(r.calls), patience))
	for _, batch := range batches {
		a := answered{round: r.round, batch: batch}
		r.flights.Go(func() {
			a.found, a.missing, a.err = r.observer.ask(ctx, batch)
			if errors.Is(a.err, ecs.ErrNotFound) { // the cluster is not there
				a.missing, a.err = serviceNames(batch), nil
			}
			select {
			case r.answers <- a:
			case <-ctx.Done():
			}
		})
	}
	return true
}

// ask makes one call. A crash in it is an error of it: who watches hears of it.
func (o *observer) ask(ctx context.Context, batch []watched) (found []ecs.Service, missing []string, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("tagboat crashed while it read services (%v): please report it\n%s", fault, debug.Stack())
		}
	}()
	return o.services.DescribeServices(ctx, batch[0].cluster, serviceNames(batch))
}

// sleep sets the next round to when a service that had errors is due; false without one.
func (r *rounds) sleep(now time.Time) bool {
	found := false
	for _, l := range r.subjects {
		if !l.asking && l.due.After(now) && (!found || l.due.Before(r.next)) {
			r.next, found = l.due, true
		}
	}
	return found
}

// take hands an answer on. The round's last one sets when the next begins.
func (r *rounds) take(a answered, now time.Time) {
	cluster := a.batch[0].cluster
	for _, w := range a.batch {
		l := r.subjects[w]
		l.asking = false
		if a.err != nil {
			l.errors.failed()
			l.due = now.Add(l.errors.wait(1))
			continue
		}
		l.errors = pace{}
	}
	if a.err != nil {
		r.observer.tell(cluster, serviceNames(a.batch), snapshot{err: a.err})
	}
	for _, s := range a.found {
		l := r.subjects[watched{cluster, s.Name}]
		if l == nil {
			continue // it is not what was asked for
		}
		news, old := l.see(s, now)
		r.moved = r.moved || news
		if !old {
			r.observer.tell(cluster, []string{s.Name}, snapshot{service: s})
		}
	}
	r.observer.tell(cluster, a.missing, snapshot{missing: true})
	switch {
	case a.round == r.round:
		r.landed(now)
	case r.next.Before(now): // nothing but this was under way
		r.next = now.Add(r.pace.wait(r.calls))
	}
}

// landed notes that one call of the round less is under way.
func (r *rounds) landed(now time.Time) {
	if r.out--; r.out > 0 {
		return
	}
	if r.moved {
		r.pace.changed()
	} else {
		r.pace.same()
	}
	r.next = now.Add(r.pace.wait(r.calls))
}

// due returns what is to be asked for now, a call's worth of one cluster each, and forgets
// what nobody watches any more.
func (r *rounds) due(now time.Time) [][]watched {
	all := r.observer.watching()
	wanted := map[watched]bool{}
	for _, w := range all {
		wanted[w] = true
	}
	maps.DeleteFunc(r.subjects, func(w watched, s *subject) bool { return !s.asking && !wanted[w] })
	var batches [][]watched
	for _, w := range all {
		l := r.subjects[w]
		if l == nil {
			l = &subject{}
			r.subjects[w] = l
		}
		if l.asking || l.due.After(now) {
			continue
		}
		l.asking = true
		last := len(batches) - 1
		if last < 0 || len(batches[last]) == deploy.ServicesPerCall || batches[last][0].cluster != w.cluster {
			batches, last = append(batches, nil), last+1
		}
		batches[last] = append(batches[last], w)
	}
	return batches
}

func serviceNames(batch []watched) []string {
	all := make([]string, len(batch))
	for i, w := range batch {
		all[i] = w.service
	}
	return all
}

// watching returns what somebody watches, in order.
func (o *observer) watching() []watched {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.SortedFunc(maps.Keys(o.watchers), func(a, b watched) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.service, b.service))
	})
}

// tell hands a snapshot to who watches one of the services, in place of an older one
// that nobody took.
func (o *observer) tell(cluster string, names []string, s snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range names {
		for ch := range o.watchers[watched{cluster, name}] {
			select {
			case <-ch:
			default:
			}
			ch <- s
		}
	}
}

// pace is how long an observer waits between two polls: short while something
// changes, longer while nothing does, long while AWS answers with errors.
type pace struct{ interval time.Duration }

const (
	shortest = 400 * time.Millisecond
	longest  = 6 * time.Second
	// longestAfterErrors leaves a throttled account room to recover.
	longestAfterErrors = 30 * time.Second
	// perCall keeps polls below the 20 calls a second that ECS sustains for reading
	// services, with room for others in the account.
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
	perCall = 200 * time.Millisecond
)

// changed makes the next poll follow quickly.
func (p *pace) changed() { p.interval = shortest }

// same lets more time pass.
func (p *pace) same() { p.interval = min(max(p.interval, shortest)*3/2, longest) }

// failed backs off.
func (p *pace) failed() { p.interval = min(max(p.interval, shortest)*2, longestAfterErrors) }

// wait returns how long to wait where a poll takes that many calls.
func (p *pace) wait(calls int) time.Duration {
	return max(p.interval, shortest, time.Duration(calls)*perCall)
}
