package page

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
)

// operationScreen is an operation, and what happens in ECS meanwhile.
type operationScreen struct {
	tagboat.OperationDocument
	Rollouts map[place]tagboat.RolloutDocument
}

// shownRollouts is how many services' tasks an operation shows; of more there is the progress alone.
const shownRollouts = 6

func (p *Page) operations(*http.Request) (screen, error) {
	return screen{title: "Operations", section: "/operations", body: operationsView(p.Desk.Operations())}, nil
}

func (p *Page) operation(r *http.Request) (screen, error) {
	d, ok := p.Desk.Operation(r.PathValue("id"))
	if !ok {
		return screen{}, missing("look into the history: operations are remembered until the server stops", "there is no operation %q", r.PathValue("id"))
	}
	return screen{title: operationTitle(d), section: "/operations", body: operationView(operationScreen{d, p.rollouts(r.Context(), d)})}, nil
}

// rollouts reads the tasks of what rolls now.
func (p *Page) rollouts(ctx context.Context, d tagboat.OperationDocument) map[place]tagboat.RolloutDocument {
	var (
		mu   sync.Mutex
		all  = map[place]tagboat.RolloutDocument{}
		wait sync.WaitGroup
		n    int
	)
	for _, progress := range d.Progress {
		if n >= shownRollouts || progress.State == "done" && !(len(d.Progress) == 1 && d.State == tagboat.OperationRunning) {
			continue
		}
		n++
		wait.Go(func() {
			if rollout, err := p.Desk.Rollout(ctx, progress.Environment, progress.Service); err == nil { // else there is the progress
				mu.Lock()
				defer mu.Unlock()
				all[place{progress.Environment, progress.Service}] = rollout
			}
		})
	}
	wait.Wait()
	return all
}

// causes returns why deployments of an operation failed.
func (o operationScreen) causes() []tagboat.Cause {
	var all []tagboat.Cause
	for _, a := range o.Actions {
		for _, d := range a.Deployments {
			all = append(all, d.Causes...)
		}
		for _, r := range a.Promotions {
			for _, d := range r.Deployments {
				all = append(all, d.Causes...)
			}
		}
	}
	return all
}

// watched is what the operation's part of the screen depends on.
func (o operationScreen) watched() string {
	names := []string{"operation/" + o.ID}
	if o.State == tagboat.OperationRunning {
		for _, p := range o.Progress {
			names = append(names, place{p.Environment, p.Service}.String())
		}
	}
	return strings.Join(names, " ")
}

func operationTitle(d tagboat.OperationDocument) string {
	var parts []string
	for _, a := range d.Actions {
		parts = append(parts, heading(a.Action))
	}
	return strings.Join(parts, ", ")
}

// stateTone is the tone of an operation's or an action's state.
func stateTone(state string) string {
	switch state {
	case tagboat.OperationSucceeded:
		return toneWell
	case tagboat.OperationRunning:
		return toneBusy
	case tagboat.OperationFailed:
		return toneBad
	case tagboat.OperationStopped:
		return toneWarn
	default:
		return toneIdle
	}
}

func promotionTone(state string) string {
	switch state {
	case tagboat.PromotionReady, tagboat.PromotionDone:
		return toneWell
	case tagboat.PromotionFailed, tagboat.PromotionRolledBack, tagboat.PromotionBlocked:
		return toneBad
	case tagboat.PromotionUnchanged:
		return toneIdle
	default:
		return toneWarn
	}
}

func verdictTone(v tagboat.Verdict) string {
	return [...]string{tagboat.Alarming: toneBad, tagboat.Doubtful: toneWarn, tagboat.Fine: toneWell, tagboat.Idle: toneIdle}[v.Concern()]
}

// told reports whether there is something to say of an action beside its deployments.
func told(a tagboat.OperationAction) bool {
	return a.Error != nil || a.Approval != nil || len(a.Promotions)+len(a.Holds)+len(a.Continued) > 0
}

// tookText says how long an operation took; nothing while it goes on.
func tookText(d tagboat.OperationDocument) string {
	if d.EndedAt == nil {
		return ""
	}
	return ", took " + d.EndedAt.Sub(d.StartedAt).Round(time.Second).String()
}
