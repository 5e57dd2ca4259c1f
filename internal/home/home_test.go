package home_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/stage"
)

const me = "arn:aws:iam::123456789012:user/sandbox"

func put(w *apptest.World, name, value string) {
	w.Helper()
	w.AWS("ssm.PutParameter", map[string]any{"Name": name, "Value": value, "Type": "String", "Overwrite": true})
}

func TestApprovals(t *testing.T) {
	run(t, func(w *apptest.World) {
		h := open(w, "/tagboat/shop", "{seq}")
		one := home.Approval{Stage: "prod", Release: digest(1), Environments: []tagboat.EnvName{"prod"}, Message: "tried {{it}} <b>", Actor: "ann"}
		expect.OK(t, h.Approve(w.Context(), one))
		at := time.Now().UTC()
		expect.EqualIn(t, "calls", 1, w.Calls(""))
		name := "/tagboat/shop/approvals/prod/" + strings.TrimPrefix(string(digest(1)), "sha256:")
		for _, forged := range []string{"yes", "{}", "null", "[]", `{"release":"` + string(digest(2)) + `","stage":"prod"}`,
			`{"release":"` + string(digest(1)) + `","stage":"staging"}`, `{"release":"` + string(digest(1)) + `","stage":"prod","environments":"all"}`} {
			put(w, name, forged)
		}
		expect.OK(t, h.Approve(w.Context(), home.Approval{Stage: "prod", Release: digest(1), Revoke: true}))
		before := w.Calls("")
		got := expect.Value(h.Approvals(w.Context(), "prod", digest(1)))(t)
		expect.EqualIn(t, "calls", 1, w.Calls("")-before)
		expect.Equal(t, []stage.Approval{
			{By: me, Claims: "ann", At: at, Environments: one.Environments, Message: one.Message},
			{By: me, At: at, Revoked: true},
		}, got)
		expect.EqualIn(t, "of another stage", 0, len(expect.Value(h.Approvals(w.Context(), "staging", digest(1)))(t)))
		err := h.Approve(w.Context(), home.Approval{Stage: "prod", Release: digest(1), Message: strings.Repeat("x", 4096)})
		expect.EqualIn(t, "kind of what does not fit", tagboat.Usage, tagboat.KindOf(err))
	})
}

func TestRejections(t *testing.T) {
	run(t, func(w *apptest.World) {
		h := open(w, "/tagboat/shop", "{seq}")
		expect.OK(t, h.Reject(w.Context(), digest(1), "it loses orders"))
		at := time.Now().UTC()
		expect.OK(t, h.Reject(w.Context(), digest(2), "a mistake"))
		expect.OK(t, h.Reject(w.Context(), digest(2), ""))
		unread := "/tagboat/shop/rejected/" + strings.TrimPrefix(string(digest(3)), "sha256:")
		put(w, unread, "broken")
		later := time.Now().UTC().Truncate(time.Millisecond)
		before := w.Calls("")
		got := expect.Value(h.Look(w.Context(), digest(1), digest(2), digest(3), digest(4)))(t)
		expect.EqualIn(t, "calls", 1, w.Calls("")-before)
		expect.Equal(t, home.Known{Rejected: map[tagboat.Digest]*tagboat.Rejection{
			digest(1): {Reason: "it loses orders", By: me, At: at},
			digest(3): {Reason: "the value of parameter " + unread + " cannot be read", At: later},
		}}, got)
	})
}

func TestFreeze(t *testing.T) {
	run(t, func(w *apptest.World) {
		h := open(w, "/tagboat/shop", "{seq}")
		since := time.Now().UTC()
		until := since.Add(time.Hour)
		frozen := &tagboat.Hold{Reason: "a sale", By: me, Since: &since, Until: &until}
		expect.OK(t, h.Freeze(w.Context(), frozen))
		before := w.Calls("")
		for range 2 {
			expect.Equal(t, frozen, expect.Value(h.Frozen(w.Context()))(t))
		}
		expect.EqualIn(t, "calls of two looks", 1, w.Calls("")-before)
		w.Later(time.Hour)
		expect.Equal(t, nil, expect.Value(h.Frozen(w.Context()))(t))
		expect.Equal(t, nil, expect.Value(h.Look(w.Context()))(t).Freeze)
		put(w, "/tagboat/freeze", "until monday")
		expect.EqualIn(t, "what somebody wrote", "the value of parameter /tagboat/freeze cannot be read", expect.Value(h.Look(w.Context()))(t).Freeze.Reason)
		expect.OK(t, h.Freeze(w.Context(), nil))
		expect.Equal(t, nil, expect.Value(h.Frozen(w.Context()))(t))
	})
}
