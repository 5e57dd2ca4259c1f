package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestHistoryOfAParameterThatWasMadeAgain has its versions count from one again.
func TestHistoryOfAParameterThatWasMadeAgain(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		for _, tag := range []string{"v1", "v2", "v3", "v4"} {
			w.push("shop/web:" + tag)
		}
		w.pin("dev", "web=v1")
		w.pin("dev", "web=v2")
		w.later(time.Hour)
		w.aws("ssm.DeleteParameter", map[string]any{"Name": "/containers/dev/shop"})
		w.pin("dev", "web=v3")
		value := strings.ReplaceAll(`{"web":"v4@D"}`, "D", string(w.pushed["shop/web:v4"]))
		w.aws("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": value, "Overwrite": true, "Type": "String"})
		want := []string{"pin web >v1 ", "pin web >v3 ", "pin web v1>v2 ", "write web v3>v4 foreign "}
		if diff := cmp.Diff(want, w.toldByHistory()); diff != "" {
			w.Error(diff)
		}
	})
}

// TestHistoryKnowsWhatItForgot has more writes of others than Parameter Store keeps: the
// journal, which goes back further, has none of them.
func TestHistoryKnowsWhatItForgot(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		w.push("shop/web:v1")
		w.pin("dev", "web=v1")
		for n := range 105 {
			w.later(time.Minute)
			w.aws("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": fmt.Sprintf(`{"web":"o%d"}`, n), "Overwrite": true, "Type": "String"})
		}
		oldest := time.Now().Add(-99 * time.Minute)
		if got := w.history(history.Request{}).Since; got == nil || !got.Equal(oldest) {
			w.Errorf("whole since %v, want %v", got, oldest)
		}
	})
}

// TestHistoryOfNoTime has its end before its beginning.
func TestHistoryOfNoTime(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		_, err := w.open().History.Events(w.Context(), history.Request{Since: access.When{Ago: time.Hour}, Until: access.When{Ago: 2 * time.Hour}})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Error(err)
		}
	})
}
