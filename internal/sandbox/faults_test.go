package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

func (r running) order(t *testing.T, fault string) {
	t.Helper()
	if response, body := r.send(t, http.MethodPost, "/_sandbox/faults", fault); response.StatusCode != http.StatusOK {
		t.Fatal(body)
	}
}

// register calls ECS once and returns the code of the error.
func (r running) register(t *testing.T) error {
	t.Helper()
	return expect.Err(r.ecsClient().RegisterTaskDefinition(t.Context(), registration()))
}

func TestThrottleTakesEachProtocolsForm(t *testing.T) {
	box := serve(t, sandbox.Config{})
	box.order(t, `{"operation": "*", "kind": "throttle"}`)
	if err := box.register(t); code(err) != "ThrottlingException" {
		t.Errorf("ECS: %v", err)
	}
	_, err := box.stsClient().GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	expect.EqualIn(t, "STS", "Throttling", code(err))
	response, body := box.send(t, http.MethodPut, "/v2/app/manifests/v1", "")
	if response.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, `"TOOMANYREQUESTS"`) {
		t.Errorf("registry: %d %s", response.StatusCode, body)
	}
	expect.EqualIn(t, "a throttled call took effect", 0, box.ecs.registered.Load())
}

func TestFaultEndsAfterItsCount(t *testing.T) {
	box := serve(t, sandbox.Config{})
	box.order(t, `{"operation": "ecs.Register*", "kind": "error", "count": 2, "status": 503, "code": "ServerException"}`)
	var got []string
	for range 3 {
		got = append(got, code(box.register(t)))
	}
	expect.Equal(t, []string{"ServerException", "ServerException", ""}, got)
	if _, err := box.ecsClient().ListClusters(t.Context(), &ecs.ListClustersInput{}); err != nil {
		t.Errorf("a fault hit another operation: %v", err)
	}
}

func TestResetsLoseTheAnswerAndEveryOtherTookEffect(t *testing.T) {
	box := serve(t, sandbox.Config{})
	box.order(t, `{"operation": "ecs.*", "kind": "reset", "count": 4}`)
	for range 4 {
		if err := box.register(t); err == nil {
			t.Error("a reset call was answered")
		}
	}
	if got := box.ecs.registered.Load(); got != 2 {
		t.Errorf("%d of 4 took effect, want 2", got)
	}
}

func TestAfterSaysWhetherACallTakesEffect(t *testing.T) {
	for fault, want := range map[string]int64{
		`{"operation": "*", "kind": "reset", "after": true}`:  3,
		`{"operation": "*", "kind": "reset", "after": false}`: 0,
		`{"operation": "*", "kind": "error", "after": true}`:  3,
		`{"operation": "*", "kind": "error"}`:                 0,
	} {
		box := serve(t, sandbox.Config{})
		box.order(t, fault)
		for range 3 {
			if err := box.register(t); err == nil {
				t.Errorf("%s: no error", fault)
			}
		}
		if got := box.ecs.registered.Load(); got != want {
			t.Errorf("%s: %d took effect, want %d", fault, got, want)
		}
	}
}

func TestSameSeedSameFaults(t *testing.T) {
	run := func(seed string) string {
		box := serve(t, sandbox.Config{})
		box.order(t, `{"operation": "*", "kind": "throttle", "rate": 0.5, "seed": `+seed+`}`)
		var pattern strings.Builder
		for range 32 {
			pattern.WriteString(map[bool]string{true: ".", false: "x"}[box.register(t) == nil])
		}
		return pattern.String()
	}
	first := run("7")
	expect.EqualIn(t, "the same seed gave other faults", run("7"), first)
	if first == run("8") {
		t.Error("another seed gave the same faults")
	}
	if hits := strings.Count(first, "x"); hits < 6 || hits > 26 {
		t.Errorf("%d of 32 calls were hit at a rate of a half", hits)
	}
}

func TestLatencyIsTheClientsTime(t *testing.T) {
	wall := clock.NewManual(start)
	box := serve(t, sandbox.Config{ClientClock: wall})
	box.order(t, `{"operation": "*", "kind": "latency", "latency": "5s"}`)
	answered := make(chan error, 1)
	go func() {
		_, err := box.ecsClient().ListClusters(t.Context(), &ecs.ListClustersInput{})
		answered <- err
	}()
	for waiting := true; waiting; {
		_, body := box.send(t, http.MethodGet, "/_sandbox/faults", "")
		waiting = !strings.Contains(body, `"hits": 1`)
	}
	select {
	case <-answered:
		t.Fatal("answered before its time")
	default:
	}
	for {
		wall.Advance(5 * time.Second)
		select {
		case err := <-answered:
			if err != nil {
				t.Error(err)
			}
			return
		case <-time.After(time.Millisecond): // it may not wait yet: advance again
		}
	}
}

func TestFaultsAreListedAndCleared(t *testing.T) {
	box := serve(t, sandbox.Config{})
	box.order(t, `{"operation": "ecs.*", "kind": "throttle", "rate": 1}`)
	_ = box.register(t)
	var got struct{ Faults []sandbox.Fault }
	_, body := box.send(t, http.MethodGet, "/_sandbox/faults", "")
	expect.OK(t, json.Unmarshal([]byte(body), &got))
	want := []sandbox.Fault{{Operation: "ecs.*", Kind: "throttle", Rate: 1, Code: "InternalFailure", Status: 500, Hits: 1}}
	expect.Equal(t, want, got.Faults)
	box.send(t, http.MethodDelete, "/_sandbox/faults", "")
	if err := box.register(t); err != nil {
		t.Errorf("after they were cleared: %v", err)
	}
}

func TestOrdersThatMakeNoSenseAreRefused(t *testing.T) {
	box := serve(t, sandbox.Config{})
	for _, order := range []string{
		`{`,
		`{"kind": "throttle"}`,
		`{"operation": "*"}`,
		`{"operation": "[", "kind": "throttle"}`,
		`{"operation": "*", "kind": "explode"}`,
		`{"operation": "*", "kind": "dropped"}`,
		`{"operation": "event.*", "kind": "throttle"}`,
		`{"operation": "event.*", "kind": "late"}`,
		`{"operation": "*", "kind": "latency"}`,
		`{"operation": "*", "kind": "latency", "latency": "soon"}`,
		`{"operation": "*", "kind": "error", "status": 200}`,
		`{"operation": "*", "kind": "error", "rate": 2}`,
		`{"operation": "*", "kind": "error", "count": -1}`,
		`{"operation": "*", "kind": "error", "rat": 0.5}`,
	} {
		response, body := box.send(t, http.MethodPost, "/_sandbox/faults", order)
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"error"`) {
			t.Errorf("%s: %d %s", order, response.StatusCode, body)
		}
	}
}

func TestSDKRetriesWhatItShould(t *testing.T) {
	box := serve(t, sandbox.Config{})
	config := box.awsConfig()
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	for _, fault := range []string{
		`{"operation": "*", "kind": "throttle", "count": 1}`,
		`{"operation": "*", "kind": "error", "count": 1}`,
		`{"operation": "*", "kind": "reset", "count": 1}`,
	} {
		box.order(t, fault)
		if _, err := ecs.NewFromConfig(config).ListClusters(t.Context(), &ecs.ListClustersInput{}); err != nil {
			t.Errorf("%s: %v", fault, err)
		}
	}
	expect.EqualIn(t, "calls", 6, box.Calls().Total)
}
