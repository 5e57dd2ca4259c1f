// Package scaffold writes the files that a team begins with, from what runs already, and proves
// them: what it writes leaves plan nothing to do.
//
//	look ──▶ arrange (records ▶ services, images, variables) ──▶ files ──▶ write ──▶ plan
//
// All that decides is pure. Every call but those of Pin only reads.
package scaffold

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/registry"
)

// ConfigFile is the name of the configuration that is written.
const ConfigFile = "tagboat.yaml"

// Scaffold writes what a team begins with.
type Scaffold struct {
	Access   *access.Access
	Registry *registry.Client
	// Open opens Tagboat on a configuration that was written.
	Open func(path string) (Tools, error)
}

// Tools are the use cases that prove what was written.
type Tools struct {
	Delivery *delivery.Delivery
	Images   catalog.Images
	Pinning  *pinning.Pinning
}

// Request says what to take over, and where to write it.
type Request struct {
	Clusters     []string          // each becomes an environment
	Environments []tagboat.EnvName // what these are called, in the order of Clusters; none for names like theirs
	Services     []string          // in ECS; none for all
	Region       string            // "" for that of the AWS configuration
	From         string            // a configuration of ecspresso, or Copilot's directory; "" for clusters
	Copilot      string            // an application of AWS Copilot; "" for the one of its directory From
	App          string            // "" for a name made of what was found
	Dir          string            // to write to
	Pin          bool              // pin what runs
	DryRun       bool              // write nothing
}

// Do takes over what runs. It overwrites no file. An error of kind Usage says that nothing was
// written.
func (s Scaffold) Do(ctx context.Context, r Request) (tagboat.InitDocument, error) {
	if r.Copilot != "" || IsCopilot(r.From) {
		return s.takeOver(ctx, r)
	}
	var found []Environment
	var kept *ecspresso
	var err error
	if r.From != "" {
		kept, err = readEcspresso(r.From)
	}
	if err == nil {
		found, err = s.look(ctx, r, kept)
	}
	if err != nil {
		return tagboat.InitDocument{}, err
	}
	var draft Draft
	if kept != nil {
		draft, err = kept.draft(r, found[0])
	} else {
		draft, err = Arrange(r.App, found)
	}
	if err != nil {
		return tagboat.InitDocument{}, err
	}
	return s.finish(ctx, r, draft)
}

// takeOver takes over an application of AWS Copilot.
func (s Scaffold) takeOver(ctx context.Context, r Request) (tagboat.InitDocument, error) {
	found, err := s.application(ctx, r)
	if err != nil {
		return tagboat.InitDocument{}, err
	}
	draft, err := found.draft(r)
	if err != nil {
		return tagboat.InitDocument{}, err
	}
	return s.finish(ctx, r, draft)
}

// IsCopilot reports whether a path is a directory, as that of an application of AWS Copilot, or is
// called like it.
func IsCopilot(path string) bool {
	found, err := os.Stat(path)
	return filepath.Base(path) == "copilot" || err == nil && found.IsDir()
}

// Example writes files from nothing, by their names.
func Example(r Request, files map[string]string) (tagboat.InitDocument, error) {
	var draft Draft
	for _, name := range slices.Sorted(maps.Keys(files)) {
		draft.Files = append(draft.Files, File{Name: name, Content: []byte(files[name])})
	}
	return Scaffold{}.finish(context.Background(), r, draft)
}

// finish writes a draft and proves it.
func (s Scaffold) finish(ctx context.Context, r Request, draft Draft) (tagboat.InitDocument, error) {
	document := tagboat.InitDocument{
		Files: []tagboat.InitFile{}, LeftAlone: draft.LeftAlone, Notes: draft.Notes, Pins: []tagboat.InitPins{}, DryRun: r.DryRun,
	}
	written, err := write(r.Dir, draft.Files, r.DryRun)
	for i, f := range draft.Files {
		file := tagboat.InitFile{Path: filepath.Join(r.Dir, f.Name), State: written[f.Name]}
		if r.DryRun {
			file.Content = draft.Files[i].Shown()
		}
		document.Files = append(document.Files, file)
	}
	if err != nil || draft.Versions == nil {
		return document, err
	}
	dir, done, err := provingGround(r, draft)
	if err != nil {
		return document, err
	}
	defer done()
	tools, err := s.Open(filepath.Join(dir, ConfigFile))
	if err != nil {
		return document, unproven(err)
	}
	set, err := tools.Delivery.PlanWith(ctx, fleet.Selection{Everywhere: true}, draft.Versions)
	if err != nil {
		return document, unproven(err)
	}
	plan := set.Document()
	plan.Pins = nil // they are in Pins
	document.Plan = &plan
	for _, env := range draft.order {
		pins := s.pins(ctx, tools, env, draft.Versions[env])
		if r.Pin && !r.DryRun {
			if err := commit(ctx, tools, pins); err != nil {
				return document, err
			}
			pins.Written = true
		}
		document.Pins = append(document.Pins, pins)
	}
	return document, nil
}

// unproven says that files were written, and that it is our fault that they cannot be used.
func unproven(err error) error {
	return fmt.Errorf("the files were made, and could not be held against what runs: %w", err)
}

// provingGround returns a directory with the files of a draft: that where they were written, or a
// temporary one.
func provingGround(r Request, draft Draft) (dir string, done func(), err error) {
	if !r.DryRun {
		return r.Dir, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "tagboat-init-")
	if err != nil {
		return "", nil, fmt.Errorf("making a directory to try the files in: %w", err)
	}
	done = func() { _ = os.RemoveAll(dir) } // a copy for a moment
	for _, f := range slices.Concat(draft.Files, draft.beside) {
		if err := place(filepath.Join(dir, f.Name), f.Content); err != nil {
			done()
			return "", nil, err
		}
	}
	return dir, done, nil
}

// pins returns what to pin in an environment, with the tags that the versions have.
func (s Scaffold) pins(ctx context.Context, tools Tools, env tagboat.EnvName, versions map[tagboat.ImageName]tagboat.Reference) tagboat.InitPins {
	pins := tagboat.InitPins{Environment: env, Images: []tagboat.InitPin{}}
	arguments := []string{"tagboat", "pin"}
	for _, image := range slices.Sorted(maps.Keys(versions)) {
		pin := tagboat.InitPin{Image: image, Repository: versions[image].Name(), Digest: versions[image].Digest}
		tag, err := tools.Images.TagOf(ctx, image, pin.Digest)
		if err != nil {
			operation.Tell(ctx, NoTags{image, err})
		}
		pin.Tag = tag
		pins.Images = append(pins.Images, pin)
		if tag != "" {
			tag += "@"
		}
		arguments = append(arguments, fmt.Sprintf("%s=%s%s", image, tag, pin.Digest))
	}
	if len(versions) > 0 {
		pins.Command = strings.Join(append(arguments, "--env", string(env), "-m", "'as found'"), " ")
	}
	return pins
}

// commit pins what an environment runs.
func commit(ctx context.Context, tools Tools, pins tagboat.InitPins) error {
	if len(pins.Images) == 0 {
		return nil
	}
	request := pinning.Request{Environment: pins.Environment, Message: "as found"}
	for _, pin := range pins.Images {
		request.Images = append(request.Images, catalog.ImageArg{Image: pin.Image, Tag: pin.Tag, Digest: pin.Digest})
	}
	_, err := tools.Pinning.Pin(ctx, request)
	return err
}

// NoTags says that the tags of a version are not known.
type NoTags struct {
	Image tagboat.ImageName
	Err   error
}

// String says it in words.
func (n NoTags) String() string {
	return fmt.Sprintf("the tag of image %s was not found: %v", n.Image, n.Err)
}

// write writes files that are not there, the configuration last. It says of each whether it was
// there already, and refuses to overwrite another one before it writes any.
func write(dir string, files []File, dryRun bool) (map[string]string, error) {
	states := map[string]string{}
	var failed []error
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		switch there, err := os.ReadFile(path); {
		case errors.Is(err, os.ErrNotExist):
			states[f.Name] = tagboat.InitWritten
		case err != nil:
			failed = append(failed, tagboat.Usagef("looking whether %s is there: %w", path, err))
		case string(there) == string(f.Content):
			states[f.Name] = tagboat.InitKept
		default:
			failed = append(failed, tagboat.Usagef("%s is there already, with other content: nothing was written", path).
				WithHint("write to another directory: --dir DIR; --dry-run prints what would be written"))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	for _, f := range files {
		if dryRun || states[f.Name] == tagboat.InitKept {
			continue
		}
		if err := place(filepath.Join(dir, f.Name), f.Content); err != nil {
			return states, err
		}
	}
	return states, nil
}

// place makes a file that is not there, whole or not at all.
func place(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // files of a repository
		return fmt.Errorf("making the directory of %s: %w", path, err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".tagboat-init-")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // it has another name by then
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = name(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// name gives a file a name that no other has: a link overwrites nothing. Some file systems have
// none.
func name(temporary, path string) error {
	err := os.Link(temporary, path)
	if _, there := os.Lstat(path); err != nil && errors.Is(there, os.ErrNotExist) {
		return os.Rename(temporary, path)
	}
	return err
}
