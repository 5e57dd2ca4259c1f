package ecs_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// TestListsDecodeNothing counts what lists and descriptions of one service allocate, with
// few services beside it and with many.
func TestListsDecodeNothing(t *testing.T) {
	for _, body := range []struct{ operation, request string }{
		{"ListServices", `{"cluster":"default"}`},
		{"ListServices", `{"cluster":"default","launchType":"FARGATE"}`},
		{"DescribeServices", `{"cluster":"default","services":["s001"]}`},
		{"ListTasks", `{"cluster":"default","serviceName":"s001"}`},
		{"DescribeTasks", ""},
		{"DescribeServiceDeployments", ""},
	} {
		few, many := crowded(t, 20), crowded(t, 400)
		a, b := few.allocations(t, body.operation, body.request), many.allocations(t, body.operation, body.request)
		if b > a+a/2+50 {
			t.Errorf("%s %s allocates %.0f times with 20 services and %.0f with 400", body.operation, body.request, a, b)
		}
	}
}

// crowded is a fixture with so many services.
func crowded(t *testing.T, services int) *fixture {
	t.Helper()
	f := newFixture(t)
	f.register(t, "web", good)
	for i := range services {
		f.must(t, "CreateService", fmt.Sprintf(`{"serviceName":"s%03d","taskDefinition":"web","desiredCount":1,"launchType":"FARGATE",
			"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"]}}}`, i))
	}
	f.clock.Advance(time.Minute)
	return f
}

func (f *fixture) allocations(t *testing.T, operation, request string) float64 {
	t.Helper()
	if request == "" {
		key := map[string]string{"DescribeTasks": "tasks", "DescribeServiceDeployments": "serviceDeploymentArns"}[operation]
		arn := *f.describe(t, "s001").CurrentServiceDeployment
		if key == "tasks" {
			listed := expect.Value(f.client.ListTasks(t.Context(), &sdk.ListTasksInput{ServiceName: aws.String("s001")}))(t)
			arn = listed.TaskArns[0]
		}
		request = fmt.Sprintf(`{%q:[%q]}`, key, arn)
	}
	call := f.service.Service().Operations[operation]
	scope := wire.Scope{Account: wiretest.Account, Region: wiretest.Region}
	return testing.AllocsPerRun(10, func() {
		if _, err := call(t.Context(), &wire.Request{Caller: wire.Caller{Scope: scope}, JSON: json.RawMessage(request)}); err != nil {
			t.Error(err)
		}
	})
}
