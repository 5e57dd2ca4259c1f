package deploy

import (
	"context"
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

// observer polls the services of one cluster for everybody who watches one: up to ten
// in a call, at a pace that follows what happens.
type observer struct {
	services Services
	cluster  string

	mu       sync.Mutex
	watchers map[chan snapshot]string // to the service's name
	joined   chan struct{}            // wakes run; holds one
}

func newObserver(services Services, cluster string) *observer {
	return &observer{services: services, cluster: cluster, watchers: map[chan snapshot]string{}, joined: make(chan struct{}, 1)}
}

// watch returns a channel that always holds the newest snapshot of a service that was
// not received yet, and a function that ends the watching.
func (o *observer) watch(name string) (<-chan snapshot, func()) {
	ch := make(chan snapshot, 1)
	o.mu.Lock()
	o.watchers[ch] = name
	o.mu.Unlock()
	select {
	case o.joined <- struct{}{}:
	default:
	}
	return ch, func() {
		o.mu.Lock()
		delete(o.watchers, ch)
		o.mu.Unlock()
	}
}

// run polls until ctx ends. It asks nothing while nobody watches.
func (o *observer) run(ctx context.Context) {
	var p pace
	seen := map[string]string{}
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
			names := o.names()
			if len(names) == 0 {
				continue
			}
			o.poll(ctx, names, &p, seen)
			next = time.Now().Add(p.wait(calls(len(names))))
		}
		timer.Reset(time.Until(next))
	}
}

// calls returns how many calls it takes to describe that many services.
func calls(services int) int { return (services + servicesPerCall - 1) / servicesPerCall }

func (o *observer) names() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var names []string
	for _, name := range o.watchers {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// poll asks for all services once. seen has what each looked like before.
func (o *observer) poll(ctx context.Context, names []string, p *pace, seen map[string]string) {
	moved, failed := false, false
	for batch := range slices.Chunk(names, servicesPerCall) {
		found, missing, err := o.services.DescribeServices(ctx, o.cluster, batch)
		if err != nil {
			failed = true
			o.tell(batch, snapshot{err: err})
			continue
		}
		for _, s := range found {
			moved = moved || seen[s.Name] != fingerprint(s)
			seen[s.Name] = fingerprint(s)
			o.tell([]string{s.Name}, snapshot{service: s})
		}
		o.tell(missing, snapshot{missing: true})
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
func (o *observer) tell(names []string, s snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for ch, name := range o.watchers {
		if !slices.Contains(names, name) {
			continue
		}
		select {
		case <-ch:
		default:
		}
		ch <- s
	}
}
