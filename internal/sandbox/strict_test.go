package sandbox_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

// refusedWith returns the status of a registry's refusal, and its code where the answer
// has a body.
func refusedWith(err error) (status int, code string) {
	var e *transport.Error
	if !errors.As(err, &e) {
		return 0, ""
	}
	if len(e.Errors) > 0 {
		code = string(e.Errors[0].Code)
	}
	return e.StatusCode, code
}

// TestStrictRegistry pushes as a newcomer would, and learns step by step what ECR wants.
func TestStrictRegistry(t *testing.T) {
	wall := clock.NewManual(time.Now())
	full, _ := serveAll(t, sandbox.Config{Strict: true, ClientClock: wall, Speed: fast})
	host := strings.TrimPrefix(full.url, "http://")
	push := func(options ...crane.Option) error {
		return crane.Push(empty.Image, host+"/shop/app:v1", append(options, crane.Insecure, crane.WithContext(t.Context()))...)
	}
	check := func(err error, status int, code string) {
		t.Helper()
		if s, c := refusedWith(err); s != status || c != code && c != "" {
			t.Errorf("got %d %s (%v), want %d %s", s, c, err, status, code)
		}
	}
	response, body := full.send(t, http.MethodGet, "/v2/shop/app/tags/list", "")
	if response.StatusCode != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") != `Basic realm="`+full.url+`/",service="ecr.amazonaws.com"` || !strings.Contains(body, "Not Authorized") {
		t.Errorf("without a login: %d %s %s", response.StatusCode, response.Header.Get("WWW-Authenticate"), body)
	}
	check(push(), http.StatusUnauthorized, "UNAUTHORIZED")
	check(push(crane.WithAuth(&authn.Basic{Username: "AWS", Password: "guess"})), http.StatusUnauthorized, "UNAUTHORIZED")

	api := ecr.NewFromConfig(full.awsConfig())
	token := expect.Value(api.GetAuthorizationToken(t.Context(), &ecr.GetAuthorizationTokenInput{}))(t)
	plain := expect.Value(base64.StdEncoding.DecodeString(*token.AuthorizationData[0].AuthorizationToken))(t)
	login := crane.WithAuth(&authn.Basic{Username: "AWS", Password: strings.TrimPrefix(string(plain), "AWS:")})
	check(push(login), http.StatusNotFound, "NAME_UNKNOWN")
	expect.Value(api.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop/app")}))(t)
	if err := push(login); err != nil {
		t.Errorf("with login and repository: %v", err)
	}
	if _, err := crane.Digest(host+"/shop/app:v1", crane.Insecure); err == nil {
		t.Error("a pull needs no login")
	}
	wall.Advance(13 * time.Hour)
	check(push(login), http.StatusForbidden, "DENIED")
}

// TestMirror runs a task whose sidecar is an image of a public registry.
func TestMirror(t *testing.T) {
	dir := t.TempDir()
	path := expect.Value(layout.Write(filepath.Join(dir, "public.ecr.aws/x/agent"), empty.Index))(t)
	sidecar := expect.Value(mutate.Config(empty.Image, v1.Config{Labels: map[string]string{"tagboat.sandbox.exit": "7"}}))(t)
	expect.OK(t, path.AppendImage(sidecar, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "3.2"})))
	box, _ := serveAll(t, sandbox.Config{Speed: fast, Mirror: dir})
	client := box.ecsClient()
	expect.Value(client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("agent"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		ContainerDefinitions:    []types.ContainerDefinition{{Name: aws.String("agent"), Image: aws.String("public.ecr.aws/x/agent:3.2")}},
	}))(t)
	run, err := client.RunTask(t.Context(), &ecs.RunTaskInput{
		TaskDefinition: aws.String("agent"), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
	})
	if err != nil || len(run.Tasks) != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	waiter := ecs.NewTasksStoppedWaiter(client, func(o *ecs.TasksStoppedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 20*time.Millisecond
	})
	out := expect.Value(waiter.WaitForOutput(t.Context(), &ecs.DescribeTasksInput{Tasks: []string{*run.Tasks[0].TaskArn}}, 30*time.Second))(t)
	digest := expect.Value(sidecar.Digest())(t)
	if c := out.Tasks[0].Containers[0]; c.ExitCode == nil || *c.ExitCode != 7 || *c.ImageDigest != digest.String() {
		t.Errorf("the container is %+v", c)
	}
}
