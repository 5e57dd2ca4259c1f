package deploy

import (
	"context"
	"sync"
)

// observe starts one observer for each account and region that something is deployed
// to. They end with ctx.
func observe(ctx context.Context, plans []Plan) (map[*Client]*observer, *sync.WaitGroup) {
	observers := map[*Client]*observer{}
	var ended sync.WaitGroup
	for _, p := range plans {
		if observers[p.Client] != nil || len(p.Steps) == 0 {
			continue
		}
		o := newObserver(p.Client.ECS)
		observers[p.Client] = o
		ended.Go(func() { o.run(ctx) })
	}
	return observers, &ended
}
