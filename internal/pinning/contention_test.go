package pinning_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// TestCallsOverGroups: all groups of all environments are one call for ten parameters; a
// pin is one read, and one write for each group that changes.
func TestCallsOverGroups(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		const n = 8
		apptest.Teams(w, n)
		var images []catalog.ImageArg
		for i := range n {
			w.Push(fmt.Sprintf("team%02d/app:v1", i))
			w.Push(fmt.Sprintf("team%02d/app:v2", i))
			images = append(images, catalog.ImageArg{Image: tagboat.ImageName(fmt.Sprintf("app%02d", i)), Tag: "v1"})
		}
		for _, env := range []tagboat.EnvName{"dev", "prod"} {
			if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: env, Images: images}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			what          string
			do            func() error
			reads, writes int
		}{
			{"pinning in one group", func() error {
				_, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: "app00", Tag: "v2"}}})
				return err
			}, 1, 1},
			{"pinning in three groups", func() error {
				wanted := []catalog.ImageArg{{Image: "app01", Tag: "v2"}, {Image: "app02", Tag: "v2"}, {Image: "app03", Tag: "v2"}}
				_, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: wanted})
				return err
			}, 1, 3},
			{"pinning what is pinned", func() error {
				_, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images[7:]})
				return err
			}, 1, 0},
			{"sixteen parameters of two environments", func() error {
				_, err := w.Open().Images.One(w.Context(), catalog.ImagesRequest{Image: "app00"})
				return err
			}, 2, 0},
		} {
			before := []int{w.Calls("ssm.GetParameters"), w.Calls("ssm.PutParameter"), w.Calls("ssm.GetParameterHistory")}
			if err := c.do(); err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			got := []int{w.Calls("ssm.GetParameters") - before[0], w.Calls("ssm.PutParameter") - before[1], w.Calls("ssm.GetParameterHistory") - before[2]}
			if diff := cmp.Diff([]int{c.reads, c.writes, 0}, got); diff != "" {
				t.Errorf("%s: reads, writes, histories: %s", c.what, diff)
			}
		}
	})
}
