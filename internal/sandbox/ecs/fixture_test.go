package ecs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

const (
	prefix       = "arn:aws:ecs:" + wiretest.Region + ":" + wiretest.Account + ":"
	group        = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/0123456789abcdef"
	listenerRule = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener-rule/app/front/0123456789abcdef/0123456789abcdef/0123456789abcdef"
	good         = "127.0.0.1:4510/app:v1"
	better       = "127.0.0.1:4510/app:v2"
	broken       = "127.0.0.1:4510/app:broken"
	goodDigest   = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	laterDigest  = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
	badDigest    = "sha256:3333333333333333333333333333333333333333333333333333333333333333"
)

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// fixture is an ECS on a clock that stands, its clients and what surrounds it.
type fixture struct {
	*world
	clock   *clock.Manual
	service *ecs.Service
	url     string
	client  *sdk.Client
}

// newFixture returns a strict ECS; change may have it otherwise.
func newFixture(t *testing.T, change ...func(*ecs.Deps)) *fixture {
	t.Helper()
	w := &world{
		images: map[string]ecs.Image{
			good:   {Digest: goodDigest, Platforms: []string{"linux/amd64", "linux/arm64"}},
			better: {Digest: laterDigest},
			broken: {Digest: badDigest, Labels: map[string]string{
				"tagboat.sandbox.exit": "3@1s", "tagboat.sandbox.log": "no database",
			}},
		},
		groups: map[string]bool{"/ecs/web": true},
		lines:  map[string][]string{},
		health: map[string]string{},
	}
	f := &fixture{world: w, clock: clock.NewManual(start)}
	deps := ecs.Deps{Clock: f.clock, Images: w, Logs: w, Targets: w, Parameters: parameters{"/app/password": true}, Strict: true}
	for _, c := range change {
		c(&deps)
	}
	f.service = ecs.New(deps)
	f.serve(t)
	return f
}

func (f *fixture) serve(t *testing.T) {
	f.url = wiretest.Serve(t, f.service.Service())
	f.client = f.clientOf(wiretest.Account)
}

func (f *fixture) clientOf(account string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region:       wiretest.Region,
		BaseEndpoint: &f.url,
		Credentials:  credentials.NewStaticCredentialsProvider(account, "secret", ""),
		Retryer:      wiretest.Once{},
	})
}

// raw sends a request that the SDK would not, and returns the answer's body.
func (f *fixture) raw(t *testing.T, operation, body string) []byte {
	t.Helper()
	request := expect.Value(http.NewRequestWithContext(t.Context(), http.MethodPost, f.url, strings.NewReader(body)))(t)
	request.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+wiretest.Account+"/20261121/"+wiretest.Region+"/ecs/aws4_request")
	response := expect.Value(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	answer := expect.Value(io.ReadAll(response.Body))(t)
	return answer
}

// post is raw for an answer of which code and message matter; both are "" on success.
func (f *fixture) post(t *testing.T, operation, body string) (code, message string) {
	t.Helper()
	var answer struct {
		Type    string `json:"__type"`
		Message string
	}
	decode(t, f.raw(t, operation, body), &answer)
	return answer.Type, answer.Message
}

func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(to); err != nil {
		t.Fatalf("decoding %q: %v", data, err)
	}
}

func number(s string) json.Number { return json.Number(s) }

// register registers a Fargate definition of one container "app" with port 80.
func (f *fixture) register(t *testing.T, family, image string, members ...string) string {
	t.Helper()
	body := fmt.Sprintf(`{"family":%q,"networkMode":"awsvpc","cpu":"256","memory":"512",
		"executionRoleArn":"arn:aws:iam::111111111111:role/exec","requiresCompatibilities":["FARGATE"],
		"containerDefinitions":[{"name":"app","image":%q,"portMappings":[{"containerPort":80}]%s}]}`,
		family, image, strings.Join(append([]string{""}, members...), ","))
	if code, message := f.post(t, "RegisterTaskDefinition", body); code != "" {
		t.Fatalf("registering %s: %s: %s", family, code, message)
	}
	out := expect.Value(f.client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: &family}))(t)
	return *out.TaskDefinition.TaskDefinitionArn
}

// failed returns code and message of an error of the SDK.
func failed(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return e.ErrorCode() + ": " + e.ErrorMessage()
}

// world plays the sandbox's other services.
type world struct {
	mu     sync.Mutex
	images map[string]ecs.Image
	groups map[string]bool
	lines  map[string][]string // by stream
	health map[string]string   // by target
}

func (w *world) Resolve(reference string) (ecs.Image, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, digest, pinned := strings.Cut(reference, "@")
	if image, ok := w.images[name]; ok && (!pinned || image.Digest == digest) {
		return image, nil
	}
	for ref, image := range w.images {
		if pinned && strings.HasPrefix(ref, name+":") && image.Digest == digest {
			return image, nil
		}
	}
	return ecs.Image{}, fmt.Errorf("looking up %s: %w", reference, ecs.ErrImageNotFound)
}

func (w *world) GroupExists(_ wire.Scope, group string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.groups[group]
}

func (w *world) CreateGroup(_ wire.Scope, group string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups[group] = true
}

func (w *world) Append(_ wire.Scope, group, stream string, _ time.Time, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines[group+" "+stream] = append(w.lines[group+" "+stream], line)
}

// Kind knows the group, one of another kind, one that no load balancer sends to, and one
// more for the revisions of another colour.
func (w *world) Kind(targetGroup string) (targets string, balanced, ok bool) {
	switch targetGroup {
	case group:
		return "ip", true, true
	case group + "-instances":
		return "instance", true, true
	case group + "-lonely", group + "-green":
		return "ip", false, true
	}
	return "", false, false
}

func (w *world) Routes(arn string) bool { return arn == listenerRule }

func (w *world) Register(_ time.Time, targetGroup, id string, port int) {
	w.SetHealth(time.Time{}, targetGroup, id, port, "initial", "", "")
}

func (w *world) Deregister(_ time.Time, _, id string, port int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.health, fmt.Sprintf("%s:%d", id, port))
}

func (w *world) SetHealth(_ time.Time, _, id string, port int, state, _, _ string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.health[fmt.Sprintf("%s:%d", id, port)] = state
}

type parameters map[string]bool

func (p parameters) Exists(_ wire.Scope, name string) bool { return p[name] }

var (
	_ ecs.Images     = (*world)(nil)
	_ ecs.Logs       = (*world)(nil)
	_ ecs.Targets    = (*world)(nil)
	_ ecs.Parameters = parameters(nil)
)

// run keeps the fixture's time moving: whenever it rests, it goes on by a second.
func (f *fixture) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f.service.Run(ctx); err != nil {
			t.Errorf("running ECS: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}
