package cloud_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

func TestLogs(t *testing.T) {
	aws(t, map[string][]answer{
		"logs.DescribeLogGroups": {{body: `{"logGroups":[{"logGroupName":"/ecs/api-admin"}],"nextToken":"n"}`}, {body: `{"logGroups":[{"logGroupName":"/ecs/api"}]}`}},
		"logs.GetLogEvents": {
			{body: `{"events":[{"timestamp":3000,"message":"three"}],"nextBackwardToken":"b1"}`},
			{body: `{"events":[{"timestamp":1000,"message":"one"},{"timestamp":2000,"message":"two"}],"nextBackwardToken":"b2"}`},
		},
	})
	logs := open(t).At(cloud.Place{}).Logs()
	if ok, err := logs.GroupExists(t.Context(), "/ecs/api"); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	if ok, err := logs.GroupExists(t.Context(), "/ecs/ap"); ok || err != nil {
		t.Errorf("a prefix is there: %t, %v", ok, err)
	}
	lines, err := logs.Tail(t.Context(), "/ecs/api", "s", 2)
	want := []ecs.LogLine{{At: time.Unix(2, 0).UTC(), Message: "two"}, {At: time.Unix(3, 0).UTC(), Message: "three"}}
	if diff := cmp.Diff(want, lines); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestNoSuchStream(t *testing.T) {
	aws(t, map[string][]answer{"logs.GetLogEvents": {{code: "ResourceNotFoundException", body: "The specified log stream does not exist."}}})
	if _, err := open(t).At(cloud.Place{}).Logs().Tail(t.Context(), "g", "s", 2); !errors.Is(err, ecs.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
}

func TestTargetHealth(t *testing.T) {
	aws(t, map[string][]answer{"elb.DescribeTargetHealth": {{body: `<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions><member>
		<Target><Id>10.0.0.1</Id><Port>80</Port></Target><TargetHealth><State>unhealthy</State><Reason>Target.Timeout</Reason><Description>Request timed out</Description></TargetHealth>
		</member></TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>`}}})
	got, err := open(t).At(cloud.Place{}).Targets().Health(t.Context(), "arn:tg")
	want := []ecs.TargetHealth{{TargetGroup: "arn:tg", Target: "10.0.0.1", Port: 80, State: "unhealthy", Reason: "Target.Timeout", Description: "Request timed out"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestMissingTargetGroup(t *testing.T) {
	aws(t, map[string][]answer{"elb.DescribeTargetGroups": {{code: "TargetGroupNotFound", body: "One or more target groups not found"}}})
	got, err := open(t).At(cloud.Place{}).Targets().Groups(t.Context(), []string{"a", "b"})
	if len(got) > 0 || err != nil {
		t.Errorf("%v %+v", err, got)
	}
}

func TestTargetGroups(t *testing.T) {
	aws(t, map[string][]answer{"elb.DescribeTargetGroups": {{body: `<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member>
		<TargetGroupArn>a</TargetGroupArn><TargetType>instance</TargetType><LoadBalancerArns><member>lb</member></LoadBalancerArns>
		</member></TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>`}}})
	got, err := open(t).At(cloud.Place{}).Targets().Groups(t.Context(), []string{"a"})
	want := []ecs.TargetGroup{{ARN: "a", Type: "instance", LoadBalancers: []string{"lb"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestAuthorizationIsRemembered(t *testing.T) {
	token := base64.StdEncoding.EncodeToString([]byte("AWS:secret"))
	data := func(hours int) answer {
		return answer{body: fmt.Sprintf(`{"authorizationData":[{"authorizationToken":"%s","expiresAt":%d}]}`, token, time.Now().Add(time.Duration(hours)*time.Hour).Unix())}
	}
	old := data(0) // it ends before it could be of use
	f := aws(t, map[string][]answer{"ecr.GetAuthorizationToken": {old, data(12)}})
	registry := open(t).At(cloud.Place{}).ECR()
	for range 4 {
		user, password, expires, err := registry.Authorization(t.Context())
		if user != "AWS" || password != "secret" || expires.IsZero() || err != nil {
			t.Errorf("%s %s %s %v", user, password, expires, err)
		}
	}
	if n := len(f.operations()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

func TestHistoryOfAllPages(t *testing.T) {
	aws(t, map[string][]answer{"ssm.GetParameterHistory": {
		{body: `{"Parameters":[{"Name":"/a","Value":"1","Version":1,"Type":"String","Description":"d","LastModifiedUser":"u","LastModifiedDate":1763629200,"Labels":["l"]}],"NextToken":"n"}`},
		{body: `{"Parameters":[{"Name":"/a","Value":"2","Version":2}],"NextToken":""}`},
	}})
	got, err := open(t).At(cloud.Place{}).Parameters().History(t.Context(), "/a")
	want := []ledger.Parameter{
		{Name: "/a", Value: "1", Version: 1, Type: "String", Description: "d", User: "u", At: time.Unix(1763629200, 0).UTC(), Labels: []string{"l"}},
		{Name: "/a", Value: "2", Version: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestCountingOtherRequests(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/shop/api/tags/list" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(server.Close)
	environment(t, server.URL)
	open(t)
	ctx, asked := operation.Start(t.Context(), nil)
	client := http.Client{Transport: cloud.Counting("registry", nil)}
	for _, path := range []string{"/v2/", "/v2/shop/api/manifests/1", "/v2/shop/api/manifests/2", "/v2/shop/api/tags/list", "/token"} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	want := tagboat.Calls{Total: 5, Throttled: 1, ByOperation: map[string]int{
		"registry.GET ping": 1, "registry.GET manifests": 2, "registry.GET tags": 1, "registry.GET token": 1,
	}, ThrottledByOperation: map[string]int{"registry.GET tags": 1}}
	if diff := cmp.Diff(want, asked.Calls()); diff != "" {
		t.Error(diff)
	}
}
