package deploy_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/taskdef"
)

func digest(version string) tagboat.Digest {
	return tagboat.Digest(fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(version))))
}

func reference(version string) tagboat.Reference {
	return tagboat.Reference{Host: "registry.test", Repository: "shop/api", Tag: version, Digest: digest(version)}
}

// definition is the task definition api with that version of the image in container app.
func definition(t testing.TB, version string) taskdef.Definition {
	t.Helper()
	return parse(t, fmt.Sprintf(`{"family":"api","containerDefinitions":[{"name":"app","image":%q,
		"dockerLabels":{"tagboat.image":"api","tagboat.tag":%q},
		"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/c/api","awslogs-stream-prefix":"x"}}}]}`,
		reference(version).Pinned(), version))
}

func parse(t testing.TB, text string) taskdef.Definition {
	t.Helper()
	d, err := taskdef.FromJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// target wants service api to run that version of the image; it can be created.
func target(t testing.TB, c *deploy.Client, version string) deploy.Target {
	t.Helper()
	service := parse(t, `{"desiredCount":2}`)
	return deploy.Target{Client: c, Desired: deploy.Desired{
		Environment: "dev", Service: "api", Cluster: "c", ServiceName: "api", Region: "r",
		Definition: definition(t, version), ServiceDefinition: &service,
		Images: []deploy.Image{{Container: "app", Image: "api", Pinned: reference(version)}},
	}}
}

// run deploys that version of the service.
func run(t testing.TB, f *fake, version string, o deploy.Options) tagboat.Deployment {
	t.Helper()
	return runIn(t.Context(), t, f, version, o)
}

func runIn(ctx context.Context, t testing.TB, f *fake, version string, o deploy.Options) tagboat.Deployment {
	t.Helper()
	plans, err := deploy.Prepare(ctx, []deploy.Target{target(t, f.client(), version)})
	if err != nil {
		t.Fatal(err)
	}
	return deploy.Run(ctx, plans, o)[0]
}

var wait = deploy.Options{Wait: true, MaxParallel: 10}

// running returns a fake in which version v1 was deployed and runs.
func running(t testing.TB) *fake {
	t.Helper()
	f := newFake()
	if d := run(t, f, "v1", wait); d.Verdict != tagboat.VerdictSucceeded {
		t.Fatalf("the first deployment ended as %s: %s", d.Verdict, d.Reason)
	}
	clear(f.calls)
	return f
}

// inBubble runs a test with time that passes at once.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// check compares a deployment's verdict and definitions, and what was changed.
func check(t *testing.T, f *fake, got tagboat.Deployment, want outcome) {
	t.Helper()
	end := outcome{
		Verdict: got.Verdict, TaskDefinition: revision(got.TaskDefinition), Previous: revision(got.PreviousTaskDefinition),
		Running: revision(f.services["api"].Deployments[0].TaskDefinition), Changes: f.changes(),
	}
	if diff := cmp.Diff(want, end); diff != "" {
		t.Errorf("ended otherwise (-want +got):\n%s\nreason: %s", diff, got.Reason)
	}
}

type outcome struct {
	Verdict        tagboat.Verdict
	TaskDefinition string // that was deployed
	Previous       string
	Running        string // PRIMARY at the end
	Changes        string // changing calls
}

func revision(arn string) string { return arn[len(arn)-min(len(arn), len("api:1")):] }

func raw(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
