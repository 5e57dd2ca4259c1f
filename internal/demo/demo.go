// Package demo is a guided run of Tagboat's main job in a sandbox of its own: real
// images pushed over the registry protocol, deployed to dev, promoted as releases to the
// production of two tenants in three accounts, broken and rolled back. It runs the commands
// that a user would type, through the same command line, and nothing else.
package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Options are what a demo needs from its caller.
type Options struct {
	Streams *console.Streams
	// Endpoint is where the sandbox listens: http://HOST:PORT.
	Endpoint string
	// Env is the environment (NAME=value) that leads an AWS client to the sandbox.
	Env []string
	// Dir is an empty directory for the files of the demo's app. It becomes the
	// process's working directory, so that commands read as a user would type them.
	Dir string
	// Forward moves the sandbox's clock.
	Forward func(time.Duration)
	// Command runs one tagboat command and returns its exit code.
	Command func(ctx context.Context, args ...string) int
}

// tour carries what the steps share.
type tour struct {
	Options
	host string // of the registry
	step int
}

// Run goes through the tour. It returns an error where a step ends otherwise than it
// should, and when ctx ends.
func Run(ctx context.Context, o Options) error {
	t := &tour{Options: o, host: strings.TrimPrefix(o.Endpoint, "http://")}
	if err := t.prepare(); err != nil {
		return err
	}
	for _, step := range t.steps() {
		t.step++
		t.say(step.title)
		for _, act := range step.acts {
			if err := ctx.Err(); err != nil {
				return tagboat.Errorf(tagboat.Interrupted, "the demo was interrupted")
			}
			if err := act(ctx); err != nil {
				return fmt.Errorf("step %d (%s): %w", t.step, step.title, err)
			}
		}
	}
	return nil
}

// prepare points this process at the sandbox and away from the user's own AWS settings.
func (t *tour) prepare() error {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "TAGBOAT_") {
			if err := os.Unsetenv(name); err != nil {
				return fmt.Errorf("clearing the environment: %w", err)
			}
		}
	}
	if err := t.write(profiles, people); err != nil {
		return err
	}
	env := []string{
		"AWS_CONFIG_FILE=" + filepath.Join(t.Dir, profiles), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(t.Dir, "no-such-file"),
		"AWS_ENDPOINT_URL_STS=" + t.Endpoint, // the SDK looks at no other where a profile assumes a role
	}
	for _, entry := range t.Env {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN": // they would count for more than a profile
		default:
			env = append(env, entry)
		}
	}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting the environment: %w", err)
		}
	}
	if err := os.Chdir(t.Dir); err != nil {
		return fmt.Errorf("entering the demo's directory: %w", err)
	}
	return nil
}

func (t *tour) say(title string) {
	t.Streams.Printf("\n%s\n", t.Streams.OnOut(console.Strong, fmt.Sprintf("── %d. %s", t.step, title)))
}

func (t *tour) running(before string, wanted int, command string) func(context.Context) error {
	return func(ctx context.Context) error {
		t.Streams.Printf("%s\n", t.Streams.OnOut(console.Accent, "$ "+before+"tagboat "+command))
		if code := t.Command(ctx, strings.Fields(command)...); code != wanted {
			if ctx.Err() != nil {
				return tagboat.Errorf(tagboat.Interrupted, "the demo was interrupted")
			}
			return fmt.Errorf("tagboat %s ended with exit code %d, not %d", command, code, wanted)
		}
		return nil
	}
}

// run is a step's act that runs a command and asks for its exit code.
func (t *tour) run(wanted int, command string) func(context.Context) error {
	return t.running("", wanted, command)
}

// runAs is run by somebody else, of a command that succeeds.
func (t *tour) runAs(person, command string) func(context.Context) error {
	run := t.running("AWS_PROFILE="+person+" ", 0, command)
	return func(ctx context.Context) error {
		if err := os.Setenv("AWS_PROFILE", person); err != nil {
			return fmt.Errorf("setting the environment: %w", err)
		}
		defer func() { _ = os.Unsetenv("AWS_PROFILE") }() // it was set, so that it can be
		return run(ctx)
	}
}

// later is an act that lets time pass.
func (t *tour) later(d time.Duration, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		t.Forward(d)
		return t.note(text)(ctx)
	}
}

// note is an act that explains.
func (t *tour) note(text string) func(context.Context) error {
	return func(context.Context) error {
		t.Streams.Printf("%s\n", t.Streams.OnOut(console.Faint, text))
		return nil
	}
}

// push is an act that builds a small image and pushes it.
func (t *tour) push(repository, tag string, labels map[string]string) func(context.Context) error {
	return func(ctx context.Context) error {
		digest, err := t.upload(ctx, repository, tag, labels)
		if err != nil {
			return err
		}
		t.Streams.Printf("pushed %s/%s:%s %s\n", t.host, repository, tag, t.Streams.OnOut(console.Faint, digest.Short()))
		return nil
	}
}

// upload builds a small image and pushes it.
func (t *tour) upload(ctx context.Context, repository, tag string, labels map[string]string) (tagboat.Digest, error) {
	image, err := BuildImage(repository+":"+tag, labels)
	if err != nil {
		return "", err
	}
	ref, err := name.NewTag(t.host + "/" + repository + ":" + tag)
	if err != nil {
		return "", fmt.Errorf("naming the image: %w", err)
	}
	if err := remote.Write(ref, image, remote.WithContext(ctx)); err != nil {
		return "", fmt.Errorf("pushing %s: %w", ref, err)
	}
	digest, err := image.Digest()
	if err != nil {
		return "", fmt.Errorf("computing the digest: %w", err)
	}
	return tagboat.Digest(digest.String()), nil
}

// BuildImage returns a real OCI image for linux/amd64 with one layer of a few bytes,
// made of content, and the labels in its config. Equal arguments give equal digests.
func BuildImage(content string, labels map[string]string) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive(content))), nil
	})
	if err != nil {
		return nil, fmt.Errorf("building a layer: %w", err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("building an image: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("building an image: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Labels = labels
	config.Config.Entrypoint = []string{"/app"}
	return mutate.ConfigFile(image, config)
}
