package screen

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
)

func TestProgressWithoutATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := NewProgress(&Screen{Streams: &console.Streams{Err: &log}}, 2)
		at := func(u rollout.Update) {
			u.Environment, u.Service, u.At = "dev", "web", time.Now()
			p.Event(u)
			<-time.After(time.Second)
		}
		at(rollout.Update{State: rollout.StateApplying, Note: "register"})
		for range 3 {
			at(rollout.Update{State: rollout.StateRolling, Desired: 2, Note: "has started 2 tasks"})
		}
		at(rollout.Update{State: rollout.StateRolling, Healthy: 1, Desired: 2, Note: "has started 2 tasks"})
		at(rollout.Update{State: rollout.StateDone, Verdict: tagboat.VerdictSucceeded, Healthy: 2, Desired: 2})
		p.Done()
		want := "dev/web  applying  register\ndev/web  rolling  0/2  has started 2 tasks\n" +
			"dev/web  rolling  1/2  has started 2 tasks\ndev/web  succeeded  2/2\n"
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Error(diff)
		}
	})
}

// What a person should see to stands where not all fit, and what goes on before what is
// over.
func TestRank(t *testing.T) {
	order := []rollout.Update{
		{State: rollout.StateDone, Verdict: tagboat.VerdictFailed},
		{State: rollout.StateDone, Verdict: tagboat.VerdictSuperseded},
		{State: rollout.StateRollingBack},
		{State: rollout.StateRolling},
		{State: rollout.StateApplying},
		{State: rollout.StateDone, Verdict: tagboat.VerdictSucceeded},
		{State: rollout.StateDone, Verdict: tagboat.VerdictSkipped},
		{State: rollout.StateDone, Verdict: tagboat.VerdictUnchanged},
	}
	var got []int
	for _, u := range order {
		got = append(got, rank(u))
	}
	if diff := cmp.Diff([]int{0, 0, 0, 1, 1, 2, 2, 2}, got); diff != "" {
		t.Error(diff)
	}
}
