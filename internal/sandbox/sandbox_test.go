package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// counter is a service that looks like ECS, counts what it did and keeps the count.
type counter struct{ registered, read atomic.Int64 }

func (c *counter) Service() wire.Service {
	return wire.Service{
		Name:     "ecs",
		Protocol: wire.JSON11,
		Target:   "AmazonEC2ContainerServiceV20141113.",
		Operations: map[string]wire.Operation{
			"RegisterTaskDefinition": func(context.Context, *wire.Request) (any, error) {
				return map[string]any{"taskDefinition": map[string]any{"revision": c.registered.Add(1)}}, nil
			},
			"ListClusters": func(_ context.Context, r *wire.Request) (any, error) {
				c.read.Add(1)
				return map[string]any{"clusterArns": []string{r.Caller.ARN, r.Caller.Region, r.Host}}, nil
			},
			"DescribeClusters": func(context.Context, *wire.Request) (any, error) {
				return nil, errors.New("the disk is on fire")
			},
		},
	}
}

// ServeHTTP makes it a registry too.
func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		c.registered.Add(1)
		w.WriteHeader(http.StatusCreated)
	}
}

func (c *counter) Save() (any, error) { return c.registered.Load(), nil }

func (c *counter) Load(data json.RawMessage) error {
	var n int64
	defer func() { c.registered.Store(n) }()
	return json.Unmarshal(data, &n)
}

// running is a sandbox on a port.
type running struct {
	*sandbox.Server
	ecs *counter
	url string
}

func serve(t *testing.T, config sandbox.Config) running {
	t.Helper()
	fake := &counter{}
	if config.Modules == nil {
		config.Modules = []sandbox.Module{fake}
	}
	server := expect.Value(sandbox.New(config))(t)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return running{Server: server, ecs: fake, url: web.URL}
}

// awsConfig is what a client has that takes nothing from the environment.
func (r running) awsConfig() aws.Config {
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(r.url),
		Credentials:  credentials.NewStaticCredentialsProvider("key", "secret", ""),
		Retryer:      func() aws.Retryer { return wiretest.Once{} },
	}
}

func (r running) ecsClient() *ecs.Client { return ecs.NewFromConfig(r.awsConfig()) }
func (r running) stsClient() *sts.Client { return sts.NewFromConfig(r.awsConfig()) }

// send does one HTTP request and returns the answer's status and body.
func (r running) send(t *testing.T, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	request := expect.Value(http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body)))(t)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := expect.Value(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	text := expect.Value(io.ReadAll(response.Body))(t)
	return response, string(text)
}

// code returns the error code that an SDK made of an answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestRegistryCallsAreNamedByWhatTheyAreAbout(t *testing.T) {
	for path, want := range map[string]string{
		"/v2/":                             "registry.GET",
		"/v2":                              "registry.GET",
		"/v2/_catalog":                     "registry.GET",
		"/v2/app/manifests/v1":             "registry.GET manifests",
		"/v2/team/blobs/tags/manifests/v1": "registry.GET manifests",
		"/v2/app/blobs/sha256:00":          "registry.GET blobs",
		"/v2/app/blobs/uploads":            "registry.GET uploads",
		"/v2/app/blobs/uploads/":           "registry.GET uploads",
		"/v2/app/blobs/uploads/id":         "registry.GET uploads",
		"/v2/app/tags/list":                "registry.GET tags",
		"/v2/app/referrers/sha256:00":      "registry.GET referrers",
	} {
		box := serve(t, sandbox.Config{})
		box.send(t, http.MethodGet, path, "")
		expect.EqualIn(t, path, []string{want}, slices.Collect(maps.Keys(box.Calls().ByOperation)))
	}
}
