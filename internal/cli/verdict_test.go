package cli

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
