package pinning_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

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
