package pinning_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// choosing is a world whose only image has a rule; "" is none.
func choosing(w *apptest.World, rule string) {
	w.Helper()
	text := "app: shop\nregistry: " + sandboxtest.Host + "\nimages: {web: {repository: shop/web"
	if rule != "" {
		text += ", select: {" + rule + "}"
	}
	w.Write("tagboat.yaml", text+"}}\nstages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
}

// pinsAs pins as a person, or as automation.
func pinsAs(w *apptest.World, automation bool, arg catalog.ImageArg) error {
	_, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Automation: automation, Images: []catalog.ImageArg{arg}})
	return err
}

// TestAutomationNeverGoesBack has rules of every kind, and versions that rank by nothing
// but when they were pushed.
func TestAutomationNeverGoesBack(t *testing.T) {
	for _, tc := range []struct {
		rule   string
		person bool // may go back
	}{
		{"", true},
		{"newest: push", false},
		{"follow: stable", false},
		{"tag: stable", true},
		{`semver: ">=1"`, false},         // of tags that are no versions
		{`order: alphabetical`, false},   // by which the older one ranks higher
		{`match: x, order: time`, false}, // by which neither ranks
	} {
		t.Run(tc.rule, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				choosing(w, tc.rule)
				older, newer := "a-old", "b-new"
				w.Push("shop/web:" + older)
				w.Later(time.Minute)
				w.Push("shop/web:" + newer)
				if err := pinsAs(w, false, catalog.ImageArg{Image: "web", Tag: newer}); err != nil {
					w.Fatal(err)
				}
				w.Blocked(pinsAs(w, true, catalog.ImageArg{Image: "web", Tag: older}), "would go back from "+newer)
				w.Blocked(pinsAs(w, true, catalog.ImageArg{Image: "web", Digest: w.Pushed["shop/web:"+older]}), "would go back")
				err := pinsAs(w, false, catalog.ImageArg{Image: "web", Tag: older})
				if tc.person && err != nil || !tc.person && tagboat.KindOf(err) != tagboat.Blocked {
					w.Errorf("a person: %v", err)
				}
			})
		})
	}
}

// TestAutomationNeverGoesBackByTags has a parameter that keeps no digests.
func TestAutomationNeverGoesBackByTags(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.Write("tagboat.yaml", "app: shop\nregistry: "+sandboxtest.Host+"\nledger: {form: tag}\nimages: {web: {repository: shop/web}}\nstages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		for _, tag := range []string{"a", "b"} {
			w.Push("shop/web:" + tag)
			if err := pinsAs(w, true, catalog.ImageArg{Image: "web", Tag: tag}); err != nil {
				w.Fatal(err)
			}
			w.Later(time.Minute)
		}
		w.Blocked(pinsAs(w, true, catalog.ImageArg{Image: "web", Tag: "a"}), "would go back from b")
	})
}

// TestAutomationGoesOn has versions that are newer, or of which nobody can tell.
func TestAutomationGoesOn(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		choosing(w, "")
		for _, tag := range []string{"a", "b"} {
			w.Push("shop/web:" + tag)
			if err := pinsAs(w, true, catalog.ImageArg{Image: "web", Tag: tag}); err != nil {
				w.Fatal(err)
			}
			w.Later(time.Minute)
		}
		w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageTag": "b"}}})
		if err := pinsAs(w, true, catalog.ImageArg{Image: "web", Tag: "a"}); err != nil {
			w.Errorf("what is gone cannot be compared with: %v", err)
		}
	})
}

// pushOther pushes something that is not an image.
func pushOther(w *apptest.World, image string, config types.MediaType) {
	w.Helper()
	made := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), config)
	made, err := mutate.AppendLayers(made, static.NewLayer([]byte("x"), "application/x-data"))
	if err != nil {
		w.Fatal(err)
	}
	ref, err := name.ParseReference(sandboxtest.Host+"/"+image, name.Insecure)
	if err != nil {
		w.Fatal(err)
	}
	if err := remote.Write(ref, made, remote.WithTransport(sandboxtest.Carrier{Handler: w.Server}), remote.WithJobs(1)); err != nil {
		w.Fatal(err)
	}
}

// TestWhatNoContainerCanRun is chosen by no rule, and pinned by nobody.
func TestWhatNoContainerCanRun(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		choosing(w, "newest: push")
		w.Push("shop/web:1.0.0")
		w.Later(time.Minute)
		for tag, config := range map[string]types.MediaType{
			"chart": "application/vnd.cncf.helm.config.v1+json", "buildcache": "application/vnd.buildkit.cacheconfig.v0", "thing": types.OCIConfigJSON,
		} {
			pushOther(w, "shop/web:"+tag, config)
		}
		for tag, words := range map[string]string{"chart": "is a Helm chart", "buildcache": "is a build cache", "thing": `is not an image: its type is "application/x-data"`} {
			err := pinsAs(w, false, catalog.ImageArg{Image: "web", Tag: tag})
			if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), words) {
				w.Errorf("%s: %v", tag, err)
			}
		}
		if err := pinsAs(w, true, catalog.ImageArg{Image: "web"}); err != nil || w.Pinned("web").Tag != "1.0.0" {
			w.Errorf("the rule chose %v: %v", w.Pinned("web"), err)
		}
		images, err := w.Open().Images.One(w.Context(), catalog.ImagesRequest{Image: "web", Why: true})
		if err != nil {
			w.Fatal(err)
		}
		for _, tag := range images.Tags {
			if (tag.Tag == "1.0.0") != tag.Accepted {
				w.Errorf("%+v", tag)
			}
		}
	})
}

// TestATagAndADigestAreOneVersion refuses to write down a name that the version has not.
func TestATagAndADigestAreOneVersion(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		choosing(w, "")
		w.Push("shop/web:v1")
		v2 := w.Push("shop/web:v2")
		if err := pinsAs(w, false, catalog.ImageArg{Image: "web", Tag: "v2", Digest: v2}); err != nil {
			w.Error(err)
		}
		for _, tag := range []string{"v1", "v3"} {
			err := pinsAs(w, false, catalog.ImageArg{Image: "web", Tag: tag, Digest: v2})
			var e *tagboat.Error
			if !errors.As(err, &e) || e.Kind != tagboat.Usage || !strings.Contains(e.Hint, "@"+string(v2)) {
				w.Errorf("%s: %v", tag, err)
			}
		}
	})
}

// TestPlanRefusesWhatCannotRunThere has a task definition that goes to another architecture
// after its image was pinned.
func TestPlanRefusesWhatCannotRunThere(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		arm := map[string]any{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
		apptest.Shop{Services: []string{"web"}, Task: map[string]any{"runtimePlatform": arm}}.Configure(w)
		set, err := w.Open().Delivery.Plan(w.Context(), fleet.Selection{})
		if err != nil {
			w.Fatal(err)
		}
		problems := set.Document().Problems
		if len(problems) != 1 || !strings.Contains(problems[0].Message, "is for linux/amd64, and the task definition runs linux/arm64") || !strings.Contains(problems[0].Where, "tagboat.yaml:") {
			w.Errorf("%+v", problems)
		}
	})
}

// TestWhatIsPinnedCannotBeLookedAt keeps nobody from pinning something else who says that it
// may be older, and only those.
func TestWhatIsPinnedCannotBeLookedAt(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		choosing(w, "newest: push")
		w.Push("shop/web:a")
		w.Push("shop/web:b")
		if err := pinsAs(w, false, catalog.ImageArg{Image: "web", Tag: "a"}); err != nil {
			w.Fatal(err)
		}
		w.Fault(sandbox.Fault{Operation: "ecr.DescribeImages", Kind: "error", Status: 400, Code: "AccessDeniedException"})
		for _, tc := range []struct {
			automation, allowed bool
			says                string // "" where it is pinned
			hint                bool
		}{
			{true, false, "comparing two versions of image web", false},
			{false, false, "comparing two versions of image web", true},
			{false, true, "", false},
		} {
			_, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{
				Environment: "dev", Automation: tc.automation, AllowOlder: tc.allowed, Images: []catalog.ImageArg{{Image: "web", Tag: "b"}},
			})
			var told *tagboat.Error
			hint := errors.As(err, &told) && strings.Contains(told.Hint, "--allow-older")
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) || hint != tc.hint {
				w.Errorf("%+v: %v, %+v", tc, err, told)
			}
		}
	})
}
