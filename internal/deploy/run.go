package deploy

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
)

// Options say how deployments are carried out. The zero value starts one after another
// and waits for none.
type Options struct {
	MaxParallel int           // services that roll at the same time; 0 means 1
	Timeout     time.Duration // of watching one service; 0 means 30 minutes. A rollback has as long again
	NoRollback  bool          // leave what failed as it is
	Wait        bool          // watch until the end
	Progress    Progress      // hears how it goes; nil for nobody
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 30 * time.Minute
	}
	return o.Timeout
}

// Run carries the plans out and returns how each ended, in their order. It returns once
// all have a verdict; when ctx ends, those that are not over end as interrupted. What
// one deployment comes to does not keep the others from theirs.
func Run(ctx context.Context, plans []Plan, o Options) []tagboat.Deployment {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	watching, stopWatching := context.WithCancel(ctx)
	observers, ended := observe(watching, plans)
	defer ended.Wait()
	defer stopWatching()

	shared := newRegistrations()
	results := make([]tagboat.Deployment, len(plans))
	var group errgroup.Group
	group.SetLimit(max(o.MaxParallel, 1))
	for i, p := range plans {
		group.Go(func() error {
			at := place{p.Client, p.Desired.Cluster}
			r := roll{plan: p, options: o, observer: observers[at], registrations: shared}
			results[i] = r.run(ctx)
			return nil
		})
	}
	_ = group.Wait() // no deployment returns an error: each has its verdict
	return results
}

// observe starts one observer for each cluster that something is deployed to.
func observe(ctx context.Context, plans []Plan) (map[place]*observer, *sync.WaitGroup) {
	observers := map[place]*observer{}
	var ended sync.WaitGroup
	for _, p := range plans {
		at := place{p.Client, p.Desired.Cluster}
		if observers[at] != nil {
			continue
		}
		o := newObserver(p.Client.ECS, p.Desired.Cluster)
		observers[at] = o
		ended.Go(func() { o.run(ctx) })
	}
	return observers, &ended
}
