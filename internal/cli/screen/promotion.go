package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/markdown"
)

// Checklist shows what promotions would do, and what each gate says. Its error is of kind Blocked
// where one would not enter. command is what was typed, without --dry-run.
func Checklist(on *Screen, document tagboat.PromotionDocument, command string) error {
	if on.AsJSON() {
		if err := on.JSON(document); err != nil {
			return err
		}
		return promotionError(document)
	}
	if on.AsMarkdown() {
		on.printMarkdown(markdown.Promotion(document))
		return promotionError(document)
	}
	promotionTable(document.Promotions).Print(on.Streams)
	for _, r := range document.Promotions {
		printGates(on, r)
	}
	for _, warning := range document.Warnings {
		on.Notice(warning)
	}
	on.Talkf("nothing was changed (--dry-run); to do exactly this: %s --plan %s\n", command, document.Plan)
	return promotionError(document)
}

// Promotions shows how promotions ended, and returns the error that stands for all of them.
func Promotions(on *Screen, document tagboat.PromotionDocument) error {
	var deployments []tagboat.Deployment
	for _, r := range document.Promotions {
		deployments = append(deployments, r.Deployments...)
	}
	if on.AsJSON() {
		if err := on.JSON(document); err != nil {
			return err
		}
		on.annotate(deployments)
		return promotionError(document)
	}
	if len(deployments) > 0 {
		printDeployments(on, "promote", deployments)
		on.Printf("\n")
	}
	promotionTable(document.Promotions).Print(on.Streams)
	for _, r := range document.Promotions {
		if r.State == tagboat.PromotionBlocked || r.State == tagboat.PromotionWaiting {
			printGates(on, r)
		}
	}
	for _, warning := range document.Warnings {
		on.Notice(warning)
	}
	return promotionError(document)
}

// Promoted returns the changes of promotions, for the question whether they are meant.
func Promoted(document tagboat.PromotionDocument) []Pending {
	var all []Pending
	for _, r := range document.Promotions {
		if r.State == tagboat.PromotionReady {
			all = append(all, Pending{r.Environment, string(r.Environment), fmt.Sprintf("release %s → %s, %d services", cmp.Or(r.From.Name, "none"), releaseCalled(r.Release), len(r.Changes))})
		}
	}
	return all
}

func promotionTable(results []tagboat.PromotionResult) *console.Table {
	table := console.NewTable("ENVIRONMENT", "TENANT", "RELEASE", "STATE", "WHY")
	for _, r := range results {
		change := releaseCalled(r.Release)
		if r.From.ID != "" && r.From.ID != r.Release.ID && change != "-" {
			change = releaseCalled(r.From) + " → " + change
		}
		table.Row(console.Cell{Text: cmp.Or(string(r.Environment), "-"), Style: console.Strong}, console.Text(cmp.Or(r.Tenant, "-")), console.Text(change),
			console.Cell{Text: r.State, Style: promotionStyle(r.State)}, console.Text(cmp.Or(r.Reason, "-")))
	}
	return table
}

// releaseCalled is what people call a release: its name, or the beginning of its id.
func releaseCalled(r tagboat.Release) string {
	if r.Name != "" {
		return r.Name
	}
	return cmp.Or(r.ID.Short(), "-")
}

func promotionStyle(state string) console.Style {
	switch state {
	case tagboat.PromotionDone, tagboat.PromotionReady:
		return console.Good
	case tagboat.PromotionUnchanged, tagboat.PromotionAbsent:
		return console.Faint
	case tagboat.PromotionFailed, tagboat.PromotionRolledBack:
		return console.Bad
	default:
		return console.Warn
	}
}

// printGates says what each gate of an environment says, and which releases were passed over.
func printGates(on *Screen, r tagboat.PromotionResult) {
	if len(r.Gates)+len(r.PassedOver)+len(r.Pins)+len(r.Changes) == 0 {
		return
	}
	on.Printf("\n%s\n", on.OnOut(console.Strong, string(r.Environment)))
	for _, g := range r.Gates {
		mark, style := "✓", console.Good
		switch {
		case g.BrokenGlass:
			mark, style = "!", console.Warn
		case g.Cause == tagboat.CauseAlreadyThere:
			mark, style = "·", console.Faint
		case !g.Passed:
			mark, style = "✗", console.Bad
		}
		on.Printf("  %s %s: %s\n", on.OnOut(style, mark), g.Gate, g.Reason)
		if !g.Passed && g.Hint != "" {
			on.Printf("    %s\n", on.OnOut(console.Faint, g.Hint))
		}
	}
	for _, pin := range r.Pins {
		on.Printf("  pins %s: %s → %s\n", pin.Image, observedText(pin.From), observedText(pin.To))
	}
	if len(r.Changes) > 0 {
		var services []string
		for _, c := range r.Changes {
			services = append(services, string(c.Service))
		}
		on.Printf("  deploys %s\n", strings.Join(services, ", "))
	}
	if len(r.PassedOver) > 0 {
		var names []string
		for _, over := range r.PassedOver {
			names = append(names, releaseCalled(over))
		}
		on.Printf("  passed over: %s\n", strings.Join(names, ", "))
	}
}

// promotionError returns the error that stands for promotions: nil where each ended well.
func promotionError(document tagboat.PromotionDocument) error {
	kinds := []struct {
		state string
		kind  tagboat.Kind
	}{
		{tagboat.PromotionInterrupted, tagboat.Interrupted}, {tagboat.PromotionFailed, tagboat.Failed}, {tagboat.PromotionRolledBack, tagboat.RolledBack},
		{tagboat.PromotionTimedOut, tagboat.TimedOut}, {tagboat.PromotionSuperseded, tagboat.Superseded},
		{tagboat.PromotionWaiting, tagboat.Blocked}, {tagboat.PromotionBlocked, tagboat.Blocked},
	}
	for _, k := range kinds {
		if slices.ContainsFunc(document.Promotions, func(r tagboat.PromotionResult) bool { return r.State == k.state }) {
			return Shown(tagboat.Errorf(k.kind, "not every environment has the release"))
		}
	}
	return nil
}
