package app

import (
	"context"
	"errors"
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
func (a *App) mayPin(ctx context.Context, env config.Environment, book ledger.Book, all map[tagboat.ImageName]found, allowOlder bool) (note string, err error) {
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name]
		failed = append(failed, a.canRun(ctx, env, f))
		if pin, ok := book.Pin(env.Name, name); ok {
			if older, why := a.older(ctx, f, pin); older && !allowOlder {
				failed = append(failed, stepBack(env, f, pin, why))
			} else if older {
				note = " [goes back on purpose]"
			}
		}
	}
	a.warnMovable(ctx, all)
	return note, errors.Join(failed...)
}

func stepBack(env config.Environment, f found, pin tagboat.Pin, why string) error {
	return tagboat.Errorf(tagboat.Blocked, "image %s would go back from %s, which is pinned in %s, to %s: %s",
		f.image.Name, readable(pin.Reference()), env.Name, readable(f.version.Reference), why).
		WithHint("where that is what you want, say --allow-older")
}

// older tells whether a version is a step back from a pin, by the image's rule. Where the
// rule names one tag it is no step back, since the file says so; where it follows one, the
// times of the builds tell.
func (a *App) older(ctx context.Context, f found, pin tagboat.Pin) (bool, string) {
	rule := f.image.Select
	if rule.Empty() || rule.Tag != "" {
		return false, ""
	}
	before := selection.Candidate{Tag: pin.Tag, Digest: pin.Digest}
	after := f.candidate
	switch {
	case rule.Follow != "" && before.Digest != after.Digest:
		was, err := a.registry.Resolve(ctx, pin.Reference())
		if err != nil {
			return false, "" // it is gone, and cannot be compared with
		}
		before.PushedAt = was.Created
	case f.shelf != nil:
		before.PushedAt = f.shelf.pushed(pin.Digest)
	}
	return rule.Older(before, after)
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

// canRun checks that the version has an image for the platform of each task definition
// that runs it in the environment. It looks at the version only where one says a platform.
func (a *App) canRun(ctx context.Context, env config.Environment, f found) error {
	wanted := a.platforms(ctx, env, f.image.Name)
	if len(wanted) == 0 {
		return nil
	}
	has, err := a.platformsOf(ctx, f)
	if err != nil || len(has) == 0 || slices.Contains(has, "unknown") {
		return err
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		runs := func(has string) bool { return selection.SamePlatform(has, wanted[name]) }
		if !slices.ContainsFunc(has, runs) {
			failed = append(failed, tagboat.Usagef("image %s %s is for %s, and the task definition of service %s runs %s",
				f.image.Name, readable(f.version.Reference), strings.Join(has, " and "), name, wanted[name]).
				At(a.config.Services[name].Where).WithHint("build it for %s, or set the task definition's runtimePlatform", wanted[name]))
		}
	}
	return errors.Join(failed...)
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
		template, err := taskdef.Read(service.TaskDefinition)
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
