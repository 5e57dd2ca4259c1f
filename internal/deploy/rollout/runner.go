package deploy

import (
	"context"
	"time"

	"github.com/tagboat/tagboat"
)

// Options say how deployments are carried out. The zero value starts one after another
// and waits for none.
type Options struct {
	MaxParallel   int           // services that roll at the same time in one account and region; 0 means 1
	Timeout       time.Duration // of watching one service; 0 means 30 minutes. A rollback has as long again
	NoRollback    bool          // leave what failed as it is
	StopAtFailure bool          // begin nothing more once a deployment has not ended well
	Wait          bool          // watch until the end; else what depends on a service begins once that began
	Progress      Progress      // hears how it goes; nil for nobody
	Pins          Pins          // asked before a service changes, and once it runs what was planned; nil for nobody
}

// Pins reads anew what should run: others pin while a deployment is on its way.
type Pins interface {
	// Moved says what took the place of what a service was planned for, and who did that;
	// "" where nothing did. It is safe for concurrent use.
	Moved(ctx context.Context, d Desired) (string, error)
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 30 * time.Minute
	}
	return o.Timeout
}

// Run carries the plans out and returns how each ended, in their order. It returns once
// all have a verdict; when ctx ends, those that are not over end as interrupted. What
// one deployment comes to keeps only those from beginning that depend on it, and all
// others with StopAtFailure: their verdict is skipped.
func Run(ctx context.Context, plans []Plan, o Options) []tagboat.Deployment {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	watching, stopWatching := context.WithCancel(ctx)
	observers, ended := observe(watching, plans)
	defer ended.Wait()
	defer stopWatching()

	shared := newRegistrations()
	of := func(i int) *roll {
		return &roll{plan: plans[i], options: o, observer: observers[plans[i].Client], registrations: shared}
	}
	return newWaves(plans, o).run(ctx,
		func(i int) tagboat.Deployment { return of(i).run(ctx) },
		func(i int, why string) tagboat.Deployment { return of(i).skip(why) })
}
