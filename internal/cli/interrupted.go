package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// afterAll returns what a command ended in: where it was interrupted, whatever it was doing
// then failed because of that.
func afterAll(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || tagboat.KindOf(err) != tagboat.Internal {
		return err
	}
	return tagboat.Errorf(tagboat.Interrupted, "interrupted before it was done").WithHint("the same command begins again, and does nothing twice")
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
func printInterrupted(f *frame, command string, deployments []tagboat.Deployment) {
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
	printPlaces(f, "these go on in ECS by themselves, and nobody will roll them back", alone)
	printPlaces(f, "these go on in ECS by themselves, and ECS rolls back those that fail", watched)
	if len(goesOn.order) > 0 {
		printCommands(f, "watch them to their end with", []string{"tagboat deploy --resume --env " + goesOn.environments()})
	}
	switch {
	case len(canGoBack.order) == 0:
	case command == rollbackCommand: // another rollback would go further back
		printCommands(f, "or have back what they take the place of with", comeBack(deployments, canGoBack))
	default:
		printCommands(f, "or undo them with", canGoBack.commands("tagboat rollback"))
	}
	printPlaces(f, "these were not begun, or ECS did not say so any more; the same command goes on from there", notBegun)
}

func printPlaces(f *frame, what string, places byPlace) {
	if len(places.order) == 0 {
		return
	}
	f.Printf("\n%s %s:\n", f.OnOut(console.Warn, string(tagboat.VerdictInterrupted)+":"), what)
	for _, env := range places.order {
		f.Printf("  %s: %s\n", env, strings.Join(places.services[env], ", "))
	}
}

func printCommands(f *frame, what string, commands []string) {
	f.Printf("%s:\n", what)
	for _, command := range commands {
		f.Printf("  %s\n", f.OnOut(console.Accent, command))
	}
}

// rollbackCommand is what the command is called whose deployments go back.
const rollbackCommand = "rollback"

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
