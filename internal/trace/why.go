package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/stage"
)

// The links of a chain, in their order.
const (
	linkPushed   = "pushed"
	linkChosen   = "chosen"
	linkReleased = "released"
	linkUpstream = "upstream"
	linkGates    = "gates"
	linkPinned   = "pinned"
	linkDeployed = "deployed"
	linkRunning  = "running"
)

// Why returns the chain from the newest push of an image to the tasks that run it in an
// environment, and which of its links is not closed: of the version that the image's rule chooses,
// or of the newest where it has none.
func (t *Trace) Why(ctx context.Context, env tagboat.EnvName, name tagboat.ImageName) (tagboat.WhyDocument, error) {
	w := why{trace: t}
	var err error
	if w.env, err = t.Fleet.Config.Environment(string(env)); err != nil {
		return w.document, err
	}
	if w.image, err = t.Fleet.Config.Image(string(name)); err != nil {
		return w.document, err
	}
	w.choice, w.unlisted = t.Catalog.Choice(ctx, w.image)
	if w.unlisted != nil && tagboat.KindOf(w.unlisted) != tagboat.Usage {
		return w.document, w.unlisted
	}
	if err := w.read(ctx); err != nil {
		return w.document, err
	}
	w.document = tagboat.WhyDocument{Environment: env, Image: name, Version: w.version(), Runs: w.runs(), Links: []tagboat.Link{}}
	w.source()
	if w.released(ctx) {
		w.gates(ctx)
	}
	w.here()
	for _, l := range w.document.Links {
		if l.State != tagboat.LinkClosed {
			w.document.Open = l.Link
			break
		}
	}
	w.document.Calls = operation.From(ctx).Calls()
	return w.document, nil
}

// why is one question, and what was read for it.
type why struct {
	trace    *Trace
	env      config.Environment
	image    config.Image
	choice   catalog.Choice
	unlisted error               // why nobody knows which versions there are: such as no repository
	before   *config.Environment // of the stage before; nil for none
	seen     sight
	numbers  []home.Numbered
	document tagboat.WhyDocument
}

// read looks at the environment and at the one before it.
func (w *why) read(ctx context.Context) error {
	selected := fleet.Selection{Environments: []tagboat.EnvName{w.env.Name}, Images: []tagboat.ImageName{w.image.Name}}
	if before, _, ok := stage.Before(w.trace.Fleet.Config, w.env); ok {
		w.before = &before
		selected.Environments = append(selected.Environments, before.Name)
	}
	var err error
	if w.seen, err = w.trace.look(ctx, selected); err != nil {
		return err
	}
	for _, e := range w.seen.document.Errors {
		if e.Environment == w.env.Name {
			return tagboat.Errorf(tagboat.Internal, "what %s has could not be read: %s", e.Environment, e.Message).WithHint("%s", e.Hint)
		}
	}
	return nil
}

// version returns the version that the chain is about.
func (w *why) version() tagboat.Observed {
	if c := w.choice.Chosen; c != nil {
		return tagboat.Observed{Tag: c.Tag, Digest: c.Digest}
	}
	v := w.choice.Newest
	return tagboat.Observed{Tag: firstTag(v), Digest: v.Digest}
}

func firstTag(v tagboat.ImageVersion) string {
	if len(v.Tags) == 0 {
		return ""
	}
	return v.Tags[0]
}

func readable(o tagboat.Observed) string {
	return tagboat.Reference{Tag: o.Tag, Digest: o.Digest}.Readable()
}

func (w *why) link(name, state, hint, evidence string, args ...any) {
	w.document.Links = append(w.document.Links, tagboat.Link{Link: name, State: state, Evidence: fmt.Sprintf(evidence, args...), Hint: hint})
}

// source tells of the registry, and of what the rule makes of it.
func (w *why) source() {
	newest, image := w.choice.Newest, w.image.Name
	if w.unlisted != nil {
		w.link(linkPushed, tagboat.LinkOpen, tagboat.HintOf(w.unlisted), "%v", w.unlisted)
		return
	}
	if len(newest.Tags) == 0 {
		w.link(linkPushed, tagboat.LinkOpen, fmt.Sprintf("push one: tagboat publish %s …", image), "%s has no version with a tag", w.image.Repository.Name())
		return
	}
	pushed := "the newest version is " + strings.Join(newest.Tags[:min(3, len(newest.Tags))], ", ")
	if newest.PushedAt != nil {
		pushed += ", of " + moment(*newest.PushedAt)
	}
	w.link(linkPushed, tagboat.LinkClosed, "", "%s", pushed)
	todo := fmt.Sprintf("tagboat images %s --why", image)
	switch c := w.choice.Chosen; {
	case w.choice.Rule == "":
		w.link(linkChosen, tagboat.LinkClosed, "", "the image has no rule, so that people choose")
	case c == nil:
		w.link(linkChosen, tagboat.LinkOpen, todo, "no version fits the rule %s", w.choice.Rule)
	case c.Digest != newest.Digest && w.choice.Skipped != "":
		w.link(linkChosen, tagboat.LinkClosed, "", "the rule %s chooses %s: %s; it does not count the newest: %s", w.choice.Rule, c.Readable(), c.Decided, w.choice.Skipped)
	case c.Digest != newest.Digest:
		w.link(linkChosen, tagboat.LinkClosed, "", "the rule %s chooses %s, before the newest: %s", w.choice.Rule, c.Readable(), c.Decided)
	default:
		w.link(linkChosen, tagboat.LinkClosed, "", "the rule %s chooses %s: %s", w.choice.Rule, c.Readable(), c.Decided)
	}
}

// released tells in which release the version is, and whether the stage before has it. It reports
// false where releases are not how versions come here.
func (w *why) released(ctx context.Context) bool {
	here := w.seen.had[w.env.Name]
	first := w.before == nil
	if first && len(here.Trail) == 0 && here.Active == nil && w.trace.Fleet.Config.StageOf(w.env).Auto != config.AutoNewest {
		return false
	}
	w.numbers = w.trace.numbers(ctx)
	if len(w.numbers) == 0 && len(here.Trail) == 0 {
		return false
	}
	carriers := w.trace.carriers(ctx, candidates(w.seen.had, w.numbers), w.image.Name, w.document.Version.Digest)
	if len(carriers) == 0 {
		from := w.env.Name
		if family := stage.Family(w.trace.Fleet.Config, w.env.Tenant); len(family) > 0 {
			from = family[0].Name
		}
		w.link(linkReleased, tagboat.LinkOpen, fmt.Sprintf("tagboat release create --env %s", from), "none of the newest releases, nor of those that %s has and waits for, has %s", w.env.Name, readable(w.document.Version))
		return false
	}
	w.numbered(carriers)
	return true
}

// numbered says which release is meant: the one that the environment has, else the newest.
func (w *why) numbered(carriers []ledger.Promoted) {
	chosen := carriers[0]
	if current, ok := w.seen.had[w.env.Name].Current(); ok {
		if i := slices.IndexFunc(carriers, func(c ledger.Promoted) bool { return c.ID == current.ID }); i >= 0 {
			chosen = carriers[i]
		}
	}
	w.document.Release, w.document.ReleaseID = chosen.Name, chosen.ID
	w.link(linkReleased, tagboat.LinkClosed, "", "%s is in release %s", readable(w.document.Version), cmp.Or(chosen.Name, chosen.ID.Short()))
	if w.before == nil {
		return
	}
	upstream, ok := w.seen.had[w.before.Name]
	name := cmp.Or(chosen.Name, string(chosen.ID))
	had := slices.IndexFunc(upstream.Trail, func(p ledger.Promoted) bool { return p.ID == chosen.ID && !p.Failed })
	switch {
	case !ok:
		w.link(linkUpstream, tagboat.LinkUnknown, fmt.Sprintf("tagboat doctor --env %s", w.before.Name), "what %s has had could not be read", w.before.Name)
	case had >= 0:
		w.link(linkUpstream, tagboat.LinkClosed, "", "%s, where its releases come from, has had it since %s", w.before.Name, moment(upstream.Trail[had].At))
	default:
		w.link(linkUpstream, tagboat.LinkOpen, fmt.Sprintf("tagboat promote %s --env %s", name, w.before.Name), "%s, where its releases come from, has not had it", w.before.Name)
	}
}

// gates tells what the gates say, where the release is not here already.
func (w *why) gates(ctx context.Context) {
	name := cmp.Or(w.document.Release, string(w.document.ReleaseID))
	if current, ok := w.seen.had[w.env.Name].Current(); ok && current.ID == w.document.ReleaseID {
		w.link(linkGates, tagboat.LinkClosed, "", "release %s entered at %s", name, moment(current.At))
		return
	}
	result, ok := w.trace.checklist(ctx, name, []tagboat.EnvName{w.env.Name})[w.env.Name]
	if !ok {
		w.link(linkGates, tagboat.LinkUnknown, fmt.Sprintf("tagboat promote %s --env %s --dry-run", name, w.env.Name), "the gates could not be asked")
		return
	}
	for _, g := range result.Gates {
		if !g.Passed && g.Cause != tagboat.CauseAlreadyThere {
			w.document.Links = append(w.document.Links, tagboat.Link{Link: linkGates, State: tagboat.LinkOpen, Cause: g.Cause, Evidence: g.Gate + ": " + g.Reason, Hint: g.Hint})
			return
		}
	}
	w.link(linkGates, tagboat.LinkClosed, "", "all gates are open")
}
