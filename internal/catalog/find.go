package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/selection"
)

// found is the version that an argument stands for.
type found struct {
	image     config.Image
	version   registry.Version
	candidate selection.Candidate
	shelf     *shelf // nil where the argument names the version
	why       string // how the rule chose; "" where the argument names the version
}

// resolve returns the reference of each version that was asked for, with its digest.
func (a *App) resolve(ctx context.Context, args []ImageArg) (map[tagboat.ImageName]tagboat.Reference, error) {
	all, err := a.find(ctx, args)
	return references(all), err
}

func references(all map[tagboat.ImageName]found) map[tagboat.ImageName]tagboat.Reference {
	refs := make(map[tagboat.ImageName]tagboat.Reference, len(all))
	for name, f := range all {
		refs[name] = f.version.Reference
	}
	return refs
}

// wantedImages returns the images of a request.
func (a *App) wantedImages(r PinRequest) ([]ImageArg, error) {
	if !r.All {
		return r.Images, nil
	}
	var args []ImageArg
	for _, name := range slices.Sorted(maps.Keys(a.config.Images)) {
		if a.config.Images[name].Select.Empty() {
			a.notice(fmt.Sprintf("image %s has no rule and stays as it is", name))
			continue
		}
		args = append(args, ImageArg{Image: name})
	}
	if len(args) == 0 {
		return nil, tagboat.Usagef("no image in %s has a rule", a.config.File).WithHint(`give one a rule: select: {semver: ">=1.0.0"}`)
	}
	return args, nil
}

// find finds every version in its registry, several at once. All that fails is told.
func (a *App) find(ctx context.Context, args []ImageArg) (map[tagboat.ImageName]found, error) {
	if err := a.check(args); err != nil {
		return nil, err
	}
	results := make([]found, len(args))
	failed := make([]error, len(args))
	var group errgroup.Group
	group.SetLimit(registriesAtOnce)
	for i, arg := range args {
		group.Go(func() error {
			results[i], failed[i] = a.findOne(ctx, arg)
			return nil // all failures are told at once
		})
	}
	_ = group.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	all := make(map[tagboat.ImageName]found, len(args))
	for i, arg := range args {
		all[arg.Image] = results[i]
	}
	return all, nil
}

// check finds what is wrong with arguments before any call.
func (a *App) check(args []ImageArg) error {
	var failed []error
	seen := map[tagboat.ImageName]bool{}
	for _, arg := range args {
		image, err := a.config.Image(string(arg.Image))
		switch {
		case err != nil:
			failed = append(failed, err)
		case seen[arg.Image]:
			failed = append(failed, tagboat.Usagef("image %s is named twice", arg.Image))
		case arg.Tag == "" && arg.Digest == "" && image.Select.Empty():
			failed = append(failed, noRule(image))
		}
		seen[arg.Image] = true
	}
	return errors.Join(failed...)
}

func (a *App) findOne(ctx context.Context, arg ImageArg) (found, error) {
	f := found{image: a.config.Images[arg.Image]}
	ref := f.image.Repository
	ref.Tag, ref.Digest = arg.Tag, arg.Digest
	if ref.Tag == "" && ref.Digest == "" {
		chosen, err := a.byRule(ctx, f.image)
		if err != nil {
			return f, err
		}
		f = chosen
		ref.Tag, ref.Digest = f.candidate.Tag, f.candidate.Digest
		if ref.Digest != "" { // it was just listed, or looked at
			f.version = registry.Version{Reference: ref}
			return f, nil
		}
	}
	if err := a.sameVersion(ctx, ref); err != nil {
		return f, err
	}
	version, err := a.registry.Resolve(ctx, ref)
	f.version = version
	if f.shelf == nil {
		f.candidate = selection.Candidate{Tag: ref.Tag, Digest: version.Reference.Digest}
	}
	return f, err
}

// sameVersion checks that a tag and a digest that are named together stand for the same
// version: the tag is what people read, and the digest what runs.
func (a *App) sameVersion(ctx context.Context, ref tagboat.Reference) error {
	if ref.Tag == "" || ref.Digest == "" {
		return nil
	}
	tagged := ref
	tagged.Digest = ""
	is, err := a.registry.Digest(ctx, tagged)
	if err != nil || is == ref.Digest {
		return err
	}
	e := tagboat.Usagef("%s does not exist, and so is not %s", tagged, ref.Digest.Short())
	if is != "" {
		e = tagboat.Usagef("%s is %s, and not %s", tagged, is.Short(), ref.Digest.Short())
	}
	return e.WithHint("name one of both: the tag, or the digest alone: @%s", ref.Digest)
}

// byRule lets an image's rule choose.
func (a *App) byRule(ctx context.Context, image config.Image) (found, error) {
	f := found{image: image}
	shelf, err := a.shelfFor(ctx, image.Repository, image.Select)
	if err != nil {
		return f, err
	}
	choice, err := a.choose(ctx, shelf, image.Select)
	if err != nil {
		return f, err
	}
	winner, ok := choice.Chosen()
	if !ok {
		return f, nothingFits(image, choice)
	}
	f.candidate, f.shelf, f.why = winner.Candidate, shelf, choice.Decided
	return f, nil
}

// shelfFor lists no more than a rule has to see: the one tag of a rule that names it.
func (a *App) shelfFor(ctx context.Context, repository tagboat.Reference, rule selection.Rule) (*shelf, error) {
	if rule.Fixed() == "" {
		return a.shelf(ctx, repository)
	}
	repository.Tag = rule.Fixed()
	return a.single(ctx, repository)
}

// reasonsTold is how many skipped tags an error names.
const reasonsTold = 3

func nothingFits(image config.Image, choice selection.Choice) error {
	var told []string
	for _, v := range choice.Skipped[max(0, len(choice.Skipped)-reasonsTold):] {
		told = append(told, verdictName(v)+" "+v.Skipped)
	}
	msg := fmt.Sprintf("no version of image %s fits its rule (%s)", image.Name, image.Select)
	if len(told) > 0 {
		msg += ": " + strings.Join(told, "; ")
	}
	if more := len(choice.Skipped) - len(told); more > 0 {
		msg += fmt.Sprintf("; and %d more", more)
	}
	return tagboat.Usagef("%s", msg).At(image.Where).WithHint("tagboat images %s --why tells of every tag why not", image.Name)
}

func verdictName(v selection.Verdict) string {
	if v.Tag == "" {
		return v.Digest.Short()
	}
	return v.Tag
}
