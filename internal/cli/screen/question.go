package screen

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// Question is what a person has to say yes to before a command changes something in a stage
// that wants that.
type Question struct {
	Command    string
	Yes        bool // it was answered on the command line
	Automation bool // nobody is there to answer
	Changes    []Pending
}

// Pending is one thing that is about to change.
type Pending struct {
	Environment tagboat.EnvName
	Name        string // what changes
	Change      string // from → to
}

// Ask asks the question where a stage of the changes has confirm: true. The error, of
// kind Usage, says that there was no yes, so that nothing may be touched.
func (q Question) Ask(ctx context.Context, on *Screen, c *config.Config) error {
	env, wanted := q.wanted(c)
	if !wanted {
		return nil
	}
	if !q.Asks(on, c) {
		return tagboat.Usagef("stage %s requires confirmation before %s changes something in %s", env.Stage, q.Command, env.Name).
			WithHint("tagboat asks at a terminal; elsewhere add --yes once a person has agreed")
	}
	on.Talkf("%s is about to change:\n", q.Command)
	for _, p := range q.Changes {
		on.Talkf("  %s: %s\n", on.OnErr(console.Strong, p.Name), p.Change)
	}
	if on.Confirm(ctx, "Go on?") {
		return nil
	}
	if ctx.Err() != nil {
		return tagboat.Errorf(tagboat.Interrupted, "interrupted while waiting for confirmation: nothing was changed")
	}
	return tagboat.Usagef("not confirmed: nothing was changed")
}

// wanted returns the first environment whose stage requires confirmation that was not given.
func (q Question) wanted(c *config.Config) (env config.Environment, wanted bool) {
	for _, p := range q.Changes {
		env := c.Environments[p.Environment]
		if c.StageOf(env).Confirm && !q.Yes {
			return env, true
		}
	}
	return config.Environment{}, false
}

// Asks reports whether Ask would ask somebody.
func (q Question) Asks(on *Screen, c *config.Config) bool {
	_, wanted := q.wanted(c)
	return wanted && !q.Automation && on.CanAsk()
}

// Planned returns the changes of a plan: the services that change, and the pins where no
// service does.
func Planned(document tagboat.PlanDocument) []Pending {
	var all []Pending
	for _, c := range document.Changes {
		all = append(all, Pending{c.Environment, fmt.Sprintf("%s/%s", c.Environment, c.Service), fromTo(c.Images)})
	}
	for _, pin := range document.Pins {
		brought := func(c tagboat.Change) bool {
			return c.Environment == pin.Environment && slices.ContainsFunc(c.Images, func(i tagboat.ImageState) bool { return i.Image == pin.Image })
		}
		if !slices.ContainsFunc(document.Changes, brought) {
			all = append(all, Repinned([]tagboat.PinChange{pin})...)
		}
	}
	return all
}

// Repinned returns the changes of pins.
func Repinned(pins []tagboat.PinChange) []Pending {
	all := make([]Pending, len(pins))
	for i, p := range pins {
		all[i] = Pending{p.Environment, fmt.Sprintf("%s, image %s", p.Environment, p.Image), observedText(p.From) + " → " + observedText(p.To)}
	}
	return all
}

// fromTo says which version of each image takes the place of which.
func fromTo(images []tagboat.ImageState) string {
	var parts []string
	for _, i := range images {
		before, after := words.Version(i.PreviousTag, i.Previous), words.Version(i.Tag, i.Pinned)
		part := fmt.Sprintf("%s %s → %s", i.Image, before, after)
		if i.Previous == i.Pinned {
			part = fmt.Sprintf("%s %s stays", i.Image, after)
		}
		parts = append(parts, part)
	}
	return strings.Join(slices.Compact(parts), ", ")
}

// Returning returns the changes of a rollback, for the question whether it is meant.
func Returning(back []tagboat.GoingBack) []Pending {
	all := make([]Pending, len(back))
	for i, b := range back {
		all[i] = Pending{b.Environment, fmt.Sprintf("%s/%s", b.Environment, b.Service), fmt.Sprintf("%s, %s (%s) → %s (%s)",
			fromTo(b.Images), revision(b.From.TaskDefinition), ago(b.From), revision(b.To.TaskDefinition), ago(b.To))}
	}
	return all
}
