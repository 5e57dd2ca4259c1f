package pinning_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestManyPinAtOnce has 32 pipelines pin images of their own in one parameter at the same
// moment, each with a process of its own, under the rates of AWS: three writes a second.
func TestManyPinAtOnce(t *testing.T) {
	const pipelines = 32
	apptest.Run(t, sandbox.Config{Quotas: "aws"}, func(w *apptest.World) {
		var names []string
		for n := range pipelines {
			names = append(names, fmt.Sprintf("image%02d", n))
		}
		apptest.Shop{Services: names}.Open(w)
		for _, name := range names {
			w.Push("shop/" + name + ":v1")
		}
		w.Pin("dev", names[0]+"=v1")
		w.Fault(sandbox.Fault{Operation: "ssm.*", Kind: "latency", Latency: "80ms"})
		w.Later(time.Minute) // all buckets are full
		start := time.Now()
		calls, took := make([]int, pipelines), make([]time.Duration, pipelines)
		var all sync.WaitGroup
		for n, name := range names {
			all.Go(func() {
				ctx, asked := operation.Start(w.Context(), nil)
				_, err := w.Open().Pinning.Pin(ctx, pinning.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: tagboat.ImageName(name), Digest: w.Pushed["shop/"+name+":v1"]}}})
				if err != nil {
					w.Errorf("%s: %v", name, err)
				}
				took[n] = time.Since(start)
				for operation, made := range asked.Calls().ByOperation {
					if strings.HasPrefix(operation, "ssm.") {
						calls[n] += made
					}
				}
			})
		}
		all.Wait()
		sum := 0
		for _, n := range calls {
			sum += n
		}
		w.Logf("%d pins took %s; calls of Parameter Store: %.1f each, at most %d: %v", pipelines, slices.Max(took).Round(time.Millisecond), float64(sum)/pipelines, slices.Max(calls), calls)
		if longest := slices.Max(took); longest > 25*time.Second {
			w.Errorf("the last one was done after %s", longest)
		}
		if float64(sum)/pipelines > 8 {
			w.Errorf("%.1f calls each", float64(sum)/pipelines)
		}
		pins, err := w.Open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
		if err != nil || len(pins.Pins) != pipelines {
			w.Errorf("%d images are pinned, %v", len(pins.Pins), err)
		}
	})
}
