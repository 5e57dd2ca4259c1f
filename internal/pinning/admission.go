package pinning

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/selection"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// admission is what has to be decided before versions are pinned.
type admission struct {
	env        config.Environment
	book       ledger.Book // what the environment has
	picks      catalog.Picks
	allowOlder bool // versions may go back
	automation bool // no person asks
	breakGlass bool // a person overrides that the stage takes releases
}

// changes reports whether the version of an image is not the one that is pinned.
func (a admission) changes(image tagboat.ImageName) bool {
	pin, ok := a.book.Pin(a.env.Name, image)
	return !ok || !pin.Pins(a.picks[image].Version.Reference)
}

// admit decides whether versions may be pinned: nothing that automation must leave alone,
// that cannot run there, that is a step back, or that a gate stops. The note says for the
// history that somebody asked for an older version, or overrode gates. The error is of kind Usage or Blocked.
func (p *Pinning) admit(ctx context.Context, a admission) (note string, err error) {
	if err := p.Holds.mayTouch(ctx, a); err != nil {
		return "", err
	}
	broken, err := p.takesVersions(a)
	if err != nil {
		return "", err
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(a.picks)) {
		pick := a.picks[name]
		failed = append(failed, p.canRun(ctx, a.env, pick))
		if pin, ok := a.book.Pin(a.env.Name, name); ok {
			older, why, err := p.older(ctx, pick, pin, a.automation)
			switch {
			case err != nil && a.allowOlder: // what is pinned may be broken, and has to be replaced all the same
				operation.Tell(ctx, AgeUnknown{name, err})
			case err != nil:
				failed = append(failed, incomparable(name, err, a.automation))
			case older && !a.allowOlder:
				failed = append(failed, stepBack(a.env, pick, pin, why, a.automation))
			case older:
				note = " [older, as asked]"
			}
		}
	}
	if movable := p.Catalog.Movable(ctx, a.picks); len(movable) > 0 {
		operation.Tell(ctx, Movable{movable})
	}
	if err := errors.Join(failed...); err != nil {
		return "", err
	}
	return note + broken, p.passGates(ctx, a.env, a.picks.References())
}

// incomparable is the error of a version that could not be compared with what is pinned.
func incomparable(image tagboat.ImageName, err error, automation bool) error {
	e := tagboat.Errorf(tagboat.KindOf(err), "comparing two versions of image %s: %w", image, err)
	var known *tagboat.Error
	switch {
	case !automation:
		return e.WithHint("to pin it anyway, add --allow-older")
	case errors.As(err, &known):
		e.Hint = known.Hint
	}
	return e
}

func stepBack(env config.Environment, f catalog.Pick, pin tagboat.Pin, why string, automation bool) error {
	e := tagboat.Errorf(tagboat.Blocked, "image %s would go back from %s, which is pinned in %s, to %s: %s",
		f.Image.Name, pin.Reference().Readable(), env.Name, f.Version.Reference.Readable(), why)
	if automation {
		return e.WithHint("a person can pin an older version with --allow-older; automation cannot")
	}
	return e.WithHint("to pin it anyway, add --allow-older")
}

// older reports whether a version is a step back from a pin: by the image's rule, and
// where the rule has no order, or none that both tags have, by when both were pushed. A
// person who names a version of an image whose rule has no order says what is wanted;
// automation goes back nowhere. Where the rule names the tag it is no step back, since the
// file says so.
func (p *Pinning) older(ctx context.Context, f catalog.Pick, pin tagboat.Pin, automation bool) (bool, string, error) {
	rule := f.Image.Select
	if rule.Tag != "" && rule.Tag == f.Candidate.Tag || !automation && (rule.Empty() || rule.Tag != "") {
		return false, "", nil
	}
	before, after := selection.Candidate{Tag: pin.Tag, Digest: pin.Digest}, f.Candidate
	if before.Digest == after.Digest {
		return false, "", nil
	}
	if !rule.Ranks(before, after) {
		if err := p.Catalog.Date(ctx, f, &before, &after); err != nil {
			return false, "", err
		}
	}
	older, why := rule.Older(before, after)
	return older, why, nil
}

// canRun checks that the version is an image, for the platform of each task definition
// that runs it in the environment. It looks for platforms only where one says its own.
func (p *Pinning) canRun(ctx context.Context, env config.Environment, f catalog.Pick) error {
	if what := f.Version.Artifact; what != "" {
		return tagboat.Usagef("image %s: %s %s, and no container can run it", f.Image.Name, f.Version.Reference.Readable(), what).
			WithHint("tagboat images %s shows its versions", f.Image.Name)
	}
	wanted := p.platforms(ctx, env, f.Image.Name)
	if len(wanted) == 0 {
		return nil
	}
	has, err := p.Catalog.Platforms(ctx, f)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !RunsOn(has, wanted[name]) {
			failed = append(failed, tagboat.Usagef("image %s %s is for %s, and the task definition of service %s runs %s",
				f.Image.Name, f.Version.Reference.Readable(), strings.Join(has, " and "), name, wanted[name]).
				At(p.Fleet.Config.Services[name].Where).WithHint("build it for %s, or set the task definition's runtimePlatform", wanted[name]))
		}
	}
	return errors.Join(failed...)
}

// RunsOn reports whether a version that has images for some platforms runs on one. Where it
// does not say what it has, it may.
func RunsOn(has []string, wanted string) bool {
	runs := func(has string) bool { return selection.SamePlatform(has, wanted) }
	return len(has) == 0 || slices.Contains(has, "unknown") || slices.ContainsFunc(has, runs)
}

// platforms returns what the task definitions of the services that run an image ask for,
// as far as they say.
func (p *Pinning) platforms(ctx context.Context, env config.Environment, image tagboat.ImageName) map[tagboat.ServiceName]string {
	wanted := map[tagboat.ServiceName]string{}
	for name, service := range p.Fleet.Config.Services {
		if !slices.Contains(slices.Collect(maps.Values(service.Containers)), image) {
			continue
		}
		if platform := p.platform(ctx, env, service); platform != "" {
			wanted[name] = platform
		}
	}
	return wanted
}

// platform returns what a service's task definition asks for, or "" where that cannot be
// told: what is wrong with a file is for plan to say.
func (p *Pinning) platform(ctx context.Context, env config.Environment, service config.Service) string {
	if service.TaskDefinition != "" {
		templates, _ := p.Fleet.Source.Templates([]config.Service{service})
		if definition := templates[service.Name].Definition; definition != nil {
			return definition.Platform()
		}
		return ""
	}
	if service.Family == "" {
		return ""
	}
	latest, err := p.Access.Session(env).ECS().DescribeTaskDefinition(ctx, service.Family)
	if err != nil {
		return ""
	}
	definition, err := taskdef.FromJSON(latest.Record)
	if err != nil {
		return ""
	}
	return definition.Platform()
}
