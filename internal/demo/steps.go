package demo

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tagboat/tagboat/examples"
	"github.com/tagboat/tagboat/internal/console"
)

type step struct {
	title string
	acts  []func(context.Context) error
}

// steps is the tour.
func (t *tour) steps() []step {
	return []step{
		{"An app for two tenants: six environments in three accounts", []func(context.Context) error{
			t.writeApp,
			t.show("tagboat.yaml"),
		}},
		{"Push images, and bring the newest to dev, as a pipeline does", []func(context.Context) error{
			t.push("shop/api", "1.0.0", says("listening on :8080")),
			t.push("shop/web", "1.0.0", says("listening on :8080")),
			t.push("shop/worker", "1.0.0", says("waiting for jobs")),
			t.push("shop/proxy", "1.4", says("proxy ready")),
			t.run(0, "promote --to dev --automation"),
			t.note("What dev runs now is release 1: all images, the templates and the variables."),
		}},
		{"One image by hand: pin it, look at the plan, deploy it", []func(context.Context) error{
			t.push("shop/worker", "1.0.1", says("waiting for jobs")),
			t.run(0, "pin worker=1.0.1 --env dev"),
			t.run(3, "plan --env dev --exit-code"),
			t.run(0, "deploy --env dev"),
		}},
		{"To staging, for both tenants, when the release has soaked in dev", []func(context.Context) error{
			t.run(8, "promote 1 --to staging --dry-run"),
			t.later(31*time.Minute, "31 minutes later:"),
			t.run(0, "promote 1 --to staging"),
		}},
		{"To prod: two people have to approve it", []func(context.Context) error{
			t.later(61*time.Minute, "An hour later:"),
			t.run(8, "promote 1 --to prod --env prod --dry-run"),
			t.runAs("anna", "approve 1 --to prod"),
			t.runAs("bob", "approve 1 --to prod"),
			t.run(0, "promote 1 --to prod"),
		}},
		{"A release that starts too slowly for MB: mb-prod goes back by itself", []func(context.Context) error{
			t.push("shop/api", "1.1.0", map[string]string{"tagboat.sandbox.health": "healthy@30s"}),
			t.run(0, "promote --to dev --automation"),
			t.later(31*time.Minute, "31 minutes later:"),
			t.run(0, "promote --to staging --automation"),
			t.later(61*time.Minute, "An hour later:"),
			t.runAs("anna", "approve 2 --to prod"),
			t.runAs("bob", "approve 2 --to prod"),
			t.run(4, "promote 2 --to prod"),
			t.run(0, "status"),
			t.note("Exit code 4: rolled back. Prod has release 2, and mb-prod all of release 1 again."),
		}},
		{"Back to a release, in pins, templates and variables", []func(context.Context) error{
			t.run(0, "rollback --to 1 --env prod --message slow"),
			t.run(0, "where 2"),
			t.run(0, "history --env prod --limit 5"),
		}},
	}
}

// says are the labels of an image whose container prints a line.
func says(line string) map[string]string { return map[string]string{"tagboat.sandbox.log": line} }

// profiles is AWS's configuration, and people who is in it.
const (
	profiles = "aws.config"
	people   = `[default]
aws_access_key_id = sandbox
aws_secret_access_key = sandbox

[profile anna]
role_arn = arn:aws:iam::123456789012:role/people
role_session_name = anna
source_profile = default

[profile bob]
role_arn = arn:aws:iam::123456789012:role/people
role_session_name = bob
source_profile = default
`
)

// show is an act that prints a file of the app.
func (t *tour) show(name string) func(context.Context) error {
	return func(context.Context) error {
		content, err := os.ReadFile(filepath.Join(t.Dir, name))
		t.Streams.Printf("%s\n%s", t.Streams.OnOut(console.Accent, "$ cat "+name), console.Lines(string(content)))
		return err
	}
}

// writeApp is an act that writes the app's files, for the sandbox's registry.
func (t *tour) writeApp(context.Context) error {
	files, err := App(t.host)
	for name, content := range files {
		if err == nil {
			err = t.write(name, content)
		}
	}
	return err
}

func (t *tour) write(name, content string) error {
	if err := os.WriteFile(filepath.Join(t.Dir, name), []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing the demo's %s: %w", name, err)
	}
	return nil
}

// App returns the files of the example's app by name, with images in the registry at host.
func App(host string) (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(examples.Shop, "shop", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := examples.Shop.ReadFile(path)
		files[strings.TrimPrefix(path, "shop/")] = strings.ReplaceAll(string(content), "123456789012.dkr.ecr.us-east-1.amazonaws.com", host)
		return err
	})
	return files, err
}

// archive returns a tar with one executable file. Writing to memory cannot fail.
func archive(content string) []byte {
	script := []byte("#!/bin/sh\necho " + content + "\n")
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(script))})
	_, _ = w.Write(script)
	_ = w.Close()
	return b.Bytes()
}
