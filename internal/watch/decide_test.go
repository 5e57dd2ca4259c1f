package watch_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/watch"
)

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later = noon.Add(3 * time.Hour)
)

// TestDecide decides by every cause and every state, and says what that leaves for later.
func TestDecide(t *testing.T) {
	newest := config.Stage{Name: "dev", Auto: config.AutoNewest}
	gate := func(cause tagboat.GateCause, opens *time.Time) tagboat.PromotionResult {
		return tagboat.PromotionResult{State: tagboat.PromotionBlocked, Cause: cause, Reason: "why", Gates: []tagboat.GateResult{
			{Gate: "passed", Passed: true, Opens: opens}, {Gate: "closed", Cause: cause, Opens: opens},
		}}
	}
	served, soon := watch.Outcome{Served: true}, watch.Outcome{Served: true, Soon: true}
	until := watch.Outcome{Served: true, Again: later}
	failed := watch.Outcome{Failed: true, Err: errors.New(": why")}
	for name, c := range map[string]struct {
		result tagboat.PromotionResult
		stage  config.Stage
		kind   watch.Kind
		left   watch.Outcome
	}{
		"ready":                     {tagboat.PromotionResult{State: tagboat.PromotionReady}, newest, watch.Promote, served},
		"under way, of this one":    {tagboat.PromotionResult{State: tagboat.PromotionReady, Key: "K"}, newest, watch.GoOn, served},
		"ready, people move it":     {tagboat.PromotionResult{State: tagboat.PromotionReady}, config.Stage{Name: "prod"}, watch.Leave, served},
		"ready, people confirm":     {tagboat.PromotionResult{State: tagboat.PromotionReady}, config.Stage{Name: "prod", Auto: config.AutoUpstream, Confirm: true}, watch.Leave, served},
		"people confirmed":          {tagboat.PromotionResult{State: tagboat.PromotionReady, Key: "K"}, config.Stage{Name: "prod", Auto: config.AutoUpstream, Confirm: true}, watch.GoOn, served},
		"there":                     {tagboat.PromotionResult{State: tagboat.PromotionUnchanged, Cause: tagboat.CauseAlreadyThere}, newest, watch.Unchanged, served},
		"nothing came before":       {gate(tagboat.CauseNoUpstream, nil), newest, watch.Leave, served},
		"no such stage":             {tagboat.PromotionResult{State: tagboat.PromotionAbsent, Cause: tagboat.CauseNoStage}, newest, watch.Leave, served},
		"soaks":                     {gate(tagboat.CauseSoaking, &later), newest, watch.Wait, until},
		"soaks, and nobody knows":   {gate(tagboat.CauseSoaking, nil), newest, watch.Leave, served},
		"ran badly before":          {gate(tagboat.CauseUnhealthy, nil), newest, watch.Leave, served},
		"approvals":                 {gate(tagboat.CauseApprovals, nil), newest, watch.Leave, served},
		"window":                    {gate(tagboat.CauseWindow, &later), newest, watch.Wait, until},
		"a window that never opens": {gate(tagboat.CauseWindow, nil), newest, watch.Leave, served},
		"a window that opened":      {gate(tagboat.CauseWindow, &noon), newest, watch.Wait, soon},
		"freeze":                    {gate(tagboat.CauseFrozen, &later), newest, watch.Wait, until},
		"freeze without an end":     {gate(tagboat.CauseFrozen, nil), newest, watch.Leave, served},
		"hold":                      {gate(tagboat.CauseHeld, nil), newest, watch.Leave, served},
		"hold for a time":           {gate(tagboat.CauseHeld, &later), newest, watch.Wait, until},
		"rejected":                  {gate(tagboat.CauseRejected, nil), newest, watch.Leave, served},
		"not replicated":            {gate(tagboat.CauseNotReplicated, nil), newest, watch.Wait, soon},
		"kept":                      {gate(tagboat.CauseKept, &later), newest, watch.Wait, until},
		"kept until verified":       {gate(tagboat.CauseKept, nil), newest, watch.Leave, served},
		"check":                     {gate(tagboat.CauseCheck, nil), newest, watch.Leave, served},
		"scan":                      {gate(tagboat.CauseScan, nil), newest, watch.Leave, served},
		"labels":                    {gate(tagboat.CauseLabels, nil), newest, watch.Leave, served},
		"signature":                 {gate(tagboat.CauseSignature, nil), newest, watch.Leave, served},
		"another one is under way":  {gate(tagboat.CauseUnderWay, nil), newest, watch.Wait, watch.Outcome{Soon: true}},
		"a deployment waits":        {gate(tagboat.CausePaused, nil), newest, watch.Wait, soon},
		"not automatic":             {gate(tagboat.CauseOff, nil), newest, watch.Leave, served},
		"older":                     {gate(tagboat.CauseOlder, nil), newest, watch.Leave, served},
		"unreadable":                {gate(tagboat.CauseProblem, nil), newest, watch.Fail, failed},
		"the files are wrong": {tagboat.PromotionResult{
			State: tagboat.PromotionBlocked, Cause: tagboat.CauseProblem, Reason: "why", Problems: []tagboat.Problem{{Message: "why"}},
		}, newest, watch.Leave, served},
	} {
		t.Run(name, func(t *testing.T) {
			d := watch.Decide(c.result, c.stage)
			expect.Equal(t, c.kind, d.Kind)
			expect.Equal(t, c.left, watch.Left(d, noon), cmpErrors, cmpopts.EquateApproxTime(0))
		})
	}
}

var cmpErrors = cmp.Comparer(func(a, b error) bool { return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error()) })

// TestWhatAPromotionLeaves says for every state in which a promotion ends what is left for later.
func TestWhatAPromotionLeaves(t *testing.T) {
	err := errors.New("dev: why")
	deployed := []tagboat.Deployment{{Verdict: tagboat.VerdictFailed}}
	for name, c := range map[string]struct {
		kind   watch.Kind
		result tagboat.PromotionResult
		want   watch.Outcome
	}{
		"promoted":                        {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionDone}, watch.Outcome{Served: true}},
		"promoted, and begun before":      {watch.GoOn, tagboat.PromotionResult{State: tagboat.PromotionDone}, watch.Outcome{Again: noon}},
		"unchanged":                       {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionUnchanged}, watch.Outcome{Served: true}},
		"rolled back":                     {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionRolledBack}, watch.Outcome{Again: noon}},
		"failed":                          {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionFailed, Deployments: deployed}, watch.Outcome{Served: true}},
		"nothing was begun":               {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionFailed}, watch.Outcome{Failed: true, Err: err}},
		"superseded":                      {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionSuperseded}, watch.Outcome{Soon: true, Err: err}},
		"timed out":                       {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionTimedOut}, watch.Outcome{Soon: true, Err: err}},
		"interrupted":                     {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionInterrupted}, watch.Outcome{Soon: true, Err: err}},
		"a window closed meanwhile":       {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionWaiting, Cause: tagboat.CauseWindow}, watch.Outcome{Served: true, Soon: true}},
		"somebody held it meanwhile":      {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionWaiting, Cause: tagboat.CauseHeld}, watch.Outcome{Served: true}},
		"others begin it right now":       {watch.GoOn, tagboat.PromotionResult{State: tagboat.PromotionWaiting, Cause: tagboat.CauseUnderWay}, watch.Outcome{Soon: true}},
		"blocked, as a claim may find it": {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionBlocked}, watch.Outcome{Served: true, Soon: true}},
		"aborted":                         {watch.Promote, tagboat.PromotionResult{State: tagboat.PromotionAborted}, watch.Outcome{Served: true}},
	} {
		t.Run(name, func(t *testing.T) {
			c.result.Environment, c.result.Reason = "dev", "why"
			expect.Equal(t, c.want, watch.EndedAs(c.kind, c.result, noon), cmpErrors)
		})
	}
}
