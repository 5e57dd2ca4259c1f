package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
)

// versions are the arguments IMAGE=VERSION of a command that takes services, too: what is
// to be pinned before the services that run the images are deployed.
type versions struct {
	images     []catalog.ImageArg
	allowOlder bool
}

func (v *versions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&v.allowOlder, "allow-older", false, "let a version that is named be older than the one that is pinned; the history says so")
}

// arguments takes the versions out of arguments, and returns the services that are left.
func (v *versions) arguments(args []string) (services []string, err error) {
	for _, arg := range args {
		if !strings.ContainsAny(arg, "=:@") {
			services = append(services, arg)
			continue
		}
		wanted, err := parseImageArg(arg)
		if err != nil {
			return nil, err
		}
		v.images = append(v.images, wanted)
	}
	return services, nil
}

// plan plans what is selected, with the versions pinned. Nothing is written; what is
// prepared is nil where no version is named.
func (v versions) plan(ctx context.Context, a *app.App, selected fleet.Selection, r pinning.Request) (*delivery.PlanSet, *pinning.Prepared, error) {
	if len(v.images) == 0 {
		set, err := a.Delivery.Plan(ctx, selected)
		return set, nil, err
	}
	if r.Automation && v.allowOlder {
		return nil, nil, noWayBack()
	}
	for _, image := range v.images {
		selected.Images = append(selected.Images, image.Image)
	}
	environments, err := a.Fleet.Environments(selected)
	if err != nil {
		return nil, nil, err
	}
	if _, err := a.Fleet.Services(selected); err != nil {
		return nil, nil, err
	}
	names := make([]tagboat.EnvName, len(environments))
	for i, env := range environments {
		names[i] = env.Name
	}
	r.Images, r.AllowOlder = v.images, v.allowOlder
	prepared, err := a.Pinning.Prepare(ctx, r, names)
	if err != nil {
		return nil, nil, err
	}
	set, err := a.Delivery.PlanWith(ctx, selected, prepared.Versions())
	return set, prepared, err
}

// pin writes what was prepared, if anything, and tells what is pinned by that.
func (f *frame) pin(ctx context.Context, a *app.App, prepared *pinning.Prepared) error {
	if prepared == nil {
		return nil
	}
	results, err := a.Pinning.Commit(ctx, prepared)
	for _, result := range results {
		for _, pin := range result.Document.Pins {
			if result.Changed {
				f.Talkf("pinned %s to %s in %s\n", pin.Image, versionText(pin.Tag, pin.Digest), result.Document.Environment)
			}
		}
	}
	return err
}

// parseImageArg reads an image, alone or with a version behind a = or a : or an @. A version is
// a tag, a digest, the first twelve digits of one, or TAG@DIGEST.
func parseImageArg(arg string) (catalog.ImageArg, error) {
	name, version, by := arg, "", ""
	if at := strings.IndexAny(arg, "=:@"); at >= 0 {
		name, by, version = arg[:at], arg[at:at+1], arg[at+1:]
	}
	wanted := catalog.ImageArg{Image: tagboat.ImageName(name)}
	if !tagboat.ValidImageName(name) {
		return wanted, tagboat.Usagef("%q names no image", arg).WithHint("write IMAGE, IMAGE=TAG or IMAGE@DIGEST, with IMAGE as in tagboat.yaml")
	}
	if by == "" {
		return wanted, nil
	}
	hex, isDigest := strings.CutPrefix(version, "sha256:")
	if catalog.IsShortDigest(hex) && (isDigest || by == "@") {
		wanted.Short = hex
		return wanted, nil
	}
	tag, digest, both := strings.Cut(version, "@")
	switch {
	case isDigest:
		digest = version
	case tagboat.ValidTag(tag):
		wanted.Tag = tag
	default:
		return wanted, tagboat.Usagef("%q is not a tag (in %q)", tag, arg).WithHint("a tag has up to 128 letters, digits, dots, dashes and underscores")
	}
	if !isDigest && !both {
		return wanted, nil
	}
	var err error
	wanted.Digest, err = tagboat.ParseDigest(digest)
	return wanted, err
}
