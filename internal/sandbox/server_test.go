package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

func TestCallerIdentity(t *testing.T) {
	box := serve(t, sandbox.Config{Account: "111111111111"})
	got := expect.Value(box.stsClient().GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
	if *got.Account != "111111111111" || *got.Arn != "arn:aws:iam::111111111111:user/sandbox" {
		t.Errorf("got %s in %s", *got.Arn, *got.Account)
	}
}

func TestAssumedRoleCallsEveryServiceFromItsAccount(t *testing.T) {
	box := serve(t, sandbox.Config{})
	config := box.awsConfig()
	config.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(
		box.stsClient(), "arn:aws:iam::222222222222:role/tagboat", func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "ci" }))
	got := expect.Value(ecs.NewFromConfig(config).ListClusters(t.Context(), &ecs.ListClustersInput{}))(t)
	want := []string{"arn:aws:sts::222222222222:assumed-role/tagboat/ci", "eu-west-1", strings.TrimPrefix(box.url, "http://")}
	expect.Equal(t, want, got.ClusterArns)
}

func TestExpiredCredentialsAreRefused(t *testing.T) {
	wall := clock.NewManual(start)
	box := serve(t, sandbox.Config{ClientClock: wall})
	config := box.awsConfig()
	config.Credentials = stscreds.NewAssumeRoleProvider(box.stsClient(), "arn:aws:iam::222222222222:role/tagboat")
	issued := expect.Value(config.Credentials.Retrieve(t.Context()))(t)
	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		issued.CanExpire = false
		return issued, nil
	})
	wall.Advance(time.Hour)
	_, err := ecs.NewFromConfig(config).ListClusters(t.Context(), &ecs.ListClustersInput{})
	expect.EqualIn(t, "ECS", "ExpiredTokenException", code(err))
	_, err = sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	expect.EqualIn(t, "STS", "ExpiredToken", code(err))
}

func TestPresignedRequestsHaveACallerToo(t *testing.T) {
	box := serve(t, sandbox.Config{Account: "111111111111"})
	signed := expect.Value(sts.NewPresignClient(box.stsClient()).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
	_, body := box.send(t, signed.Method, strings.TrimPrefix(signed.URL, box.url), "")
	if !strings.Contains(body, "<Account>111111111111</Account>") {
		t.Error(body)
	}
}

func TestErrorsOfEachProtocol(t *testing.T) {
	const (
		auth  = "AWS4-HMAC-SHA256 Credential=key/20261120/eu-west-1/svc/aws4_request, SignedHeaders=host, Signature=0"
		ecs   = "AmazonEC2ContainerServiceV20141113."
		query = "application/x-www-form-urlencoded; charset=utf-8"
	)
	tests := map[string]struct {
		body   string
		header []string
		status int
		want   []string
	}{
		"JSON operation that is not there": {
			"{}", []string{"Authorization", auth, "X-Amz-Target", ecs + "Fly"}, 400,
			[]string{`"__type":"UnknownOperationException"`, "ecs.Fly"},
		},
		"JSON service that is not there": {
			"{}", []string{"Authorization", auth, "X-Amz-Target", "DynamoDB_20120810.ListTables"}, 400,
			[]string{`"__type":"UnknownOperationException"`, "svc.ListTables"},
		},
		"query operation that is not there": {
			"Action=Fly&Version=2011-06-15", []string{"Authorization", auth, "Content-Type", query}, 400,
			[]string{"<Code>InvalidAction</Code>", "sts.Fly", "<Type>Sender</Type>"},
		},
		"query service that is not there": {
			"Action=ListUsers&Version=2010-05-08", []string{"Authorization", auth, "Content-Type", query}, 400,
			[]string{"<Code>InvalidAction</Code>", "svc.ListUsers"},
		},
		"service with paths": {
			"", []string{"Authorization", auth}, 400,
			[]string{`"__type":"UnknownOperationException"`, "svc.POST /"},
		},
		"unsigned JSON": {
			"{}", []string{"X-Amz-Target", ecs + "ListClusters"}, 400,
			[]string{`"__type":"MissingAuthenticationTokenException"`},
		},
		"unsigned query": {
			"Action=GetCallerIdentity&Version=2011-06-15", []string{"Content-Type", query}, 403,
			[]string{"<Code>MissingAuthenticationToken</Code>"},
		},
		"error that is not AWS's": {
			"{}", []string{"Authorization", auth, "X-Amz-Target", ecs + "DescribeClusters"}, 500,
			[]string{`"__type":"InternalFailure"`, "on fire"},
		},
	}
	box := serve(t, sandbox.Config{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			response, body := box.send(t, http.MethodPost, "/", tt.body, tt.header...)
			expect.EqualIn(t, "status", tt.status, response.StatusCode)
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("%s\nhas no %s", body, want)
				}
			}
			if response.Header.Get("X-Amzn-RequestId") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestSignedGetOfTheFrontPageIsACallOfAServiceThatIsNotThere(t *testing.T) {
	box := serve(t, sandbox.Config{})
	_, body := box.send(t, http.MethodGet, "/", "", "Authorization",
		"AWS4-HMAC-SHA256 Credential=key/20261120/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	if !strings.Contains(body, "s3.GET /") {
		t.Error(body)
	}
}

func TestDateIsTheSandboxs(t *testing.T) {
	box := serve(t, sandbox.Config{Clock: clock.NewManual(start)})
	response, _ := box.send(t, http.MethodGet, "/_sandbox/health", "")
	expect.EqualIn(t, "Date", "Fri, 20 Nov 2026 12:00:00 GMT", response.Header.Get("Date"))
}

func TestPeopleGetAnAnswer(t *testing.T) {
	box := serve(t, sandbox.Config{Account: "111111111111", Region: "eu-west-1", Clock: clock.NewManual(start)})
	_, page := box.send(t, http.MethodGet, "/", "")
	if !strings.Contains(page, "export AWS_ENDPOINT_URL="+box.url+"\n") {
		t.Error(page)
	}
	_, body := box.send(t, http.MethodGet, "/_sandbox/health", "")
	var got sandbox.Health
	expect.OK(t, json.Unmarshal([]byte(body), &got))
	want := sandbox.Health{
		Status: "ok", Account: "111111111111", Region: "eu-west-1", Now: start,
		Speed: sandbox.DefaultSpeed, Quotas: "off", Services: []string{"sts", "ecs"},
	}
	expect.Equal(t, want, got)
}

func TestConfigIsChecked(t *testing.T) {
	for name, config := range map[string]sandbox.Config{
		"account": {Account: "12"},
		"region":  {Region: "EU west"},
		"speed":   {Speed: -1},
		"quotas":  {Quotas: "some"},
	} {
		if _, err := sandbox.New(config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
