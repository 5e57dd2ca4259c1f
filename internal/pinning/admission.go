package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/selection"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// mayPin checks what no gate does: that versions can run in an environment and are no
// step back from what book has there, unless that is allowed; note then says so for the
// history. The error is of kind Usage or Blocked.
func (a *App) mayPin(ctx context.Context, env config.Environment, book ledger.Book, all map[tagboat.ImageName]found, allowOlder, automation bool) (note string, err error) {
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name]
		failed = append(failed, a.canRun(ctx, env, f))
		if pin, ok := book.Pin(env.Name, name); ok {
			older, why, err := a.older(ctx, f, pin, automation)
			switch {
			case err != nil && allowOlder: // what is pinned may be broken, and has to be replaced all the same
				a.notice(fmt.Sprintf("whether image %s goes back is not known: %v", name, err))
			case err != nil:
				failed = append(failed, incomparable(name, err, automation))
			case older && !allowOlder:
				failed = append(failed, stepBack(env, f, pin, why, automation))
			case older:
				note = " [goes back on purpose]"
			}
		}
	}
	a.warnMovable(ctx, all)
	return note, errors.Join(failed...)
}

// incomparable is the error of a version that could not be compared with what is pinned.
func incomparable(image tagboat.ImageName, err error, automation bool) error {
	e := tagboat.Errorf(tagboat.KindOf(err), "finding out which of two versions of image %s is older: %w", image, err)
	var known *tagboat.Error
	switch {
	case !automation:
		return e.WithHint("to pin it whichever is older, say --allow-older")
	case errors.As(err, &known):
		e.Hint = known.Hint
	}
	return e
}

func stepBack(env config.Environment, f found, pin tagboat.Pin, why string, automation bool) error {
	e := tagboat.Errorf(tagboat.Blocked, "image %s would go back from %s, which is pinned in %s, to %s: %s",
		f.image.Name, readable(pin.Reference()), env.Name, readable(f.version.Reference), why)
	if automation {
		return e.WithHint("a person may go back, with --allow-older; automation never does")
	}
	return e.WithHint("where that is what you want, say --allow-older")
}

// older reports whether a version is a step back from a pin: by the image's rule, and
// where the rule has no order, or none that both tags have, by when both were pushed. A
// person who names a version of an image whose rule has no order says what is wanted;
// automation goes back nowhere. Where the rule names the tag it is no step back, since the
// file says so.
func (a *App) older(ctx context.Context, f found, pin tagboat.Pin, automation bool) (bool, string, error) {
	rule := f.image.Select
	if rule.Tag != "" && rule.Tag == f.candidate.Tag || !automation && (rule.Empty() || rule.Tag != "") {
		return false, "", nil
	}
	before, after := selection.Candidate{Tag: pin.Tag, Digest: pin.Digest}, f.candidate
	if before.Digest == after.Digest {
		return false, "", nil
	}
	if !rule.Ranks(before, after) {
		if err := a.date(ctx, f, &before, &after); err != nil {
			return false, "", err
		}
	}
	older, why := rule.Older(before, after)
	return older, why, nil
}

// date fills in when both of two versions of an image were pushed, as far as that is known
// and in the same way for both: by the listing, by ECR, or by the time of the build.
func (a *App) date(ctx context.Context, f found, before, after *selection.Candidate) error {
	if f.shelf != nil && f.image.Select.Follow == "" {
		if before.PushedAt = f.shelf.pushed(before.Digest); !before.PushedAt.IsZero() {
			return nil
		}
	}
	for _, c := range []*selection.Candidate{before, after} {
		at, err := a.pushedAt(ctx, f.image, *c)
		if c.PushedAt = at; err != nil || at.IsZero() {
			return err
		}
	}
	return nil
}

// pushedAt returns when a version was pushed, or was built where the registry does not tell
// that; zero where nobody knows, since it is gone.
func (a *App) pushedAt(ctx context.Context, image config.Image, c selection.Candidate) (time.Time, error) {
	ref := image.Repository
	ref.Tag, ref.Digest = c.Tag, c.Digest
	if api, account, ok := a.ecrOf(ref); ok {
		if ref.Digest == "" { // some parameters have tags alone
			var err error
			if ref.Digest, err = a.registry.Digest(ctx, ref); ref.Digest == "" {
				return time.Time{}, err
			}
		}
		return api.PushedAt(ctx, account, ref.Repository, ref.Digest)
	}
	version, err := a.registry.Resolve(ctx, ref)
	if tagboat.KindOf(err) == tagboat.Usage {
		return time.Time{}, nil // it is gone, and cannot be compared with
	}
	return version.Created, err
}

// pushed returns when a digest was pushed, or zero where that is not known.
func (s *shelf) pushed(digest tagboat.Digest) (at time.Time) {
	for _, c := range s.candidates {
		if c.Digest == digest {
			return c.PushedAt
		}
	}
	return at
}

// canRun checks that the version is an image, for the platform of each task definition
// that runs it in the environment. It looks for platforms only where one says its own.
func (a *App) canRun(ctx context.Context, env config.Environment, f found) error {
	if what := f.version.Artifact; what != "" {
		return tagboat.Usagef("image %s: %s %s, and no container can run it", f.image.Name, readable(f.version.Reference), what).
			WithHint("tagboat images %s shows its versions", f.image.Name)
	}
	wanted := a.platforms(ctx, env, f.image.Name)
	if len(wanted) == 0 {
		return nil
	}
	has, err := a.platformsOf(ctx, f)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !runsOn(has, wanted[name]) {
			failed = append(failed, tagboat.Usagef("image %s %s is for %s, and the task definition of service %s runs %s",
				f.image.Name, readable(f.version.Reference), strings.Join(has, " and "), name, wanted[name]).
				At(a.config.Services[name].Where).WithHint("build it for %s, or set the task definition's runtimePlatform", wanted[name]))
		}
	}
	return errors.Join(failed...)
}

// runsOn reports whether a version that has images for some platforms runs on one. Where it
// does not say what it has, it may.
func runsOn(has []string, wanted string) bool {
	runs := func(has string) bool { return selection.SamePlatform(has, wanted) }
	return len(has) == 0 || slices.Contains(has, "unknown") || slices.ContainsFunc(has, runs)
}

// platforms returns what the task definitions of the services that run an image ask for,
// as far as they say.
func (a *App) platforms(ctx context.Context, env config.Environment, image tagboat.ImageName) map[tagboat.ServiceName]string {
	wanted := map[tagboat.ServiceName]string{}
	for name, service := range a.config.Services {
		if !slices.Contains(slices.Collect(maps.Values(service.Containers)), image) {
			continue
		}
		if platform := a.platform(ctx, env, service); platform != "" {
			wanted[name] = platform
		}
	}
	return wanted
}

func (a *App) platformsOf(ctx context.Context, f found) ([]string, error) {
	switch {
	case len(f.version.Platforms) > 0:
		return f.version.Platforms, nil
	case f.candidate.Looked:
		return f.candidate.Platforms, nil
	}
	version, err := a.registry.Look(ctx, f.version.Reference)
	return version.Platforms, err
}

// platform returns what a service's task definition asks for, or "" where that cannot be
// told: what is wrong with a file is for plan to say.
func (a *App) platform(ctx context.Context, env config.Environment, service config.Service) string {
	if service.TaskDefinition != "" {
		template, err := taskdef.Read(service.TaskDefinition, a.config.Files)
		if err != nil {
			return ""
		}
		return template.Platform()
	}
	latest, err := a.session(env).ECS().DescribeTaskDefinition(ctx, service.Family)
	if err != nil {
		return ""
	}
	definition, err := taskdef.FromJSON(latest.Record)
	if err != nil {
		return ""
	}
	return definition.Platform()
}
