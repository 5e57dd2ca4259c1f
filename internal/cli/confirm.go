package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
)

// question is what a person has to say yes to before a command changes something in a stage
// that wants that.
type question struct {
	command    string
	yes        bool // it was answered on the command line
	automation bool // nobody is there to answer
	changes    []pending
}

// pending is one thing that is about to change.
type pending struct {
	environment tagboat.EnvName
	name        string // what changes
	change      string // from → to
}

func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "answer yes in advance, for stages with confirm: true")
}

// confirm asks the question where a stage of the changes has confirm: true. The error, of
// kind Usage, says that there was no yes, so that nothing may be touched.
func (f *frame) confirm(ctx context.Context, a *app.App, q question) error {
	env, wanted := q.wanted(a)
	if !wanted {
		return nil
	}
	if !f.asks(a, q) {
		return tagboat.Usagef("stage %s requires confirmation before %s changes something in %s", env.Stage, q.command, env.Name).
			WithHint("tagboat asks at a terminal; elsewhere add --yes once a person has agreed")
	}
	f.Talkf("%s is about to change:\n", q.command)
	for _, p := range q.changes {
		f.Talkf("  %s: %s\n", f.OnErr(console.Strong, p.name), p.change)
	}
	if f.Confirm(ctx, "Go on?") {
		return nil
	}
	if ctx.Err() != nil {
		return tagboat.Errorf(tagboat.Interrupted, "interrupted while waiting for confirmation: nothing was changed")
	}
	return tagboat.Usagef("not confirmed: nothing was changed")
}

// wanted returns the first environment whose stage requires confirmation that was not given.
func (q question) wanted(a *app.App) (env config.Environment, wanted bool) {
	for _, p := range q.changes {
		env := a.Config.Environments[p.environment]
		if a.Config.StageOf(env).Confirm && !q.yes {
			return env, true
		}
	}
	return config.Environment{}, false
}

// asks reports whether confirm would ask somebody.
func (f *frame) asks(a *app.App, q question) bool {
	_, wanted := q.wanted(a)
	return wanted && !q.automation && f.CanAsk()
}

// planned returns the changes of a plan: the services that change, and the pins where no
// service does.
func planned(document tagboat.PlanDocument) []pending {
	var all []pending
	for _, c := range document.Changes {
		all = append(all, pending{c.Environment, fmt.Sprintf("%s/%s", c.Environment, c.Service), fromTo(c.Images)})
	}
	for _, pin := range document.Pins {
		brought := func(c tagboat.Change) bool {
			return c.Environment == pin.Environment && slices.ContainsFunc(c.Images, func(i tagboat.ImageState) bool { return i.Image == pin.Image })
		}
		if !slices.ContainsFunc(document.Changes, brought) {
			all = append(all, repinned([]tagboat.PinChange{pin})...)
		}
	}
	return all
}

// repinned returns the changes of pins.
func repinned(pins []tagboat.PinChange) []pending {
	all := make([]pending, len(pins))
	for i, p := range pins {
		all[i] = pending{p.Environment, fmt.Sprintf("%s, image %s", p.Environment, p.Image), observedText(p.From) + " → " + observedText(p.To)}
	}
	return all
}

// fromTo says which version of each image takes the place of which.
func fromTo(images []tagboat.ImageState) string {
	var parts []string
	for _, i := range images {
		before, after := versionText(i.PreviousTag, i.Previous), versionText(i.Tag, i.Pinned)
		part := fmt.Sprintf("%s %s → %s", i.Image, before, after)
		if i.Previous == i.Pinned {
			part = fmt.Sprintf("%s %s stays", i.Image, after)
		}
		parts = append(parts, part)
	}
	return strings.Join(slices.Compact(parts), ", ")
}
