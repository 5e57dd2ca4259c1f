package tagboat_test

import (
	"slices"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestTally(t *testing.T) {
	var deployments []tagboat.Deployment
	for _, v := range []tagboat.Verdict{
		tagboat.VerdictUnchanged, tagboat.VerdictSucceeded, tagboat.VerdictFailed, tagboat.VerdictTimedOut,
		tagboat.VerdictSucceeded, tagboat.VerdictRolledBack, tagboat.VerdictFailed,
	} {
		deployments = append(deployments, tagboat.Deployment{Verdict: v})
	}
	expect.Equal(t, "2 failed, 1 rolled-back, 1 timed-out, 2 succeeded, 1 unchanged", tagboat.Tally(deployments))
	expect.Equal(t, "nothing to do", tagboat.Tally(nil))
	expect.EqualIn(t, "the deployments were put into another order", tagboat.VerdictUnchanged, deployments[0].Verdict)
}

// A verdict that is an error is never fine, and one that is none never alarming.
func TestConcern(t *testing.T) {
	got := map[tagboat.Verdict]string{}
	for _, v := range []tagboat.Verdict{
		tagboat.VerdictUnchanged, tagboat.VerdictSucceeded, tagboat.VerdictRolledBack, tagboat.VerdictFailed, tagboat.VerdictSuperseded,
		tagboat.VerdictTimedOut, tagboat.VerdictInterrupted, tagboat.VerdictStarted, tagboat.VerdictSkipped, tagboat.VerdictBlocked, "unheard-of",
	} {
		_, isError := v.Kind()
		if c := v.Concern(); isError && c > tagboat.Doubtful || !isError && c == tagboat.Alarming {
			t.Errorf("%s concerns as %d", v, c)
		}
		got[v] = v.Concern().Sign()
	}
	want := map[tagboat.Verdict]string{
		tagboat.VerdictUnchanged: "➖", tagboat.VerdictSucceeded: "✅", tagboat.VerdictStarted: "✅",
		tagboat.VerdictRolledBack: "❌", tagboat.VerdictFailed: "❌", "unheard-of": "❌",
		tagboat.VerdictSuperseded: "⚠️", tagboat.VerdictTimedOut: "⚠️", tagboat.VerdictInterrupted: "⚠️", tagboat.VerdictSkipped: "⚠️", tagboat.VerdictBlocked: "⚠️",
	}
	expect.Equal(t, want, got)
}

func TestChange(t *testing.T) {
	for want, state := range map[string]tagboat.ImageState{
		"v1 → v2":                     {Tag: "v2", Pinned: "sha256:bb", PreviousTag: "v1", Previous: "sha256:aa"},
		"v2":                          {Tag: "v2", Pinned: "sha256:bb"},
		"v3":                          {Tag: "v3", Pinned: "sha256:bb", PreviousTag: "v2", Previous: "sha256:bb"},
		"0123456789ab → 1123456789ab": {Pinned: "sha256:1123456789abcdef", Previous: "sha256:0123456789abcdef"},
	} {
		expect.Equal(t, want, state.Change())
	}
}

func TestPreviousPins(t *testing.T) {
	images := []tagboat.ImageState{
		{Image: "proxy", Pinned: "sha256:aa", Previous: "sha256:bb"},
		{Image: "api", Tag: "v1", Pinned: "sha256:cc", PreviousTag: "v2", Previous: "sha256:dd"},
		{Image: "api", Container: "again", Tag: "v1", Pinned: "sha256:cc", PreviousTag: "v2", Previous: "sha256:dd"},
		{Image: "same", Pinned: "sha256:ee", PreviousTag: "v9", Previous: "sha256:ee"},
		{Image: "new", Pinned: "sha256:ff"},
	}
	want := []string{"api=v2", "proxy@sha256:bb"}
	if got := tagboat.PreviousPins(images); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
