package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

func registration() *ecs.RegisterTaskDefinitionInput {
	return &ecs.RegisterTaskDefinitionInput{
		Family:               aws.String("app"),
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app")}},
	}
}

// admitted calls RegisterTaskDefinition until it is throttled and returns how often
// it was not.
func admitted(t *testing.T, client *ecs.Client) int {
	t.Helper()
	for n := 0; ; n++ {
		_, err := client.RegisterTaskDefinition(t.Context(), registration())
		switch code(err) {
		case "":
		case "ThrottlingException":
			return n
		default:
			t.Fatal(err)
		}
	}
}

func TestRevisionsComeTwentyAtOnceAndThenOneASecond(t *testing.T) {
	wall := clock.NewManual(start)
	box := serve(t, sandbox.Config{Quotas: "aws", ClientClock: wall, Clock: clock.NewManual(start)})
	client := box.ecsClient()
	var got []int
	for _, pause := range []time.Duration{0, time.Second, 500 * time.Millisecond, 500 * time.Millisecond, 7 * time.Second, time.Hour} {
		wall.Advance(pause)
		got = append(got, admitted(t, client))
	}
	expect.Equal(t, []int{20, 1, 0, 1, 7, 20}, got)
}

func TestQuotasAreThoseOfOneAccountAndRegion(t *testing.T) {
	box := serve(t, sandbox.Config{Quotas: "aws", ClientClock: clock.NewManual(start)})
	if got := admitted(t, box.ecsClient()); got != 20 {
		t.Fatalf("%d calls", got)
	}
	elsewhere := box.awsConfig()
	elsewhere.Region = "us-west-2"
	expect.EqualIn(t, "calls in another region", 20, admitted(t, ecs.NewFromConfig(elsewhere)))
	other := box.awsConfig()
	other.Credentials = aws.NewCredentialsCache(staticCredentials(t, box))
	expect.EqualIn(t, "calls in another account", 20, admitted(t, ecs.NewFromConfig(other)))
}

// staticCredentials are those of a role in another account. The client's clock of the
// sandbox stands still in these tests, so the SDK would take them for long expired.
func staticCredentials(t *testing.T, box running) aws.CredentialsProvider {
	t.Helper()
	issued := expect.Value(stscreds.NewAssumeRoleProvider(box.stsClient(), "arn:aws:iam::222222222222:role/tagboat").Retrieve(t.Context()))(t)
	issued.CanExpire = false
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return issued, nil })
}

func TestNoQuotasUnlessAsked(t *testing.T) {
	box := serve(t, sandbox.Config{ClientClock: clock.NewManual(start)})
	for range 30 {
		expect.Value(box.ecsClient().RegisterTaskDefinition(t.Context(), registration()))(t)
	}
}

func TestPushesShareTheQuotaOfPutImage(t *testing.T) {
	box := serve(t, sandbox.Config{Quotas: "aws", ClientClock: clock.NewManual(start)})
	for i := range 11 {
		response, _ := box.send(t, http.MethodPut, "/v2/app/manifests/v1", "")
		want := http.StatusCreated
		if i == 10 {
			want = http.StatusTooManyRequests
		}
		if response.StatusCode != want {
			t.Errorf("push %d: status %d, want %d", i+1, response.StatusCode, want)
		}
	}
}

func TestCallsAreCounted(t *testing.T) {
	box := serve(t, sandbox.Config{Quotas: "aws", ClientClock: clock.NewManual(start)})
	admitted(t, box.ecsClient())
	_, _ = box.ecsClient().ListClusters(t.Context(), &ecs.ListClustersInput{})
	_, _ = box.ecsClient().DescribeClusters(t.Context(), &ecs.DescribeClustersInput{})
	staticCredentials(t, box)
	box.send(t, http.MethodPut, "/v2/team/app/manifests/v1", "")
	box.send(t, http.MethodGet, "/v2/team/app/blobs/sha256:00", "")
	box.send(t, http.MethodGet, "/_sandbox/health", "")

	var got sandbox.Calls
	_, body := box.send(t, http.MethodGet, "/_sandbox/calls", "")
	expect.OK(t, json.Unmarshal([]byte(body), &got))
	want := sandbox.Calls{Total: 26, Throttled: 1, Failed: 1, Mutating: 22, ByOperation: map[string]sandbox.OperationCalls{
		"ecs.RegisterTaskDefinition": {Calls: 21, Throttled: 1, Mutating: true},
		"ecs.ListClusters":           {Calls: 1},
		"ecs.DescribeClusters":       {Calls: 1, Failed: 1},
		"sts.AssumeRole":             {Calls: 1},
		"registry.PUT manifests":     {Calls: 1, Mutating: true},
		"registry.GET blobs":         {Calls: 1},
	}}
	expect.Equal(t, want, got)
	box.send(t, http.MethodDelete, "/_sandbox/calls", "")
	expect.Equal(t, sandbox.Calls{ByOperation: map[string]sandbox.OperationCalls{}}, box.Calls())
}
