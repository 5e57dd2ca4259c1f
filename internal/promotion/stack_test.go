package promotion_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestReleasesThroughStacks are promoted to services that stacks have, and a bad one goes back.
func TestReleasesThroughStacks(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		s := apptest.Stack{Services: []string{"web"}}
		s.Run(w)
		promote := func(tag string, labels ...string) tagboat.PromotionResult {
			w.Push("shop/web:"+tag, labels...)
			w.Pin("dev", "web="+tag)
			made, err := w.Open().Releases.Create(w.Context(), release.Request{Environment: "dev"})
			if err != nil {
				w.Fatal(err)
			}
			w.Later(time.Minute)
			return w.Promote(promotion.Request{Selection: apptest.In("dev"), Release: made.Name}).Promotions[0]
		}
		if r := promote("v2"); r.State != tagboat.PromotionDone {
			w.Errorf("v2 is %s: %s", r.State, r.Reason)
		}
		if r := promote("v3", "exit=3@1s"); r.State != tagboat.PromotionRolledBack {
			w.Errorf("v3 is %s: %s", r.State, r.Reason)
		}
		w.StackEnds("shop-dev", "UPDATE_ROLLBACK_COMPLETE")
	})
}
