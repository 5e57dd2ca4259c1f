package deploy

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// servicesPerCall is what DescribeServices takes at most.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
const servicesPerCall = 10

// snapshot is what one poll said of one service.
type snapshot struct {
	service ecs.Service
	missing bool
	err     error // the poll failed: says nothing of the service
}

// observer polls the services of one account and region for everybody who watches one:
// up to ten of a cluster in a call, at a pace that follows what happens.
type observer struct {
	services Services

	mu       sync.Mutex
	watchers map[watched]map[chan snapshot]bool
	joined   chan struct{} // wakes run; holds one
}

// watched is a service of a cluster.
type watched struct{ cluster, service string }

func newObserver(services Services) *observer {
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
	var p pace
	seen := map[watched]*sighting{}
	timer := time.NewTimer(p.wait(1))
	defer timer.Stop()
	for next := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-o.joined:
			p.changed()
			if soon := time.Now().Add(p.wait(1)); !next.After(time.Now()) || soon.Before(next) {
				next = soon
			}
		case <-timer.C:
			batches := o.batches()
			if len(batches) == 0 {
				continue
			}
			o.poll(ctx, batches, &p, seen)
			next = time.Now().Add(p.wait(len(batches)))
		}
		timer.Reset(time.Until(next))
	}
}

// batches returns what is watched, a call's worth of one cluster each.
func (o *observer) batches() [][]watched {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := slices.SortedFunc(maps.Keys(o.watchers), func(a, b watched) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.service, b.service))
	})
	var batches [][]watched
	for _, w := range all {
		last := len(batches) - 1
		if last < 0 || len(batches[last]) == servicesPerCall || batches[last][0].cluster != w.cluster {
			batches, last = append(batches, nil), last+1
		}
		batches[last] = append(batches[last], w)
	}
	return batches
}

// poll asks for all services once. seen has what each looked like before.
func (o *observer) poll(ctx context.Context, batches [][]watched, p *pace, seen map[watched]*sighting) {
	moved, failed := false, false
	for _, batch := range batches {
		cluster, names := batch[0].cluster, make([]string, len(batch))
		for i, w := range batch {
			names[i] = w.service
		}
		found, missing, err := o.services.DescribeServices(ctx, cluster, names)
		if err != nil {
			failed = true
			o.tell(cluster, names, snapshot{err: err})
			continue
		}
		for _, s := range found {
			at := watched{cluster, s.Name}
			if seen[at] == nil {
				seen[at] = &sighting{}
			}
			news, old := seen[at].see(s, time.Now())
			moved = moved || news
			if !old {
				o.tell(cluster, []string{s.Name}, snapshot{service: s})
			}
		}
		o.tell(cluster, missing, snapshot{missing: true})
	}
	switch {
	case failed:
		p.failed()
	case moved:
		p.changed()
	default:
		p.same()
	}
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
