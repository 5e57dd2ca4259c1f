package promotion_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// run runs a story of a family.
func run(t *testing.T, f apptest.Family, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		f.Open(w)
		story(w)
	})
}

// states compares how promotions ended: ENVIRONMENT STATE [CAUSE].
func states(w *apptest.World, document tagboat.PromotionDocument, want ...string) {
	w.Helper()
	var got []string
	for _, r := range document.Promotions {
		line := strings.TrimSpace(string(r.Environment) + " " + r.State + " " + string(r.Cause))
		got = append(got, line)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		for _, r := range document.Promotions {
			w.Logf("%s: %s %+v", r.Environment, r.Reason, r.Gates)
			for _, d := range r.Deployments {
				w.Logf("  %s %s %s", d.Service, d.Verdict, d.Reason)
			}
		}
		w.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// running compares which version of web runs where: ENVIRONMENT=TAG.
func running(w *apptest.World, want ...string) {
	w.Helper()
	document, err := w.Open().View.Status(w.Context(), fleet.Selection{})
	if err != nil {
		w.Fatal(err)
	}
	tags := map[string]string{}
	for _, s := range document.Services {
		for _, i := range s.Images {
			tag := i.RunningTag
			if i.Running != i.Pinned {
				tag += " pinned " + i.Tag
			}
			tags[string(s.Environment)] = tag
		}
	}
	for _, line := range want {
		env, tag, _ := strings.Cut(line, "=")
		if tags[env] != tag {
			w.Errorf("%s runs %q, want %q", env, tags[env], tag)
		}
	}
}

var automation = promotion.Request{Automation: true}

func to(stage tagboat.StageName, r promotion.Request) promotion.Request {
	r.Selection = apptest.To(stage)
	return r
}

// TestFromStageToStage brings two pushes from dev to prod, for the team and its tenant.
func TestFromStageToStage(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
		states(w, w.Promote(to("dev", automation)), "dev unchanged already-there", "mb-dev unchanged already-there")
		states(w, w.Promote(to("prod", automation)), "prod blocked no-upstream-version", "mb-prod blocked no-upstream-version")
		states(w, w.Promote(to("staging", automation)), "staging promoted", "mb-staging promoted")
		w.Push("shop/web:v2")
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
		states(w, w.Promote(promotion.Request{Selection: apptest.In("prod"), Release: "1"}), "prod promoted")
		states(w, w.Promote(promotion.Request{Selection: apptest.To("prod"), Release: "2"}), "prod blocked no-upstream-version", "mb-prod blocked no-upstream-version")
		running(w, "dev=v2", "mb-dev=v2", "staging=v1", "mb-staging=v1", "prod=v1", "mb-prod=")
	})
}

// TestSoak lets a release into the next stage only after it has run well for long enough.
func TestSoak(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging, auto: upstream, gates: {soak: 2h}}, {name: prod}]"}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
		document := w.Promote(to("staging", automation))
		states(w, document, "staging blocked soaking-until", "mb-staging blocked soaking-until")
		w.Later(2 * time.Hour)
		states(w, w.Promote(to("staging", automation)), "staging promoted", "mb-staging promoted")
	})
}

// TestBadReleaseGoesBack rolls a release back where it fails, services that ran it well with it.
func TestBadReleaseGoesBack(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
		for _, image := range []string{"shop/api:v1", "shop/web:v1"} {
			w.Push(image)
		}
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
		w.Push("shop/api:v2")
		w.Push("shop/web:v2", "exit=3@5s")
		document := w.Promote(to("dev", automation))
		states(w, document, "dev rolled-back", "mb-dev rolled-back")
		running(w, "dev=v1", "mb-dev=v1")
		for _, image := range []tagboat.ImageName{"api", "web"} {
			if pin := w.Pinned(image); pin.Tag != "v1" {
				w.Errorf("%s is pinned to %s after its release failed", image, pin.Tag)
			}
		}
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted") // api was not what failed
		if pin := w.Pinned("api"); pin.Tag != "v2" {
			w.Errorf("api is pinned to %s, though only web failed", pin.Tag)
		}
		states(w, w.Promote(to("dev", automation)), "dev unchanged already-there", "mb-dev unchanged already-there")
		w.Push("shop/web:v3")
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
		running(w, "dev=v3", "mb-dev=v3")
	})
}

// requestOf asks for a release of IMAGE=TAG.
func requestOf(images ...string) release.Request {
	var r release.Request
	for _, image := range images {
		name, tag, _ := strings.Cut(image, "=")
		r.Images = append(r.Images, catalog.ImageArg{Image: tagboat.ImageName(name), Tag: tag})
	}
	return r
}
