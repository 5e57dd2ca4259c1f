package screen

import (
	"testing"

	"github.com/tagboat/tagboat"
)

// TestExitCodeOfRefusals has one that stands alone, and ones beside deployments that changed
// something.
func TestExitCodeOfRefusals(t *testing.T) {
	refused := tagboat.Deployment{Verdict: tagboat.VerdictFailed, Refused: true}
	ended := func(v tagboat.Verdict) tagboat.Deployment { return tagboat.Deployment{Verdict: v} }
	for _, tc := range []struct {
		name        string
		deployments []tagboat.Deployment
		touched     bool
		want        tagboat.Kind
	}{
		{"alone", []tagboat.Deployment{refused}, false, tagboat.Usage},
		{"beside what stayed as it was", []tagboat.Deployment{refused, ended(tagboat.VerdictUnchanged), ended(tagboat.VerdictSkipped)}, false, tagboat.Usage},
		{"beside a success", []tagboat.Deployment{refused, ended(tagboat.VerdictSucceeded)}, false, tagboat.Failed},
		{"beside one that was started", []tagboat.Deployment{ended(tagboat.VerdictStarted), refused}, false, tagboat.Failed},
		{"beside one that was rolled back", []tagboat.Deployment{refused, ended(tagboat.VerdictRolledBack)}, false, tagboat.Failed},
		{"after pins were moved", []tagboat.Deployment{refused}, true, tagboat.Failed},
		{"a failure that was none", []tagboat.Deployment{ended(tagboat.VerdictFailed)}, false, tagboat.Failed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tagboat.KindOf(worst(tc.deployments, tc.touched)); got != tc.want {
				t.Errorf("kind %v, want %v", got, tc.want)
			}
		})
	}
}

func TestWorst(t *testing.T) {
	tests := []struct {
		name     string
		verdicts []tagboat.Verdict
		want     int
	}{
		{"none", nil, 0},
		{"all good", []tagboat.Verdict{tagboat.VerdictSucceeded, tagboat.VerdictUnchanged, tagboat.VerdictStarted}, 0},
		{"one rolled back", []tagboat.Verdict{tagboat.VerdictSucceeded, tagboat.VerdictRolledBack}, 4},
		{"what was not rolled back is worse", []tagboat.Verdict{tagboat.VerdictRolledBack, tagboat.VerdictFailed}, 5},
		{"timed out", []tagboat.Verdict{tagboat.VerdictTimedOut, tagboat.VerdictSucceeded}, 6},
		{"superseded", []tagboat.Verdict{tagboat.VerdictSuperseded}, 7},
		{"interrupted", []tagboat.Verdict{tagboat.VerdictInterrupted, tagboat.VerdictFailed}, 130},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var deployments []tagboat.Deployment
			for _, v := range test.verdicts {
				deployments = append(deployments, tagboat.Deployment{Verdict: v})
			}
			got := 0
			if err := worst(deployments, false); err != nil {
				got = tagboat.KindOf(err).ExitCode()
			}
			if got != test.want {
				t.Errorf("exit code %d, wanted %d", got, test.want)
			}
		})
	}
}
