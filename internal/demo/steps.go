package demo

import (
	"archive/tar"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tagboat/tagboat/internal/console"
)

type step struct {
	title string
	acts  []func(context.Context) error
}

// steps is the tour.
func (t *tour) steps() []step {
	return []step{
		{"Images in a registry: two good versions, a sidecar, and one that is broken", []func(context.Context) error{
			t.push("shop/app", "v1", map[string]string{"tagboat.sandbox.log": "listening on :8080 (v1)"}),
			t.push("shop/app", "v2", map[string]string{"tagboat.sandbox.log": "listening on :8080 (v2)"}),
			t.push("shop/proxy", "1.4", map[string]string{"tagboat.sandbox.log": "proxy ready"}),
			t.push("shop/app", "v3", map[string]string{
				"tagboat.sandbox.log":  "reading /etc/shop/config.json\nfatal: no database in the configuration",
				"tagboat.sandbox.exit": "1@1s",
			}),
		}},
		{"An app: one service with a sidecar, three environments in two accounts", []func(context.Context) error{
			t.writeApp(grey),
			t.show("tagboat.yaml"),
		}},
		{"Pin a version in dev, and deploy it", []func(context.Context) error{
			t.run(0, "pin app=v1 proxy=1.4 --env dev --message first"),
			t.run(0, "deploy --env dev"),
			t.run(0, "deploy --env dev"),
			t.note("The second deploy found nothing to do, so it registered nothing and restarted nothing."),
		}},
		{"Promote by pinning: the same digests in staging and in prod, which is another account", []func(context.Context) error{
			t.run(0, "pin app=v1 proxy=1.4 --env staging"),
			t.run(0, "pin app=v1 proxy=1.4 --env prod"),
			t.run(0, "deploy --env staging,prod"),
		}},
		{"Change a variable: look at the plan, then deploy", []func(context.Context) error{
			t.writeApp(green),
			t.note("color of dev in tagboat.yaml: " + grey + " → " + green),
			t.run(3, "plan --env dev --exit-code"),
			t.run(0, "deploy --env dev"),
		}},
		{"A new version: dev first, then staging", []func(context.Context) error{
			t.run(0, "pin app=v2 --env dev"),
			t.run(0, "deploy --env dev"),
			t.run(0, "pin app=v2 --env staging"),
			t.run(0, "deploy --env staging"),
		}},
		{"A broken version: its container exits with 1, and the deployment is rolled back", []func(context.Context) error{
			t.run(0, "pin app=v3 --env dev"),
			t.run(4, "deploy --env dev"),
			t.run(0, "status --env dev"),
			t.note("Exit code 4: failed and rolled back. Dev runs v2 again, and the drift says that v3 is still pinned."),
		}},
		{"Back to one truth: pin what runs, and keep automation from bringing the bad version back", []func(context.Context) error{
			t.run(0, "rollback --env dev --message broken"),
			t.run(8, "pin app=v3 --env dev --automation"),
			t.run(0, "history --env dev --limit 5"),
		}},
		{"What runs where", []func(context.Context) error{
			t.run(0, "status"),
		}},
	}
}

// show is an act that prints a file of the app.
func (t *tour) show(name string) func(context.Context) error {
	return func(context.Context) error {
		t.Streams.Printf("%s\n%s", t.Streams.OnOut(console.Accent, "$ cat "+name), console.Lines(t.app(grey)[name]))
		return nil
	}
}

// The value of dev's variable before and after it is changed.
const (
	grey  = "#888888"
	green = "#00aa55"
)

//go:embed files/tagboat.yaml
var configFile string

//go:embed files/web.taskdef.json
var taskDefinitionFile string

//go:embed files/web.service.json
var serviceFile string

// app returns the files of the demo's app by name, with dev in the given colour.
func (t *tour) app(color string) map[string]string {
	fill := strings.NewReplacer("REGISTRY", t.host, "DEV_COLOR", color)
	return map[string]string{
		"tagboat.yaml":     fill.Replace(configFile),
		"web.taskdef.json": taskDefinitionFile,
		"web.service.json": serviceFile,
	}
}

// writeApp is an act that writes the app's files.
func (t *tour) writeApp(color string) func(context.Context) error {
	return func(context.Context) error {
		for name, content := range t.app(color) {
			if err := os.WriteFile(filepath.Join(t.Dir, name), []byte(content), 0o644); err != nil {
				return fmt.Errorf("writing the demo's %s: %w", name, err)
			}
		}
		return nil
	}
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
