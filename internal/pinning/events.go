package pinning

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// tellReceipt tells what others did at the same time.
func tellReceipt(ctx context.Context, r ledger.Receipt) {
	for _, o := range r.Overtaken {
		operation.Tell(ctx, Overtaken{o})
	}
	for _, o := range r.Replaced {
		operation.Tell(ctx, TookPlace{o})
	}
	if len(r.Forgotten) > 0 {
		operation.Tell(ctx, ParameterDeleted{r.Parameter, r.Forgotten})
	}
	if r.Uncertain {
		operation.Tell(ctx, fleet.Uncertain{Parameter: r.Parameter})
	}
}

// because returns a message in parentheses, or nothing for none.
func because(message string) string {
	if message == "" {
		return ""
	}
	return " (" + message + ")"
}

// Overtaken says that somebody pinned an image at the same time, and later.
type Overtaken struct{ ledger.Conflict }

// String implements operation.Event.
func (o Overtaken) String() string {
	if o.Version == 0 {
		return fmt.Sprintf("%s was changed after it was pinned, to %s, by a version that is not kept any more", o.Image, o.Is.Readable())
	}
	return fmt.Sprintf("%s was pinned by %s at the same time, after this: their pin counts", o.Image, o.By)
}

// TookPlace says whose pin, made meanwhile, a pin took the place of.
type TookPlace struct{ ledger.Replacement }

// String implements operation.Event.
func (t TookPlace) String() string {
	return fmt.Sprintf("%s was pinned to %s by %s meanwhile%s; this pin replaced it", t.Image, t.Was.Readable(), cmp.Or(t.By, "somebody"), because(t.Message))
}

// ParameterDeleted says that somebody deleted a parameter while it was written.
type ParameterDeleted struct {
	Parameter string
	Lost      []string // what else it held
}

// String implements operation.Event.
func (p ParameterDeleted) String() string {
	return fmt.Sprintf("somebody deleted the parameter %s meanwhile, and what it held went with it: %s; pin it again", p.Parameter, strings.Join(p.Lost, ", "))
}

// Shared says which other environments have the pins of a parameter, too, on purpose.
type Shared struct {
	Parameter    string
	Environments []string
}

// String implements operation.Event.
func (s Shared) String() string {
	return fmt.Sprintf("%s is shared: what is pinned there is pinned in %s, too", s.Parameter, strings.Join(s.Environments, " and "))
}

// Torn says that an update is missing from a parameter, which readers see all the same.
type Torn struct{ Parameter string }

// String implements operation.Event.
func (t Torn) String() string {
	return "a writer died before it finished, and an update is missing from " + t.Parameter + "; the next pin brings it back"
}

// Overwritten says what somebody overwrote who does not keep to the protocol.
type Overwritten struct {
	Environment tagboat.EnvName
	Pin         tagboat.Overwritten
}

// String implements operation.Event.
func (o Overwritten) String() string {
	return fmt.Sprintf("%s was pinned to %s by %s, and %s overwrote that at %s; to bring it back: tagboat pins --env %s --restore %s",
		o.Pin.Image, o.Pin.Reference().Readable(), o.Pin.SetBy, o.Pin.OverwrittenBy, o.Pin.OverwrittenAt.UTC().Format(time.RFC3339), o.Environment, o.Pin.Image)
}

// StaleProjection says that a projection has fallen behind its pin.
type StaleProjection struct {
	Parameter string
	Image     tagboat.ImageName
}

// String implements operation.Event.
func (s StaleProjection) String() string {
	return fmt.Sprintf("the projection %s has fallen behind the pin of %s; the next pin of the image brings it up to date", s.Parameter, s.Image)
}

// NoRule says that an image has no rule that could choose.
type NoRule struct{ Image tagboat.ImageName }

// String implements operation.Event.
func (n NoRule) String() string {
	return fmt.Sprintf("image %s has no rule and stays as it is", n.Image)
}

// Held tells a person who pins an image that automation leaves it alone.
type Held struct {
	Image       tagboat.ImageName
	Environment tagboat.EnvName
	Hold        *tagboat.Hold
}

// String implements operation.Event.
func (h Held) String() string {
	return fmt.Sprintf("image %s is held in %s%s; automation still leaves it alone", h.Image, h.Environment, describe(h.Hold))
}

// AllHeld says that a whole environment is held beside its images.
type AllHeld struct{ Environment tagboat.EnvName }

// String implements operation.Event.
func (a AllHeld) String() string {
	return fmt.Sprintf("all of %s is held: tagboat unhold --env %s", a.Environment, a.Environment)
}

// Stopped says for which images a rollback has stopped automation.
type Stopped struct {
	Images      []string
	Environment tagboat.EnvName
}

// String implements operation.Event.
func (s Stopped) String() string {
	return fmt.Sprintf("automation is stopped for %s in %s; to lift the hold: tagboat unhold --env %s", strings.Join(s.Images, " "), s.Environment, s.Environment)
}

// AgeUnknown says that nobody knows whether a pin, which may go back, does.
type AgeUnknown struct {
	Image tagboat.ImageName
	Err   error
}

// String implements operation.Event.
func (a AgeUnknown) String() string {
	return fmt.Sprintf("whether image %s goes back is not known: %v", a.Image, a.Err)
}

// GatePassed says that a version passes a gate, and why.
type GatePassed struct{ Text string }

// String implements operation.Event.
func (g GatePassed) String() string { return g.Text }

// GlassBroken says loudly that the gates of a stage are overridden.
type GlassBroken struct {
	Stage  tagboat.StageName
	Reason string
}

// String implements operation.Event.
func (g GlassBroken) String() string {
	return fmt.Sprintf("THE GLASS IS BROKEN: the gates of stage %s are overridden (%s); who did it is recorded", g.Stage, g.Reason)
}

// Movable says which tags may come to stand for something else.
type Movable struct{ Versions []tagboat.Reference }

// Usual says that this is so at nearly every pin, and worth telling only who asks for more.
func (Movable) Usual() {}

// String implements operation.Event.
func (m Movable) String() string {
	if len(m.Versions) == 1 {
		ref := m.Versions[0]
		return fmt.Sprintf("the tag %s of %s can be moved to another version; the pin keeps %s", ref.Tag, ref.Repository, ref.Digest.Short())
	}
	names := make([]string, len(m.Versions))
	for i, ref := range m.Versions {
		names[i] = ref.Repository + ":" + ref.Tag
	}
	return "these tags can be moved to other versions; the pins keep what they stand for now: " + strings.Join(names, ", ")
}
