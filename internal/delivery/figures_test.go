package delivery_test

import (
	"fmt"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

func TestPinsInBrief(t *testing.T) { pinsInBrief(t) }

// pinsInBrief reads the parameters of fifty groups ten to a call, and no history, of which
// Parameter Store answers three a second. It returns the calls that took.
func pinsInBrief(t *testing.T) (brief int) {
	apptest.Run(t, sandbox.Config{Quotas: "aws"}, func(w *apptest.World) {
		const n = 50
		apptest.Teams(w, n)
		var images []catalog.ImageArg
		for i := range n {
			w.Push(fmt.Sprintf("team%02d/app:v1", i))
			images = append(images, catalog.ImageArg{Image: tagboat.ImageName(fmt.Sprintf("app%02d", i)), Tag: "v1"})
		}
		if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images}); err != nil {
			t.Fatal(err)
		}
		ctx, asked := operation.Start(w.Context(), nil)
		document, err := w.Open().Pinning.Pins(ctx, pinning.PinsRequest{Environment: "dev", Brief: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(document.Pins) != n || document.Pins[0].Digest != w.Pushed["team00/app:v1"] || document.Pins[0].SetBy != "" {
			t.Errorf("%d pins, the first is %+v", len(document.Pins), document.Pins[0])
		}
		brief = asked.Calls().Total
		if calls := asked.Calls(); calls.Total > 7 || calls.ByOperation["ssm.GetParameterHistory"] != 0 {
			t.Errorf("%v", calls)
		}
		ctx, asked = operation.Start(w.Context(), nil)
		whole, err := w.Open().Pinning.Pins(ctx, pinning.PinsRequest{Environment: "dev"})
		if err != nil || whole.Pins[n-1].SetBy == "" || asked.Calls().ByOperation["ssm.GetParameterHistory"] != n {
			t.Errorf("%v %+v %v", err, whole.Pins, asked.Calls())
		}
	})
	return brief
}

func TestFortyImagesOfOneRepository(t *testing.T) { fortyImages(t) }

// fortyImages pins images of one repository: what is true of that is asked for once. It
// returns the calls that took.
func fortyImages(t *testing.T) (total int) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		const n = 40
		text := "app: shop\nregistry: " + sandboxtest.Host + "\nimages:\n"
		var images []catalog.ImageArg
		for i := range n {
			text += fmt.Sprintf("  app%02d: {repository: shop/apps}\n", i)
			tag := fmt.Sprintf("v%02d", i)
			w.Push("shop/apps:" + tag)
			images = append(images, catalog.ImageArg{Image: tagboat.ImageName(fmt.Sprintf("app%02d", i)), Tag: tag})
		}
		w.Write("tagboat.yaml", text+"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		w.Cache = t.TempDir() // what the versions consist of is known from the run before
		if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images, DryRun: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images[:1]}); err != nil {
			t.Fatal(err)
		}
		ctx, asked := operation.Start(w.Context(), nil)
		result, err := w.Open().Pinning.Pin(ctx, pinning.Request{Environment: "dev", Images: images})
		if err != nil || !result.Changed || len(result.Document.Pins) != n {
			t.Fatalf("%+v %v", result, err)
		}
		total = asked.Calls().Total
		if calls := asked.Calls(); calls.Total > 46 || calls.ByOperation["ecr.DescribeRepositories"] != 1 {
			t.Errorf("%v", calls)
		}
	})
	return total
}
