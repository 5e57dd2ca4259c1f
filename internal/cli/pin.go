package cli

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/words"
)

type pinOptions struct {
	targets
	images     []string
	all        bool
	running    bool
	message    string
	allowOlder bool
	automation bool
	breakGlass bool
	yes        bool
	dryRun     bool
}

func newPin(f *frame) *cobra.Command {
	o := pinOptions{targets: targets{changing: "pin"}}
	cmd := &cobra.Command{
		Use:     "pin IMAGE[=TAG|@DIGEST]...|--all|--running [IMAGE...] --env ENV",
		Short:   "Set which version of an image should run in an environment",
		Long:    "Resolves each version to its digest in the registry (the index's, where there is one)\nand writes it to the environment's parameter. Without a version, the image's\nselection rule in tagboat.yaml chooses. Where the rule sees a step back, or the task\ndefinition runs another platform, nothing is written. With --running, what runs in each\nenvironment is pinned, by its digest, and by a tag where it has one. A stage with the gates soak, approvals,\nwindow or check takes releases alone: use promote, or --break-glass in an emergency.",
		Example: "  tagboat pin api=1.4.2 --env dev\n  tagboat pin api=1.4.2 proxy@sha256:… --env prod -m 'release 12'\n  tagboat pin --all --env dev\n  tagboat pin --running --env prod -m 'as found'",
		GroupID: "truth",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			return runPin(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the history")
	cmd.Flags().BoolVar(&o.all, "all", false, "pin what the rule of each image chooses")
	cmd.Flags().BoolVar(&o.running, "running", false, "pin what runs in the environment, of the images given or of all")
	cmd.Flags().BoolVar(&o.allowOlder, "allow-older", false, "allow a version older than the pinned one; the history records it")
	automationFlag(cmd, &o.automation)
	cmd.Flags().BoolVar(&o.breakGlass, "break-glass", false, "override the gates of a stage that takes releases alone; requires -m, and a right of its own")
	yesFlag(cmd, &o.yes)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "resolve and check, and write nothing")
	return cmd
}

func runPin(ctx context.Context, f *frame, o pinOptions) error {
	request, err := o.request()
	if err != nil {
		return err
	}
	a, names, err := o.chosen(ctx, f)
	if err != nil {
		return err
	}
	prepared, err := o.prepare(ctx, a, request, names)
	if err != nil {
		return err
	}
	q := screen.Question{Command: "pin", Yes: o.yes || o.dryRun, Automation: o.automation}
	for _, p := range prepared {
		q.Changes = append(q.Changes, screen.Repinned(p.Changes())...)
	}
	if err := q.Ask(ctx, f.Screen, a.Config); err != nil {
		return err
	}
	var results []pinning.Result
	for _, p := range prepared {
		done, failed := a.Pinning.Commit(ctx, p)
		results = append(results, done...)
		if err = failed; err != nil {
			break
		}
	}
	if len(results) == 0 {
		return err
	}
	return errors.Join(err, f.showPinned(results, o, err == nil))
}

// request is what the command line asks for.
func (o pinOptions) request() (pinning.Request, error) {
	request := pinning.Request{All: o.all, Message: o.message, AllowOlder: o.allowOlder, Automation: o.automation, BreakGlass: o.breakGlass, DryRun: o.dryRun}
	switch {
	case o.all && o.running, o.all && len(o.images) > 0, !o.all && !o.running && len(o.images) == 0:
		return request, tagboat.Usagef("pin needs one of: images, --all, --running").
			WithHint("tagboat pin IMAGE --env ENV, tagboat pin --all --env ENV or tagboat pin --running [IMAGE...] --env ENV")
	case o.automation && o.allowOlder:
		return request, noWayBack()
	}
	if err := mayBreakGlass(o.breakGlass, o.automation, o.message); err != nil {
		return request, err
	}
	for _, arg := range o.images {
		wanted, err := parseImageArg(arg)
		if err != nil {
			return request, err
		}
		if o.running && string(wanted.Image) != arg {
			return request, tagboat.Usagef("--running pins the version that runs, and %q names one", arg).WithHint("leave out one of both: tagboat pin --running %s", wanted.Image)
		}
		request.Images = append(request.Images, wanted)
	}
	return request, nil
}

// prepare decides in all environments before anything is written in one. What runs is another
// request in each.
func (o pinOptions) prepare(ctx context.Context, a *app.App, request pinning.Request, names []tagboat.EnvName) ([]*pinning.Prepared, error) {
	if !o.running {
		prepared, err := a.Pinning.Prepare(ctx, request, names)
		return []*pinning.Prepared{prepared}, err
	}
	var all []*pinning.Prepared
	var failed []error
	for _, env := range names {
		request.Environment = env
		prepared, err := o.prepareRunning(ctx, a, request)
		all, failed = append(all, prepared), append(failed, err)
	}
	return all, errors.Join(failed...)
}

func (o pinOptions) prepareRunning(ctx context.Context, a *app.App, request pinning.Request) (*pinning.Prepared, error) {
	running, err := a.View.Versions(ctx, request.Environment, named[tagboat.ImageName](o.images))
	if err != nil {
		return nil, err
	}
	request.Images = nil
	for _, image := range slices.Sorted(maps.Keys(running)) {
		tag, err := a.Images.TagOf(ctx, image, running[image])
		if err != nil {
			return nil, err
		}
		request.Images = append(request.Images, catalog.ImageArg{Image: image, Tag: tag, Digest: running[image]})
	}
	return a.Pinning.Prepare(ctx, request, []tagboat.EnvName{request.Environment})
}

// showPinned shows what is pinned now, and what to do next where all went well.
func (f *frame) showPinned(results []pinning.Result, o pinOptions, well bool) error {
	names, documents := make([]tagboat.EnvName, len(results)), make([]tagboat.PinsDocument, len(results))
	of := map[tagboat.EnvName]pinning.Result{}
	for i, result := range results {
		names[i], documents[i] = result.Document.Environment, result.Document
		of[names[i]] = result
	}
	return showEach(f, names, documents, func(on *screen.Screen, document tagboat.PinsDocument) {
		screen.Pinned(on, document.Pins)
		if well {
			tellPinned(on, of[document.Environment], o)
		}
	})
}

func tellPinned(on *screen.Screen, result pinning.Result, o pinOptions) {
	for _, pin := range result.Document.Pins {
		if why := result.Reasons[pin.Image]; why != "" {
			on.Talkf("%s: %s was chosen by its rule: %s\n", pin.Image, pin.Reference().Readable(), why)
		}
	}
	switch {
	case o.dryRun:
		on.Talkf("nothing was written (--dry-run)\n")
	case !result.Changed:
		on.Talkf("already pinned, nothing was written\n")
	default:
		on.Talkf("%s to roll the services: tagboat deploy --env %s\n", on.OnErr(console.Good, "pinned;"), result.Document.Environment)
	}
}

// versions are the arguments IMAGE=VERSION of a command that takes services, too: what is
// to be pinned before the services that run the images are deployed.
type versions struct {
	images     []catalog.ImageArg
	allowOlder bool
}

func (v *versions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&v.allowOlder, "allow-older", false, "allow a named version to be older than the pinned one; the history records it")
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
	if err := a.Fleet.CheckVars(); err != nil {
		return nil, nil, err
	}
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
				f.Talkf("pinned %s to %s in %s\n", pin.Image, words.Version(pin.Tag, pin.Digest), result.Document.Environment)
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
