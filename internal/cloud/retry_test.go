package cloud_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

var (
	minimal    = json.RawMessage(`{"family":"api","containerDefinitions":[]}`)
	registered = answer{body: `{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:eu-west-1:111111111111:task-definition/api:7"}}`}
)

func TestD7ThrottlingIsWaitedOut(t *testing.T) {
	aws(t, map[string][]answer{"ssm.GetParameters": {throttled, throttled, {body: `{}`}}})
	ctx, asked := operation.Start(t.Context(), nil)
	if _, err := open(t).At(cloud.Place{}).Parameters().Get(ctx, []string{"/a"}); err != nil {
		t.Fatal(err)
	}
	want := tagboat.Calls{Total: 3, Throttled: 2, Retried: 2, ByOperation: map[string]int{"ssm.GetParameters": 3}, ThrottledByOperation: map[string]int{"ssm.GetParameters": 2}}
	if diff := cmp.Diff(want, asked.Calls()); diff != "" {
		t.Error(diff)
	}
}

// TestAWriteGoesOutOnce has the ledger hear at once what came of a write: what it writes
// next is based on what there is by then.
func TestAWriteGoesOutOnce(t *testing.T) {
	written := answer{body: `{"Version":4}`}
	for name, c := range map[string]struct {
		answer answer
		want   error
	}{
		"others write":             {answer{code: "TooManyUpdates"}, ledger.ErrThrottled},
		"throttled":                {throttled, ledger.ErrThrottled},
		"no answer":                {answer{hangUp: true}, ledger.ErrUnknown},
		"AWS does not know either": {answer{status: 500, code: "InternalServerError"}, ledger.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			aws(t, map[string][]answer{"ssm.PutParameter": {c.answer, written}})
			ctx, asked := operation.Start(t.Context(), nil)
			_, err := open(t).At(cloud.Place{}).Parameters().Put(ctx, ledger.Put{Name: "/a", Value: "x", Overwrite: true})
			if calls := asked.Calls().Total; !errors.Is(err, c.want) || calls != 1 {
				t.Errorf("%d calls, %v", calls, err)
			}
		})
	}
}

func TestRegisterTaskDefinition(t *testing.T) {
	for name, c := range map[string]struct {
		answers   []answer
		attempts  int
		ok        bool
		ambiguous bool
	}{
		"at once":                  {[]answer{registered}, 1, true, false},
		"D7 concurrent revisions":  {[]answer{{code: "ClientException", body: "Too many concurrent attempts to create a new revision of the specified family."}, registered}, 2, true, false},
		"throttled":                {[]answer{throttled, registered}, 2, true, false},
		"refused":                  {[]answer{{code: "ClientException", body: "Container.image contains invalid characters."}}, 1, false, false},
		"a quota":                  {[]answer{{code: "LimitExceededException"}}, 1, false, false},
		"no answer":                {[]answer{{hangUp: true}, registered}, 1, false, true},
		"AWS does not know either": {[]answer{{status: 500, code: "ServerException"}, registered}, 1, false, true},
		"half an answer":           {[]answer{{body: `{"taskDefinition":{"taskDef`}, registered}, 1, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := aws(t, map[string][]answer{"ecs.RegisterTaskDefinition": c.answers})
			arn, err := open(t).At(cloud.Place{}).ECS().RegisterTaskDefinition(t.Context(), minimal)
			if (err == nil) != c.ok || errors.Is(err, ecs.ErrAmbiguous) != c.ambiguous || c.ok && arn == "" {
				t.Errorf("%q, %v", arn, err)
			}
			if got := len(f.operations()); got != c.attempts {
				t.Errorf("%d attempts", got)
			}
		})
	}
}

func TestReadsAreTriedAgain(t *testing.T) {
	aws(t, map[string][]answer{"ecs.ListTasks": {{hangUp: true}, {status: 503, code: "ServerException"}, {body: `{"taskArns":["a"]}`}}})
	arns, err := open(t).At(cloud.Place{}).ECS().ListTasks(t.Context(), "dev", ecs.TaskFilter{})
	if len(arns) != 1 || err != nil {
		t.Errorf("%v, %v", arns, err)
	}
}

// What starts deployments, or puts back what somebody else changed, is sent once: whoever
// calls looks first.
func TestCallsThatChangeServicesAreSentOnce(t *testing.T) {
	lost := map[string]answer{
		"no answer":                {hangUp: true},
		"AWS does not know either": {status: 500, code: "ServerException"},
		"half an answer":           {body: `{"service":{"serv`},
	}
	calls := map[string]func(*cloud.ECS) error{
		"ecs.CreateService": func(e *cloud.ECS) error {
			_, err := e.CreateService(t.Context(), json.RawMessage(`{"serviceName":"api"}`))
			return err
		},
		"ecs.UpdateService": func(e *cloud.ECS) error {
			_, err := e.UpdateService(t.Context(), json.RawMessage(`{"service":"api","forceNewDeployment":true}`))
			return err
		},
		"ecs.ContinueServiceDeployment": func(e *cloud.ECS) error { return e.ContinueServiceDeployment(t.Context(), "arn:1", "hook", false) },
	}
	for operation, call := range calls {
		for name, first := range lost {
			t.Run(operation+", "+name, func(t *testing.T) {
				f := aws(t, map[string][]answer{operation: {first, {body: `{"service":{"serviceName":"api"}}`}}})
				if err := call(open(t).At(cloud.Place{}).ECS()); !errors.Is(err, ecs.ErrAmbiguous) {
					t.Errorf("%v", err)
				}
				if n := len(f.operations()); n != 1 {
					t.Errorf("it was sent %d times", n)
				}
			})
		}
		t.Run(operation+", throttled", func(t *testing.T) {
			f := aws(t, map[string][]answer{operation: {throttled, {body: `{"service":{"serviceName":"api"}}`}}})
			if err := call(open(t).At(cloud.Place{}).ECS()); err != nil {
				t.Error(err)
			}
			if n := len(f.operations()); n != 2 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}

// A refusal that asking again does not mend is known as one, with IAM's name of what is
// refused.
func TestRefusals(t *testing.T) {
	for code, refused := range map[string]bool{"AccessDeniedException": true, "ExpiredTokenException": true, "UnrecognizedClientException": true, "ServerException": false} {
		aws(t, map[string][]answer{"ecs.ListTasks": {{status: 400, code: code}}})
		_, err := open(t).At(cloud.Place{}).ECS().ListTasks(t.Context(), "dev", ecs.TaskFilter{})
		var r ecs.RefusedError
		if errors.As(err, &r) != refused || refused && r.Action != "ecs:ListTasks" {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestThrottlingIsWaitedOutForMinutes has many share a rate that is too small for them: each gets
// its turn, where a failure of another kind ends a call after fewer attempts.
func TestThrottlingIsWaitedOutForMinutes(t *testing.T) {
	const broken = `{"__type":"InternalServerError"}`
	throttled := `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	for name, c := range map[string]struct {
		status int
		body   string
		fails  int
		asked  int
		ok     bool
	}{
		"throttled 23 times":   {400, throttled, 23, 24, true},
		"always throttled":     {400, throttled, 99, 24, false},
		"out of order 7 times": {500, broken, 7, 8, true},
		"always out of order":  {500, broken, 99, 8, false},
		"refused":              {400, `{"__type":"ValidationException"}`, 99, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, "http://aws.test")
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				carrier := carrierFunc(func(r *http.Request) (*http.Response, error) {
					asked++
					status, body := 200, `{}`
					if asked <= c.fails {
						status, body = c.status, c.body
					}
					return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
				})
				aws, err := cloud.New(t.Context(), cloud.Options{Transport: carrier})
				if err != nil {
					t.Fatal(err)
				}
				_, err = aws.At(cloud.Place{}).Parameters().History(t.Context(), "/a")
				if (err == nil) != c.ok || asked != c.asked {
					t.Errorf("%d attempts, %v", asked, err)
				}
			})
		})
	}
}

type carrierFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f carrierFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
