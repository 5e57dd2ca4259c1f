package deploytest

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
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Digest returns the digest that stands for a version.
func Digest(version string) tagboat.Digest {
	return tagboat.Digest(fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(version))))
}

// Reference returns the reference of a version of the image.
func Reference(version string) tagboat.Reference {
	return tagboat.Reference{Host: "registry.test", Repository: "shop/api", Tag: version, Digest: Digest(version)}
}

// Definition is the task definition api with that version of the image in container app.
func Definition(t testing.TB, version string) taskdef.Definition {
	t.Helper()
	return Parse(t, fmt.Sprintf(`{"family":"api","containerDefinitions":[{"name":"app","image":%q,
		"dockerLabels":{"tagboat.image":"api","tagboat.tag":%q},
		"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/c/api","awslogs-stream-prefix":"x"}}}]}`,
		Reference(version).Pinned(), version))
}

// Parse returns the definition in a text.
func Parse(t testing.TB, text string) taskdef.Definition {
	t.Helper()
	d, err := taskdef.FromJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Target wants service api to run that version of the image; it can be created.
func Target(t testing.TB, c *deploy.Client, version string) deploy.Target {
	t.Helper()
	service := Parse(t, `{"desiredCount":2}`)
	return deploy.Target{Client: c, Desired: deploy.Desired{
		Environment: "dev", Service: "api", Cluster: "c", ServiceName: "api", Region: "r",
		Definition: Definition(t, version), ServiceDefinition: &service,
		Images: []deploy.Image{{Container: "app", Image: "api", Pinned: Reference(version)}},
	}}
}

// Run deploys that version of the service.
func Run(t testing.TB, f *ECS, version string, o rollout.Options) tagboat.Deployment {
	t.Helper()
	return RunIn(t.Context(), t, f, version, o)
}

// RunIn is Run with a context.
func RunIn(ctx context.Context, t testing.TB, f *ECS, version string, o rollout.Options) tagboat.Deployment {
	t.Helper()
	plans, err := deploy.Prepare(ctx, []deploy.Target{Target(t, f.Client(), version)})
	if err != nil {
		t.Fatal(err)
	}
	return new(rollout.Runner).Run(ctx, plans, o)[0]
}

// Wait returns the options of who waits for the end.
func Wait() rollout.Options { return rollout.Options{Wait: true, MaxParallel: 10} }

// Running returns a double in which version v1 was deployed and runs.
func Running(t testing.TB) *ECS {
	t.Helper()
	f := New()
	if d := Run(t, f, "v1", Wait()); d.Verdict != tagboat.VerdictSucceeded {
		t.Fatalf("the first deployment ended as %s: %s", d.Verdict, d.Reason)
	}
	clear(f.Calls)
	return f
}

// InBubble runs a test with time that passes at once.
func InBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// Check compares a deployment's verdict and definitions, and what was changed.
func Check(t *testing.T, f *ECS, got tagboat.Deployment, want Outcome) {
	t.Helper()
	end := Outcome{
		Verdict: got.Verdict, TaskDefinition: revision(got.TaskDefinition), Previous: revision(got.PreviousTaskDefinition),
		Running: revision(f.Services["api"].Deployments[0].TaskDefinition), Changes: f.Changes(),
	}
	if diff := cmp.Diff(want, end); diff != "" {
		t.Errorf("ended otherwise (-want +got):\n%s\nreason: %s", diff, got.Reason)
	}
}

// Outcome is how a deployment ended.
type Outcome struct {
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

// Many returns targets for services s0, s1, … of one cluster.
func Many(t *testing.T, f *ECS, n int, version string) []deploy.Target {
	t.Helper()
	client := f.Client()
	var targets []deploy.Target
	for i := range n {
		one := Target(t, client, version)
		name := fmt.Sprintf("s%d", i)
		one.Desired.Service, one.Desired.ServiceName = tagboat.ServiceName(name), name
		d, err := one.Desired.Definition.With("family", name)
		if err != nil {
			t.Fatal(err)
		}
		one.Desired.Definition = d
		targets = append(targets, one)
	}
	return targets
}

// RunMany deploys targets.
func RunMany(t *testing.T, targets []deploy.Target, o rollout.Options) []tagboat.Deployment {
	t.Helper()
	plans, err := deploy.Prepare(t.Context(), targets)
	if err != nil {
		t.Fatal(err)
	}
	return new(rollout.Runner).Run(t.Context(), plans, o)
}

// Observed is a service that runs v1 as revision 1 in the given state of its rollout.
func Observed(t *testing.T, state string, running int) deploy.Observed {
	t.Helper()
	current := Registered(t, 1, "v1")
	return deploy.Observed{
		Service: &ecs.Service{
			Name: "api", Status: "ACTIVE", Desired: 2, Running: running, MinHealthyPercent: 100, MaxPercent: 200,
			Record:      json.RawMessage(`{"serviceName":"api","desiredCount":2}`),
			Deployments: []ecs.Deployment{{ID: "ecs-svc/1", Status: "PRIMARY", TaskDefinition: current.ARN, RolloutState: state, Desired: 2, Running: running}},
		},
		Current: &current,
	}
}

// Registered is a revision of the family api with that version.
func Registered(t *testing.T, revision int, version string) ecs.TaskDefinition {
	t.Helper()
	return ecs.TaskDefinition{
		ARN: "arn:aws:ecs:r:1:task-definition/api:" + string(rune('0'+revision)), Family: "api", Revision: revision,
		Status: "ACTIVE", Record: Definition(t, version).JSON(),
	}
}
