// Package catalog is what the registries have of a configuration's images: finding versions
// by tag, digest or rule, showing them and why a rule takes them, tagging, and publishing.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/selection"
)

// Catalog is what the registries have of a configuration's images. It is safe for
// concurrent use.
type Catalog struct {
	Config   *config.Config
	Access   *access.Access
	Registry *registry.Client
}

// ImageArg is an image and the version wanted of it. Without tag and digest, the
// image's selection rule chooses.
type ImageArg struct {
	Image  tagboat.ImageName
	Tag    string // where there is no such tag, it may be the first digits of a digest
	Digest tagboat.Digest
	Short  string // the first hex digits of a digest, in place of Tag and Digest
}

// byRule reports whether the argument names no version.
func (a ImageArg) byRule() bool { return a.Tag == "" && a.Digest == "" && a.Short == "" }

// Pick is the version that an argument stands for.
type Pick struct {
	Image     config.Image
	Version   registry.Version
	Candidate selection.Candidate
	Why       string      // how the rule chose; "" where the argument names the version
	from      *repository // nil where the argument names the version
}

// ByRule reports whether the image's rule chose the version.
func (p Pick) ByRule() bool { return p.from != nil }

// Picks are versions of images, by the image's name.
type Picks map[tagboat.ImageName]Pick

// References returns the reference of each version, with its digest.
func (p Picks) References() map[tagboat.ImageName]tagboat.Reference {
	refs := make(map[tagboat.ImageName]tagboat.Reference, len(p))
	for name, pick := range p {
		refs[name] = pick.Version.Reference
	}
	return refs
}

// AtOnce bounds how many versions are looked at in registries at the same time.
const AtOnce = 8

// Find finds every version in its registry, several at once. It reports all failures.
func (c *Catalog) Find(ctx context.Context, args []ImageArg) (Picks, error) {
	if err := check(c.Config, args); err != nil {
		return nil, err
	}
	results := make([]Pick, len(args))
	failed := make([]error, len(args))
	var group errgroup.Group
	group.SetLimit(AtOnce)
	for i, arg := range args {
		group.Go(func() error {
			results[i], failed[i] = c.findOne(ctx, arg)
			return nil // all failures are reported at once
		})
	}
	_ = group.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	all := make(Picks, len(args))
	for i, arg := range args {
		all[arg.Image] = results[i]
	}
	return all, nil
}

// check finds what is wrong with arguments before any call.
func check(c *config.Config, args []ImageArg) error {
	var failed []error
	seen := map[tagboat.ImageName]bool{}
	for _, arg := range args {
		image, err := c.Image(string(arg.Image))
		switch {
		case err != nil:
			failed = append(failed, err)
		case seen[arg.Image]:
			failed = append(failed, tagboat.Usagef("image %s is named twice", arg.Image))
		case arg.byRule() && image.Select.Empty():
			failed = append(failed, noRule(image))
		}
		seen[arg.Image] = true
	}
	return errors.Join(failed...)
}

func (c *Catalog) findOne(ctx context.Context, arg ImageArg) (Pick, error) {
	f := Pick{Image: c.Config.Images[arg.Image]}
	ref, err := c.named(ctx, f.Image, arg)
	if err != nil {
		return f, err
	}
	if ref.Tag == "" && ref.Digest == "" {
		chosen, err := c.byRule(ctx, f.Image)
		if err != nil {
			return f, err
		}
		f = chosen
		ref.Tag, ref.Digest = f.Candidate.Tag, f.Candidate.Digest
		if ref.Digest != "" { // it was just listed, or looked at
			f.Version = registry.Version{Reference: ref}
			return f, nil
		}
	}
	if err := c.sameVersion(ctx, ref); err != nil {
		return f, err
	}
	version, err := c.Registry.Resolve(ctx, ref)
	f.Version = version
	if f.from == nil {
		f.Candidate = selection.Candidate{Tag: ref.Tag, Digest: version.Reference.Digest}
	}
	return f, err
}

// named returns the reference that an argument names; without tag and digest where it names
// no version.
func (c *Catalog) named(ctx context.Context, image config.Image, arg ImageArg) (tagboat.Reference, error) {
	if arg.Short != "" {
		return c.shortened(ctx, image, arg.Short)
	}
	ref := image.Repository
	ref.Tag, ref.Digest = arg.Tag, arg.Digest
	if ref.Digest != "" || !IsShortDigest(ref.Tag) {
		return ref, nil
	}
	if is, err := c.Registry.Digest(ctx, ref); err != nil || is != "" {
		return ref, err
	}
	digest, err := c.beginningWith(ctx, image, ref.Tag)
	if err == nil && digest != "" {
		ref.Tag, ref.Digest = "", digest
	}
	return ref, err
}

// sameVersion checks that a tag and a digest that are named together stand for the same
// version: the tag is what people read, and the digest what runs.
func (c *Catalog) sameVersion(ctx context.Context, ref tagboat.Reference) error {
	if ref.Tag == "" || ref.Digest == "" {
		return nil
	}
	tagged := ref
	tagged.Digest = ""
	is, err := c.Registry.Digest(ctx, tagged)
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
func (c *Catalog) byRule(ctx context.Context, image config.Image) (Pick, error) {
	f := Pick{Image: image}
	from, err := c.openFor(ctx, image)
	if err != nil {
		return f, err
	}
	choice, err := from.choose(ctx, image.Select)
	if err != nil {
		return f, err
	}
	winner, ok := choice.Chosen()
	if !ok {
		return f, nothingFits(image, choice)
	}
	f.Candidate, f.from, f.Why = winner.Candidate, from, choice.Decided
	return f, nil
}

// openFor lists no more than a rule has to see: the one tag of a rule that names it.
func (c *Catalog) openFor(ctx context.Context, image config.Image) (*repository, error) {
	if image.Select.Fixed() == "" {
		return c.open(ctx, image)
	}
	at := image.Repository
	at.Tag = image.Select.Fixed()
	return c.single(ctx, at)
}

// reasonsTold is how many skipped tags an error names.
const reasonsTold = 3

func nothingFits(image config.Image, choice selection.Choice) error {
	var told []string
	for _, v := range choice.Skipped[max(0, len(choice.Skipped)-reasonsTold):] {
		told = append(told, v.Readable()+" "+v.Skipped)
	}
	msg := fmt.Sprintf("no version of image %s fits its rule (%s)", image.Name, image.Select)
	if len(told) > 0 {
		msg += ": " + strings.Join(told, "; ")
	}
	if more := len(choice.Skipped) - len(told); more > 0 {
		msg += fmt.Sprintf("; and %d more", more)
	}
	return tagboat.Usagef("%s", msg).At(image.Where).WithHint("tagboat images %s --why explains each tag", image.Name)
}

func noRule(image config.Image) error {
	return tagboat.Usagef("image %s has no selection rule, and no version was given", image.Name).
		At(image.Where).
		WithHint("name a version: tagboat pin %s=TAG, or give the image a rule, such as select: {semver: \">=1.0.0\"}", image.Name)
}

// Hosts returns the hosts that the images of the configuration lie in, each once and in
// the order of their names.
func (c *Catalog) Hosts() []string {
	var hosts []string
	for _, image := range c.Config.Images {
		hosts = append(hosts, image.Repository.Host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
