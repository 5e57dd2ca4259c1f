package pinning_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/pinning"
)

// TestFreezeBindsAutomation freezes everything, and has automation try each command that changes
// something.
func TestFreezeBindsAutomation(t *testing.T) {
	shop := apptest.Shop{Tags: "dev"}
	shop.Run(t, func(w *apptest.World) {
		v2 := w.Push("shop/web:v2")
		before := w.Calls("ssm.GetParameters")
		expect.OK(t, w.Automate("web=v2"))
		cost := w.Calls("ssm.GetParameters") - before
		before = w.Calls("ssm.GetParameters")
		w.Pin("dev", "web=v1")
		expect.EqualIn(t, "reads of automation and of a person", 2, cost-(w.Calls("ssm.GetParameters")-before)) // holds again, and the freeze

		a := w.Open()
		r := pinning.HoldRequest{Message: "the sale", Until: access.When{Ago: -time.Hour}}
		expect.Value(a.Pinning.Holds.HoldAll(w.Context(), r))(t)
		const words = "everything is frozen: the sale (by arn:aws:iam::123456789012:user/sandbox, since 2026-01-01T00:"
		w.Blocked(w.Automate("web=v2"), words)
		_, err := w.Open().Tagger.Tag(w.Context(), catalog.TagRequest{Version: catalog.ImageArg{Image: "web", Tag: "v2"}, Tags: []string{"dev"}, Automation: true})
		w.Blocked(err, words)
		_, err = w.Open().Tagger.Tag(w.Context(), catalog.TagRequest{Version: catalog.ImageArg{Image: "web", Tag: "v2"}, Tags: []string{"tested"}, Automation: true})
		expect.OK(t, err)
		r.Automation = true
		_, err = a.Pinning.Holds.UnholdAll(w.Context(), r)
		w.Blocked(err, words)
		w.Expect(w.One(), tagboat.VerdictUnchanged)

		w.Pin("dev", "web=v2") // a person can
		expect.EqualIn(t, "pinned", v2, w.Pinned("web").Digest)
		a = w.Open()
		set := expect.Value(a.Delivery.Plan(w.Context(), apptest.Dev))(t)
		expect.OK(t, a.Delivery.HeedFreeze(w.Context(), set))
		w.Blocked(set.Blocked(), words)
		w.Expect(a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments[0], tagboat.VerdictBlocked, "the sale")
		w.Expect(w.One(), tagboat.VerdictSucceeded)

		a = w.Open() // going back passes
		back := expect.Value(a.Rollbacks.Plan(w.Context(), delivery.RollbackRequest{Selection: apptest.Dev, Automation: true}))(t)
		done := expect.Value(a.Rollbacks.Do(w.Context(), back, "broken", apptest.Wait))(t)
		w.Expect(done.Deployments[0], tagboat.VerdictSucceeded)

		w.Later(time.Hour)
		expect.Value(w.Open().Pinning.Holds.Unhold(w.Context(), pinning.HoldRequest{Environment: "dev"}))(t)
		w.Push("shop/web:v3")
		expect.OK(t, w.Automate("web=v3"))
	})
}

// TestAFreezeThatBeginsMeanwhile stops services whose turn has not come.
func TestAFreezeThatBeginsMeanwhile(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Push("shop/web:v2")
		w.Pin("dev", "web=v2")
		a := w.Open()
		set := expect.Value(a.Delivery.Plan(w.Context(), apptest.Dev))(t)
		expect.OK(t, a.Delivery.HeedFreeze(w.Context(), set))
		expect.OK(t, set.Blocked())
		expect.Value(w.Open().Pinning.Holds.HoldAll(w.Context(), pinning.HoldRequest{Message: "an incident"}))(t)
		w.Later(time.Minute)
		w.Expect(a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments[0], tagboat.VerdictBlocked, "an incident")
	})
}

// TestAStageThatTakesReleases pins single versions where gates look at releases.
func TestAStageThatTakesReleases(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Push("shop/web:v2")
		w.Write("tagboat.yaml", strings.Replace(w.Read("tagboat.yaml"), "stages: [{name: dev, ", "stages: [{name: dev, gates: {approvals: 1}, ", 1))
		pin := func(version string, change func(*pinning.Request)) error {
			r := pinning.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: "web", Tag: version}}, Message: "checkout is down"}
			change(&r)
			_, err := w.Open().Pinning.Pin(w.Context(), r)
			return err
		}
		person := func(*pinning.Request) {}
		expect.OK(t, pin("v1", person)) // as it is
		err := pin("v2", person)
		w.Blocked(err, "stage dev takes releases, which its gates look at (approvals)")
		expect.EqualIn(t, "hint", "tagboat promote RELEASE --to dev; in an emergency: tagboat pin --break-glass -m WHY", tagboat.HintOf(err))
		w.Blocked(pin("v2", func(r *pinning.Request) { r.Automation = true }), "takes releases")
		breaks := func(r *pinning.Request) { r.BreakGlass = true }
		expect.OK(t, pin("v2", func(r *pinning.Request) { r.BreakGlass, r.DryRun = true, true }))
		expect.EqualIn(t, "recorded by a dry run", 0, len(w.AWS("ssm.GetParameters", map[string]any{"Names": []string{"/tagboat/shop/break-glass/dev"}})["Parameters"].([]any)))
		expect.OK(t, pin("v2", breaks))
		if !w.Heard.Has("THE GLASS IS BROKEN", "stage dev", "checkout is down") {
			t.Errorf("not told: %v", w.Heard.Notices)
		}
		broken := w.AWS("ssm.GetParameter", map[string]any{"Name": "/tagboat/shop/break-glass/dev"})["Parameter"].(map[string]any)
		expect.EqualIn(t, "recorded", any(`{"message":"checkout is down"}`), broken["Value"])
		expect.EqualIn(t, "message", "checkout is down [gates overridden]", w.Pinned("web").Message)

		w.Expect(w.One(), tagboat.VerdictSucceeded)
		a := w.Open() // going back enters nothing
		back := expect.Value(a.Rollbacks.Plan(w.Context(), delivery.RollbackRequest{Selection: apptest.Dev}))(t)
		w.Expect(expect.Value(a.Rollbacks.Do(w.Context(), back, "broken", apptest.Wait))(t).Deployments[0], tagboat.VerdictSucceeded)

		w.Write("tagboat.yaml", strings.Replace(w.Read("tagboat.yaml"), "gates: {approvals: 1}, ", "", 1))
		expect.EqualIn(t, "kind of glass that is not there", tagboat.Usage, tagboat.KindOf(pin("v2", breaks)))
	})
}
