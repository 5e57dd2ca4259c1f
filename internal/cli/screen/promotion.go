package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/markdown"
	"github.com/tagboat/tagboat/internal/words"
)

// Checklist shows what promotions would do, and what each gate says; command is the one that does
// it. Its error is of kind Blocked where one would not enter.
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
	on.Talkf("nothing was changed (--dry-run); to do exactly this:\n  %s --plan %s\n", command, document.Plan)
	return promotionError(document)
}

// ReleaseBack shows what going back by release would do: the pins, the lines of each service, and
// the variables. Its error is of kind Blocked where an environment would not go back.
func ReleaseBack(on *Screen, document tagboat.PromotionDocument) error {
	if on.AsJSON() {
		if err := on.JSON(document); err != nil {
			return err
		}
		return promotionError(document)
	}
	promotionTable(document.Promotions).Print(on.Streams)
	for _, r := range document.Promotions {
		if r.State == tagboat.PromotionBlocked {
			printGates(on, r)
		}
		if r.Diff != nil {
			for _, v := range r.Diff.Vars {
				printVariable(on, v)
			}
		}
		if r.State != tagboat.PromotionUnchanged {
			Plan(on, tagboat.PlanDocument{Pins: r.Pins, Changes: r.Changes, Problems: r.Problems})
		}
	}
	for _, warning := range document.Warnings {
		on.Notice(warning)
	}
	return promotionError(document)
}

// Rollbacks shows which releases could be deployed again, and why not. Its error stands for those
// that could not.
func Rollbacks(on *Screen, document tagboat.RollbacksDocument) error {
	not := slices.ContainsFunc(document.Rollbacks, func(c tagboat.RollbackCheck) bool { return !c.Possible })
	if on.AsJSON() {
		if err := on.JSON(document); err != nil {
			return err
		}
	} else {
		rollbacks(on, document.Rollbacks)
	}
	switch err := on.Incomplete(document.Errors); {
	case err != nil:
		return err
	case not:
		return Shown(tagboat.Errorf(tagboat.Internal, "not every release could be deployed again"))
	default:
		return nil
	}
}

func rollbacks(on *Screen, checks []tagboat.RollbackCheck) {
	if len(checks) == 0 {
		on.Talkf("no environment has had a release\n")
		return
	}
	table := console.NewTable("ENVIRONMENT", "RELEASE", "SINCE", "POSSIBLE", "WHY NOT")
	var warnings []tagboat.Problem
	for _, c := range checks {
		name, possible, why := c.Release, console.Cell{Text: "yes", Style: console.Good}, "-"
		if c.Current {
			name += " (current)"
		}
		if len(c.Problems) > 0 {
			possible, why = console.Cell{Text: "no", Style: console.Bad}, c.Problems[0].Message
		}
		if more := len(c.Problems) - 1; more > 0 {
			why += fmt.Sprintf(" (and %d more)", more)
		}
		table.Row(console.Cell{Text: string(c.Environment), Style: console.Strong}, console.Text(name), console.Text(words.Moment(c.Since)), possible, console.Text(why))
		warnings = append(warnings, c.Warnings...)
	}
	table.Print(on.Streams)
	on.Warn(warnings)
}

// Promotions shows how the promotions of a command ended, and returns the error that stands for all
// of them.
func Promotions(on *Screen, command string, document tagboat.PromotionDocument) error {
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
		printOutcomes(on, command, deployments)
		on.Printf("\n")
	}
	promotionTable(ended(command, document.Promotions)).Print(on.Streams)
	for _, r := range document.Promotions {
		if r.State == tagboat.PromotionBlocked || r.State == tagboat.PromotionWaiting {
			r.Pins, r.Changes = nil, nil // nothing of them was done, or deployments say it
			printGates(on, r)
		}
	}
	for _, warning := range document.Warnings {
		on.Notice(warning)
	}
	if slices.ContainsFunc(document.Promotions, func(r tagboat.PromotionResult) bool { return r.State == tagboat.PromotionWaiting }) {
		on.Talkf("what waits begins with the same command once its gates are open\n")
	}
	return promotionError(document)
}

// Promoted returns the changes of promotions, for the question whether they are meant.
func Promoted(document tagboat.PromotionDocument) []Pending {
	var all []Pending
	for _, r := range document.Promotions {
		if r.State == tagboat.PromotionReady {
			all = append(all, Pending{r.Environment, string(r.Environment), fmt.Sprintf("release %s → %s, which changes %s", cmp.Or(r.From.Name, "none"), releaseCalled(r.Release), strings.Join(changedServices(r.Changes), ", "))})
		}
	}
	return all
}

// ended returns promotions in the words of the command that they are of.
func ended(command string, results []tagboat.PromotionResult) []tagboat.PromotionResult {
	if command != RollbackCommand {
		return results
	}
	results = slices.Clone(results)
	for i, r := range results {
		if r.State == tagboat.PromotionDone {
			results[i].State = "went back"
		}
	}
	return results
}

func promotionTable(results []tagboat.PromotionResult) *console.Table {
	table := console.NewTable("ENVIRONMENT", "TENANT", "RELEASE", "STATE", "WHY")
	for _, r := range results {
		change := releaseCalled(r.Release)
		if r.From.ID != "" && r.From.ID != r.Release.ID && change != "-" {
			change = releaseCalled(r.From) + " → " + change
		}
		table.Row(console.Cell{Text: cmp.Or(string(r.Environment), "-"), Style: console.Strong}, console.Text(cmp.Or(r.Tenant, "-")), console.Text(change),
			console.Cell{Text: r.State, Style: promotionStyle(r.State)}, console.Text(whyPromoted(r)))
	}
	return table
}

// whyPromoted is why a promotion stands or ended as it did, in a few words: gates and deployments
// say the rest in places of their own.
func whyPromoted(r tagboat.PromotionResult) string {
	switch {
	case r.State == tagboat.PromotionUnchanged && r.Cause == tagboat.CauseAlreadyThere:
		return "its services run it"
	case r.State == tagboat.PromotionRolledBack && len(r.Deployments) > 0:
		return fmt.Sprintf("it has %s again", cmp.Or(prefixed("release ", r.From.Name), "what it had"))
	case r.State != tagboat.PromotionBlocked && r.State != tagboat.PromotionWaiting:
		return cmp.Or(r.Reason, "-")
	}
	var causes []string
	for _, g := range r.Gates {
		if g.Passed || g.Cause == tagboat.CauseAlreadyThere {
			continue
		}
		cause := string(g.Cause)
		if g.Opens != nil {
			cause += g.Opens.UTC().Format(" 2006-01-02 15:04Z")
		}
		causes = append(causes, cause)
	}
	switch {
	case len(causes) == 0:
		return cmp.Or(string(r.Cause), r.Reason, "-")
	case len(causes) == 1:
		return causes[0]
	default:
		return fmt.Sprintf("%s, %d more", causes[0], len(causes)-1)
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
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
	case tagboat.PromotionDone, tagboat.PromotionReady, "went back":
		return console.Good
	case tagboat.PromotionUnchanged, tagboat.PromotionAbsent:
		return console.Faint
	case tagboat.PromotionFailed, tagboat.PromotionRolledBack:
		return console.Bad
	default:
		return console.Warn
	}
}

// printGates says what each gate of an environment says, what would be done there, and which
// releases were passed over.
func printGates(on *Screen, r tagboat.PromotionResult) {
	if len(r.Gates)+len(r.PassedOver)+len(r.Pins)+len(r.Changes) == 0 {
		return
	}
	on.Printf("\n%s\n", on.OnOut(console.Strong, string(r.Environment)))
	printAnswers(on, r.Gates)
	for _, pin := range r.Pins {
		on.printWrapped("  ", "    ", fmt.Sprintf("pins %s: %s → %s", pin.Image, observedText(pin.From), observedText(pin.To)))
	}
	if len(r.Changes) > 0 {
		on.printWrapped("  ", "    ", "deploys "+strings.Join(changedServices(r.Changes), ", "))
	}
	if len(r.PassedOver) > 0 {
		var names []string
		for _, over := range r.PassedOver {
			names = append(names, releaseCalled(over))
		}
		on.printWrapped("  ", "    ", "passed over: "+strings.Join(names, ", "))
	}
}

// printAnswers says what each gate says. A hint that several have stands once, below all.
func printAnswers(on *Screen, gates []tagboat.GateResult) {
	count := map[string]int{}
	for _, hint := range hints(gates...) {
		count[hint]++
	}
	var shared []string
	for _, g := range gates {
		on.printWrapped("  "+gateMark(on, g)+" ", "    ", g.Gate+": "+g.Reason)
		for _, hint := range hints(g) {
			if count[hint] == 1 {
				on.printWrapped("    → ", "      ", hint)
			} else if !slices.Contains(shared, hint) {
				shared = append(shared, hint)
			}
		}
	}
	for _, hint := range shared {
		on.printWrapped("  → ", "    ", hint)
	}
}

// printWrapped prints text in lines that fit, the first behind lead and the others below it.
func (on *Screen) printWrapped(lead, indent console.Markup, text string) {
	for _, line := range wrapped(on.Columns(), on.OnOut, lead, indent, text) {
		on.Printf("%s\n", line)
	}
}

// changedServices returns the services that changes are of.
func changedServices(changes []tagboat.Change) []string {
	var services []string
	for _, c := range changes {
		services = append(services, string(c.Service))
	}
	return services
}

// hints returns what gates that are closed say can be done, piece by piece.
func hints(gates ...tagboat.GateResult) []string {
	var all []string
	for _, g := range gates {
		if !g.Passed && g.Hint != "" {
			all = append(all, strings.Split(g.Hint, "; ")...)
		}
	}
	return all
}

func gateMark(on *Screen, g tagboat.GateResult) console.Markup {
	switch {
	case g.BrokenGlass:
		return on.OnOut(console.Warn, "!")
	case g.Cause == tagboat.CauseAlreadyThere:
		return on.OnOut(console.Faint, "·")
	case !g.Passed:
		return on.OnOut(console.Bad, "✗")
	default:
		return on.OnOut(console.Good, "✓")
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
