package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// paused has each deployment wait for somebody once its tasks are up.
func paused() apptest.Family {
	return apptest.Family{
		Stages: "[{name: dev}, {name: staging}, {name: prod}]",
		Service: map[string]any{"deploymentConfiguration": map[string]any{
			"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
			"lifecycleHooks": []any{map[string]any{"targetType": "PAUSE", "lifecycleStages": []string{"POST_SCALE_UP"}}},
		}},
	}
}

// begin begins an action, and returns the id of the operation.
func (o *office) begin(a tagboat.Action) string {
	o.Helper()
	begun, err := o.desk.Do(o.Context(), dora, []tagboat.Action{a}, o.plan(dora, a).Plan)
	if err != nil {
		o.Fatal(err)
	}
	return begun.ID
}

// awaits plans an action until it can be done, or has waited long enough.
func (o *office) awaits(a tagboat.Action) tagboat.ActionsDocument {
	o.Helper()
	dry := o.plan(dora, a)
	for range 30 {
		if dry.Ready {
			break
		}
		<-time.After(10 * time.Second)
		dry = o.plan(dora, a)
	}
	return dry
}

// TestContinue answers a pause hook, on or back, and tells what waits.
func TestContinue(t *testing.T) {
	for _, back := range []bool{false, true} {
		apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
			paused().Open(w)
			w.Push("shop/web:v1")
			w.Push("shop/web:v2")
			o := open(w, false)
			defer o.desk.Close(w.Context())
			for _, tag := range []string{"v1", "v2"} {
				if _, err := w.Open().Releases.Create(w.Context(), release.Request{Images: []catalog.ImageArg{{Image: "web", Tag: tag}}}); err != nil {
					w.Fatal(err)
				}
			}
			on := tagboat.Action{Kind: tagboat.ActionContinue, Environments: []tagboat.EnvName{"dev"}}
			first := o.begin(promote("1", "dev"))
			if o.awaits(on).Ready { // a service that is new may wait, too
				o.done(dora, on)
			}
			o.ended(first)
			begun := o.begin(promote("2", "dev"))
			on.Back = back
			dry := o.awaits(on)
			if !dry.Ready || dry.Actions[0].Waiting[0].Stage != "POST_SCALE_UP" || dry.Actions[0].Waiting[0].Service != "web" {
				o.Fatalf("what waits is %+v, refused with %+v", dry.Actions[0].Waiting, dry.Actions[0].Refused)
			}
			seen, err := o.desk.Service(o.Context(), "dev", "web")
			same(o, "the service", []any{error(nil), &dry.Actions[0].Waiting[0]}, []any{err, seen.Paused})
			abort := o.plan(dora, in(tagboat.ActionAbort, "dev")).Actions[0]
			same(o, "what could be ended", []any{(*tagboat.ErrorDetail)(nil), "2", "arn:aws:iam::123456789012:user/sandbox"}, []any{abort.Refused, abort.Active[0].Release, abort.Active[0].By})
			same(o, "continued", []string{"dora succeeded", "continue succeeded"}, told(o.done(dora, on)))
			want := []string{"dora succeeded", "promote succeeded dev=promoted"}
			if back {
				want = []string{"dora failed", "promote failed dev=rolled-back"}
			}
			same(o, "the promotion", want, told(o.ended(begun))[:2])
			_, err = o.desk.Do(o.Context(), dora, []tagboat.Action{on}, dry.Plan)
			if tagboat.KindOf(err) != tagboat.Blocked || !strings.Contains(err.Error(), "now no deployment waits there") {
				o.Errorf("it is done twice, or refused with %v", err)
			}
		})
	}
}
