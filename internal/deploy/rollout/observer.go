package rollout

import (
	"cmp"
	"context"
	"errors"
	"maps"
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
// up to ten of a cluster in a call, each at a pace that follows what happens to it.
type observer struct {
	services deploy.Services

	mu       sync.Mutex
	watchers map[watched]map[*watcher]bool
	nudged   map[watched]bool // since run was woken
	joined   chan struct{}    // wakes run; holds one
}

// watched is a service of a cluster.
type watched struct{ cluster, service string }

// watcher is who watches a service.
type watcher struct {
	ctx       context.Context // whose operation the calls belong to
	snapshots chan snapshot   // the newest that was not received yet
}

func newObserver(services deploy.Services) *observer {
	return &observer{services: services, watchers: map[watched]map[*watcher]bool{}, nudged: map[watched]bool{}, joined: make(chan struct{}, 1)}
}

// watch returns a channel that always holds the newest snapshot of a service that was
// not received yet, and a function that ends the watching.
func (o *observer) watch(ctx context.Context, cluster, service string) (<-chan snapshot, func()) {
	w, at := &watcher{ctx, make(chan snapshot, 1)}, watched{cluster, service}
	o.mu.Lock()
	if o.watchers[at] == nil {
		o.watchers[at] = map[*watcher]bool{}
	}
	o.watchers[at][w] = true
	o.mu.Unlock()
	o.wake()
	return w.snapshots, func() {
		o.mu.Lock()
		delete(o.watchers[at], w)
		if len(o.watchers[at]) == 0 {
			delete(o.watchers, at)
		}
		o.mu.Unlock()
	}
}

// wake has run look at who watches what.
func (o *observer) wake() {
	select {
	case o.joined <- struct{}{}:
	default:
	}
}

// watching returns how many services of a cluster are watched.
func (o *observer) watching(cluster string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for at := range o.watchers {
		if at.cluster == cluster {
			n++
		}
	}
	return n
}

// run polls until ctx ends. It asks nothing while nobody watches.
func (o *observer) run(ctx context.Context) {
	p := polls{observer: o, subjects: map[watched]*subject{}, answers: make(chan answer)}
	defer p.flights.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.joined:
		case a := <-p.answers:
			p.take(a, time.Now())
		case <-timer.C:
			p.begin(ctx, time.Now())
		}
		p.update(time.Now())
		timer.Stop()
		if next, ok := p.next(); ok {
			timer.Reset(time.Until(next))
		}
	}
}

// polls are the calls that keep watchers up to date. They go out side by side, and one that
// gets no answer, or an error, delays its own services alone.
type polls struct {
	observer *observer
	subjects map[watched]*subject
	answers  chan answer
	flights  sync.WaitGroup
	free     time.Time // when AWS's rate has room for the next calls
}

// subject is what is known of one service.
type subject struct {
	sighting
	pace
	watchers int
	asking   bool      // a call is under way
	again    bool      // a nudge came meanwhile: what the call answers may be older
	failing  bool      // the last call failed
	due      time.Time // not to be asked for before, unless a call has room
}

// answer is how one call ended.
type answer struct {
	batch    []watched
	services []ecs.Service
	missing  []string
	err      error
}

// update follows who watches what. Somebody new is to have an answer soon, and so is who was nudged.
func (p *polls) update(now time.Time) {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	for at, watchers := range p.observer.watchers {
		s := p.subjects[at]
		if s == nil {
			s = &subject{}
			p.subjects[at] = s
		}
		if len(watchers) > s.watchers && !s.failing {
			s.changed()
			s.due = now.Add(s.interval)
		}
		s.watchers = len(watchers)
	}
	for at := range p.observer.nudged {
		if s := p.subjects[at]; s != nil {
			s.nudge(now)
		}
	}
	clear(p.observer.nudged)
	maps.DeleteFunc(p.subjects, func(at watched, s *subject) bool { return !s.asking && p.observer.watchers[at] == nil })
}

// next returns when the next calls go out, and false where nothing waits for one.
func (p *polls) next() (at time.Time, ok bool) {
	for _, s := range p.subjects {
		if !s.asking && (!ok || s.due.Before(at)) {
			at, ok = s.due, true
		}
	}
	if at.Before(p.free) {
		at = p.free
	}
	return at, ok
}

// begin makes the calls that are due.
func (p *polls) begin(ctx context.Context, now time.Time) {
	batches := p.due(now)
	p.free = now.Add(time.Duration(len(batches)) * perCall)
	for _, batch := range batches {
		asker := p.observer.asker(batch)
		p.flights.Go(func() {
			a := p.observer.ask(ctx, asker, batch)
			select {
			case p.answers <- a:
			case <-ctx.Done():
			}
		})
	}
}

// due returns what is to be asked for now, a call's worth of one cluster each. A call that
// has room takes along what is due next. Services whose calls failed are among themselves.
func (p *polls) due(now time.Time) [][]watched {
	type group struct {
		cluster string
		failing bool
	}
	waiting, ready := map[group][]watched{}, map[group]int{}
	for at, s := range p.subjects {
		if s.asking || s.watchers == 0 {
			continue
		}
		g := group{at.cluster, s.failing}
		waiting[g] = append(waiting[g], at)
		if !s.due.After(now) {
			ready[g]++
		}
	}
	var batches [][]watched
	for g, n := range ready {
		if !g.failing {
			n = (n + deploy.ServicesPerCall - 1) / deploy.ServicesPerCall * deploy.ServicesPerCall
		}
		all := waiting[g]
		slices.SortFunc(all, func(a, b watched) int {
			return cmp.Or(p.subjects[a].due.Compare(p.subjects[b].due), cmp.Compare(a.service, b.service))
		})
		all = all[:min(n, len(all))]
		for _, at := range all {
			p.subjects[at].asking = true
		}
		batches = slices.AppendSeq(batches, slices.Chunk(all, deploy.ServicesPerCall))
	}
	return batches
}

// asker returns the context of somebody who watches one of the services.
func (o *observer) asker(batch []watched) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, at := range batch {
		for w := range o.watchers[at] {
			return w.ctx
		}
	}
	return context.Background()
}

// ask makes one call, which ends with ctx and belongs to who asks. A crash in it is an error
// of it: who watches hears of it.
func (o *observer) ask(ctx, asker context.Context, batch []watched) (a answer) {
	a.batch = batch
	defer deploy.Guard("services", &a.err)
	call, cancel := context.WithCancel(context.WithoutCancel(asker))
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	a.services, a.missing, a.err = o.services.DescribeServices(call, batch[0].cluster, serviceNames(batch))
	if errors.Is(a.err, ecs.ErrNotFound) { // the cluster is not there
		a.missing, a.err = serviceNames(batch), nil
	}
	return a
}

// take hands an answer on, and sets when its services are asked for again.
func (p *polls) take(a answer, now time.Time) {
	cluster := a.batch[0].cluster
	for _, at := range a.batch {
		s := p.subjects[at]
		s.asking, s.failing = false, a.err != nil
		if a.err != nil {
			s.failed()
		} else {
			s.same()
		}
	}
	if a.err != nil {
		p.observer.tell(cluster, serviceNames(a.batch), snapshot{err: a.err})
	}
	for _, service := range a.services {
		s := p.subjects[watched{cluster, service.Name}]
		if s == nil {
			continue // it is not what was asked for
		}
		news, old := s.see(service, now)
		if news {
			s.changed()
		}
		if !old {
			p.observer.tell(cluster, []string{service.Name}, snapshot{service: service})
		}
	}
	p.observer.tell(cluster, a.missing, snapshot{missing: true})
	for _, at := range a.batch {
		s := p.subjects[at]
		s.due = now.Add(s.interval)
		if s.again {
			s.again = false
			s.nudge(now)
		}
	}
}

func serviceNames(batch []watched) []string {
	all := make([]string, len(batch))
	for i, w := range batch {
		all[i] = w.service
	}
	return all
}

// tell hands a snapshot to who watches one of the services, in place of an older one
// that nobody took.
func (o *observer) tell(cluster string, names []string, s snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range names {
		for w := range o.watchers[watched{cluster, name}] {
			select {
			case <-w.snapshots:
			default:
			}
			w.snapshots <- s
		}
	}
}
