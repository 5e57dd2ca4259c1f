package history_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestHistoryOfAParameterThatWasMadeAgain has its versions count from one again.
func TestHistoryOfAParameterThatWasMadeAgain(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1", "web:v2", "web:v3", "web:v4")
		w.Pin("dev", "web=v1")
		w.Pin("dev", "web=v2")
		w.Later(time.Hour)
		w.AWS("ssm.DeleteParameter", map[string]any{"Name": "/containers/dev/shop"})
		w.Pin("dev", "web=v3")
		value := strings.ReplaceAll(`{"web":"v4@D"}`, "D", string(w.Pushed["shop/web:v4"]))
		w.AWS("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": value, "Overwrite": true, "Type": "String"})
		want := []string{"pin web >v1 ", "pin web >v3 ", "pin web v1>v2 ", "write web v3>v4 foreign "}
		if diff := cmp.Diff(want, toldByHistory(w)); diff != "" {
			w.Error(diff)
		}
	})
}

// TestHistoryKnowsWhatItForgot has more writes of others than Parameter Store keeps: the
// journal, which goes back further, has none of them.
func TestHistoryKnowsWhatItForgot(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
		w.Pin("dev", "web=v1")
		for n := range 105 {
			w.Later(time.Minute)
			w.AWS("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": fmt.Sprintf(`{"web":"o%d"}`, n), "Overwrite": true, "Type": "String"})
		}
		oldest := time.Now().Add(-99 * time.Minute)
		if got := w.History(history.Request{}).Since; got == nil || !got.Equal(oldest) {
			w.Errorf("whole since %v, want %v", got, oldest)
		}
	})
}

// TestHistoryOfNoTime has its end before its beginning.
func TestHistoryOfNoTime(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w)
		_, err := w.Open().History.Events(w.Context(), history.Request{Since: access.When{Ago: time.Hour}, Until: access.When{Ago: 2 * time.Hour}})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Error(err)
		}
	})
}

// TestNewestHistoryIsTheEndOfAll has pins of two tenants, others' writes, tags and pauses in
// an order that dice tell: a limit leaves nothing out and tells nothing twice.
func TestNewestHistoryIsTheEndOfAll(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}, Tenants: []string{"", "acme"}}.Open(w, "web:v0", "web:v1", "web:v2")
		dice := rand.New(rand.NewPCG(1, 2))
		for n := range 90 {
			tag := fmt.Sprintf("v%d", n%3)
			switch env := []tagboat.EnvName{"dev", "acme-dev"}[dice.IntN(2)]; dice.IntN(4) {
			case 0:
				value := fmt.Sprintf(`{"web":"%s@%s"}`, tag, w.Pushed["shop/web:"+tag])
				w.AWS("ssm.PutParameter", map[string]any{"Name": fmt.Sprintf("/containers/%s/shop", env), "Value": value, "Overwrite": true, "Type": "String"})
			case 1:
				request := catalog.TagRequest{Version: catalog.ImageArg{Image: "web", Tag: tag}, Tags: []string{"good"}}
				if _, err := w.Open().Tagger.Tag(w.Context(), request); err != nil {
					w.Fatal(err)
				}
			default:
				w.Pin(env, "web="+tag)
			}
			w.Later([]time.Duration{0, 1500 * time.Millisecond, 50 * time.Second, 70 * time.Second, time.Hour}[dice.IntN(5)])
		}
		for _, r := range []history.Request{{}, {Selection: fleet.Selection{Environments: []tagboat.EnvName{"dev"}}}, {Image: "web"}} {
			all := w.History(r)
			if len(all.Events) < 20 {
				w.Errorf("%d events are too few to tell", len(all.Events))
			}
			for r.Limit = 1; r.Limit <= len(all.Events)+1; r.Limit++ {
				got := w.History(r)
				if diff := cmp.Diff(all.Events[:min(r.Limit, len(all.Events))], got.Events); diff != "" {
					w.Fatalf("the newest %d: %s", r.Limit, diff)
				}
			}
		}
	})
}
