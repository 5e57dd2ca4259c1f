package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/markdown"
)

// worst returns the error that stands for all deployments: nil where each was a
// success, else the one that a person should see to first. Where AWS refused some of them
// and nothing else was touched, that is an error of kind Usage.
func worst(deployments []tagboat.Deployment, touched bool) error {
	order := []tagboat.Kind{tagboat.Interrupted, tagboat.Failed, tagboat.RolledBack, tagboat.TimedOut, tagboat.Superseded, tagboat.Blocked, tagboat.Usage}
	touched = touched || slices.ContainsFunc(deployments, changed)
	found := map[tagboat.Kind]bool{}
	for _, d := range deployments {
		kind, isError := d.Verdict.Kind()
		if d.Refused && !touched {
			kind = tagboat.Usage
		}
		if isError {
			found[kind] = true
		}
	}
	for _, kind := range order {
		if found[kind] {
			return Shown(tagboat.Errorf(kind, "not every deployment succeeded"))
		}
	}
	return nil
}

// changed reports whether a deployment may have changed what a service runs.
func changed(d tagboat.Deployment) bool {
	return !d.Refused && d.Verdict.Begun()
}

func verdictStyle(v tagboat.Verdict) console.Style {
	switch v {
	case tagboat.VerdictSucceeded:
		return console.Good
	case tagboat.VerdictUnchanged, tagboat.VerdictStarted:
		return console.Faint
	case tagboat.VerdictSuperseded, tagboat.VerdictTimedOut, tagboat.VerdictInterrupted, tagboat.VerdictBlocked:
		return console.Warn
	default:
		return console.Bad
	}
}

// Deployments says how the deployments of a command ended, and returns the error that stands
// for all of them. touched says that the command has changed something before them.
func Deployments(on *Screen, command string, document tagboat.DeployDocument, touched bool) error {
	if on.AsJSON() {
		if err := on.JSON(document); err != nil {
			return err
		}
		on.annotate(document.Deployments)
	} else {
		printDeployments(on, command, document.Deployments)
	}
	on.Summarize(markdown.Deployments(command, document.Deployments))
	return worst(document.Deployments, touched)
}

// printDeployments prints the table of verdicts, below it why the others are not
// successes, and what of the successes was not seen, and at the end, where people look first, the sum and what to do next. What
// did not go well stands at the end of the table, next to its reasons.
func printDeployments(on *Screen, command string, deployments []tagboat.Deployment) {
	printNext(on, printOutcomes(on, command, deployments))
}

// printOutcomes is printDeployments without what to do next. It returns those that did not go well.
func printOutcomes(on *Screen, command string, deployments []tagboat.Deployment) (others []tagboat.Deployment) {
	var good []tagboat.Deployment
	for _, d := range deployments {
		if d.Verdict == tagboat.VerdictSucceeded || d.Verdict == tagboat.VerdictUnchanged {
			good = append(good, d)
		} else {
			others = append(others, d)
		}
	}
	printVerdicts(on, slices.Concat(good, others))
	on.annotate(deployments)
	for _, d := range good {
		if !allSeen(d) {
			printReason(on, d)
		}
	}
	alone, together := interruptedTogether(others)
	for _, d := range alone {
		on.folded(fmt.Sprintf("%s/%s %s", d.Environment, d.Service, d.Verdict), func() { printReason(on, d) })
	}
	printInterrupted(on, command, together)
	printSum(on, deployments)
	return others
}

// allSeen reports whether all tasks were seen to run what is pinned: where they were not,
// the reason of a good verdict says why, too.
func allSeen(d tagboat.Deployment) bool {
	return !slices.ContainsFunc(d.Images, func(i tagboat.ImageState) bool { return i.Running != i.Pinned })
}

func printVerdicts(on *Screen, deployments []tagboat.Deployment) {
	table := console.NewTable("ENVIRONMENT", "SERVICE", "VERDICT", "IMAGES", "TASK DEFINITION", "TOOK")
	for _, d := range deployments {
		table.Row(console.Text(string(d.Environment)), console.Cell{Text: string(d.Service), Style: console.Strong},
			console.Cell{Text: string(d.Verdict), Style: verdictStyle(d.Verdict)}, console.Text(imagesText(d.Images)),
			console.Text(revision(d.TaskDefinition)), console.Text(took(d)))
	}
	table.Print(on.Streams)
}

// printReason says why a deployment ended so, and the causes. The only cause stands in the
// reason already and is not printed twice; its evidence and what to change are.
func printReason(on *Screen, d tagboat.Deployment) {
	on.Printf("\n%s %s\n", on.OnOut(verdictStyle(d.Verdict), fmt.Sprintf("%s/%s %s:", d.Environment, d.Service, d.Verdict)), d.Reason)
	if len(d.Causes) == 1 && strings.Contains(d.Reason, d.Causes[0].Cause) {
		printEvidence(on, d.Causes[0])
	} else {
		printCauses(on, d.Causes)
	}
	if d.ConsoleURL != "" {
		on.Printf("  %s\n", on.OnOut(console.Faint, d.ConsoleURL))
	}
}

// imagesText says what was to be deployed, and what runs where that is something else.
func imagesText(images []tagboat.ImageState) string {
	parts := make([]string, len(images))
	for i, image := range images {
		parts[i] = string(image.Image) + " " + tagboat.Reference{Tag: image.Tag, Digest: image.Pinned}.Readable()
		if image.Running != "" && image.Running != image.Pinned {
			parts[i] += " (" + tagboat.Reference{Tag: image.RunningTag, Digest: image.Running}.Readable() + " runs)"
		}
	}
	return strings.Join(parts, ", ")
}

// printSum counts the verdicts of several deployments, the good ones first.
func printSum(on *Screen, deployments []tagboat.Deployment) {
	if len(deployments) < 2 {
		return
	}
	count := map[tagboat.Verdict]int{}
	for _, d := range deployments {
		count[d.Verdict]++
	}
	var parts []console.Markup
	for _, v := range []tagboat.Verdict{
		tagboat.VerdictSucceeded, tagboat.VerdictUnchanged, tagboat.VerdictStarted, tagboat.VerdictRolledBack, tagboat.VerdictFailed,
		tagboat.VerdictSuperseded, tagboat.VerdictTimedOut, tagboat.VerdictInterrupted, tagboat.VerdictBlocked, tagboat.VerdictSkipped,
	} {
		if count[v] > 0 {
			parts = append(parts, on.OnOut(verdictStyle(v), fmt.Sprintf("%d %s", count[v], v)))
		}
	}
	on.Printf("\n%d deployments: %s\n", len(deployments), console.Join(parts, ", "))
}

// printNext says what to do about pins that are not what runs.
func printNext(on *Screen, deployments []tagboat.Deployment) {
	var failed, overtaken byPlace
	for _, d := range deployments {
		switch {
		case d.Verdict == tagboat.VerdictRolledBack && runsAnother(d.Images):
			failed.add(d)
		case d.Verdict == tagboat.VerdictSuperseded:
			overtaken.add(d)
		}
	}
	if len(failed.order) > 0 {
		printCommands(on, "the pins still name what was rolled back: deploy another version, or pin what runs", failed.commands("tagboat rollback"))
	}
	if len(overtaken.order) > 0 {
		printCommands(on, "another deployment took over: leave it, or deploy what is pinned, once it has ended, with", overtaken.commands("tagboat deploy"))
	}
}

// runsAnother reports whether a version runs that is not the pinned one.
func runsAnother(images []tagboat.ImageState) bool {
	return slices.ContainsFunc(images, func(i tagboat.ImageState) bool { return i.Running != "" && i.Running != i.Pinned })
}

// interruptedTogether takes those out of deployments that were interrupted before they
// came to anything, where there are several: one text serves them all.
func interruptedTogether(deployments []tagboat.Deployment) (rest, together []tagboat.Deployment) {
	for _, d := range deployments {
		if d.Verdict == tagboat.VerdictInterrupted && len(d.Causes) == 0 {
			together = append(together, d)
		} else {
			rest = append(rest, d)
		}
	}
	if len(together) < 2 {
		return deployments, nil
	}
	return rest, together
}

// printInterrupted says what goes on in ECS and what was not begun, and how to watch or
// undo it.
func printInterrupted(on *Screen, command string, deployments []tagboat.Deployment) {
	var goesOn, alone, watched, canGoBack, notBegun byPlace
	for _, d := range deployments {
		if d.DeploymentID == "" {
			notBegun.add(d)
			continue
		}
		goesOn.add(d)
		if d.ECSRollsBack {
			watched.add(d)
		} else {
			alone.add(d)
		}
		if d.PreviousTaskDefinition != "" {
			canGoBack.add(d)
		}
	}
	printPlaces(on, "these continue in ECS, and nobody will roll them back", alone)
	printPlaces(on, "these continue in ECS, and ECS rolls back those that fail", watched)
	if len(goesOn.order) > 0 {
		printCommands(on, "watch them to their end with", []string{"tagboat deploy --resume --env " + goesOn.environments()})
	}
	switch {
	case len(canGoBack.order) == 0:
	case command == RollbackCommand: // another rollback would go further back
		printCommands(on, "or have back what they take the place of with", comeBack(deployments, canGoBack))
	default:
		printCommands(on, "or undo them with", canGoBack.commands("tagboat rollback"))
	}
	printPlaces(on, "these were not begun, or ECS did not say so any more; the same command continues from there", notBegun)
}

func printPlaces(on *Screen, what string, places byPlace) {
	if len(places.order) == 0 {
		return
	}
	on.Printf("\n%s %s:\n", on.OnOut(console.Warn, string(tagboat.VerdictInterrupted)+":"), what)
	for _, env := range places.order {
		on.Printf("  %s: %s\n", env, strings.Join(places.services[env], ", "))
	}
}

func printCommands(on *Screen, what string, commands []string) {
	on.Printf("%s:\n", what)
	for _, command := range commands {
		on.Printf("  %s\n", on.OnOut(console.Accent, command))
	}
}

// RollbackCommand is what the command is called whose deployments go back.
const RollbackCommand = "rollback"

// comeBack returns the commands that pin and deploy what deployments take the place of.
func comeBack(deployments []tagboat.Deployment, places byPlace) []string {
	var commands []string
	for i, deploy := range places.commands("tagboat deploy") {
		var pins []string
		for _, d := range deployments {
			if string(d.Environment) == places.order[i] {
				pins = append(pins, tagboat.PreviousPins(d.Images)...)
			}
		}
		slices.Sort(pins)
		if pins = slices.Compact(pins); len(pins) > 0 {
			commands = append(commands, "tagboat pin "+strings.Join(pins, " ")+" --env "+places.order[i]+" && "+deploy)
		}
	}
	return commands
}

// byPlace is services by their environment, both in the order that they came in.
type byPlace struct {
	order    []string
	services map[string][]string
}

func (b *byPlace) add(d tagboat.Deployment) {
	if b.services == nil {
		b.services = map[string][]string{}
	}
	env := string(d.Environment)
	if !slices.Contains(b.order, env) {
		b.order = append(b.order, env)
	}
	b.services[env] = append(b.services[env], string(d.Service))
}

func (b *byPlace) environments() string { return strings.Join(b.order, ",") }

// commands returns one command for each environment.
func (b *byPlace) commands(verb string) []string {
	commands := make([]string, len(b.order))
	for i, env := range b.order {
		commands[i] = fmt.Sprintf("%s --env %s %s", verb, env, strings.Join(b.services[env], " "))
	}
	return commands
}
