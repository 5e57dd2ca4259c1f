package demo

import (
	"context"

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
