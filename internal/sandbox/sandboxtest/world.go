// Package sandboxtest has a whole sandbox in memory for tests of what talks to AWS. Nobody
// listens on a port: requests are handed over by an http.RoundTripper.
package sandboxtest

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/sandbox"
)

// Host is what the registry of a World is called.
const Host = "127.0.0.1:4510"

// World is a sandbox and a directory for files. Its time is that of a synctest bubble: a
// rollout takes the minutes that it takes on AWS, and they pass at once.
type World struct {
	*testing.T
	Server *sandbox.Server
	Dir    string
}

// Run runs a story in a World of its own, with AWS's variables set to reach it.
func Run(t *testing.T, config sandbox.Config, story func(w *World)) {
	t.Helper()
	dir := t.TempDir()
	for variable, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://" + Host, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "sandbox",
		"AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"),
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "", "DOCKER_CONFIG": dir,
	} {
		t.Setenv(variable, value)
	}
	synctest.Test(t, func(t *testing.T) {
		<-time.After(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))) // CloudWatch Logs' newest first reaches back to 2024
		config.Speed = cmp.Or(config.Speed, 1)
		server, err := sandbox.New(config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- server.Run(ctx) }()
		story(&World{T: t, Server: server, Dir: dir})
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Write writes a file below the World's directory.
func (w *World) Write(file, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, file), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

// Read returns a file below the World's directory.
func (w *World) Read(file string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, file))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

// Push puts an image into the registry, and returns its digest. Its containers do what labels
// say: NAME=VALUE.
func (w *World) Push(image string, labels ...string) string {
	w.Helper()
	return w.PushFor("", image, labels...)
}

// PushFor is Push of an image for a platform; "" is Linux on amd64.
func (w *World) PushFor(platform, image string, labels ...string) string {
	w.Helper()
	system, architecture, _ := strings.Cut(cmp.Or(platform, "linux/amd64"), "/")
	config := v1.Config{Labels: map[string]string{"version": image}}
	for _, label := range labels {
		key, value, _ := strings.Cut(label, "=")
		if !strings.Contains(key, ".") { // else it is one of somebody else's
			key = "tagboat.sandbox." + key
		}
		config.Labels[key] = value
	}
	file := &v1.ConfigFile{Architecture: architecture, OS: system, Config: config}
	built, err := mutate.ConfigFile(empty.Image, file)
	if err != nil {
		w.Fatal(err)
	}
	ref, err := name.ParseReference(Host+"/"+image, name.Insecure)
	if err != nil {
		w.Fatal(err)
	}
	if err := remote.Write(ref, built, remote.WithTransport(Carrier{w.Server}), remote.WithJobs(1)); err != nil {
		w.Fatal(err)
	}
	digest, err := built.Digest()
	if err != nil {
		w.Fatal(err)
	}
	return digest.String()
}

// AWS makes a call, such as "ecs.CreateCluster", as somebody else would in the default
// account.
func (w *World) AWS(target string, input any) map[string]any {
	w.Helper()
	return w.AWSAs("sandbox", target, input)
}

// AWSAs is AWS with the access key of another account.
func (w *World) AWSAs(key, target string, input any) map[string]any {
	w.Helper()
	body, err := json.Marshal(input)
	if err != nil {
		w.Fatal(err)
	}
	service, _, _ := strings.Cut(target, ".")
	prefixes := map[string]string{
		"ecs": "AmazonEC2ContainerServiceV20141113", "logs": "Logs_20140328", "ecr": "AmazonEC2ContainerRegistry_V20150921",
		"ssm": "AmazonSSM", "monitoring": "GraniteServiceVersion20100801", "sqs": "AmazonSQS", "events": "AWSEvents",
		"secretsmanager": "secretsmanager",
	}
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "http://"+Host+"/", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", prefixes[service]+strings.TrimPrefix(target, service))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=none")
	answer := httptest.NewRecorder()
	w.Server.ServeHTTP(answer, r)
	decoded := map[string]any{}
	if err := json.Unmarshal(answer.Body.Bytes(), &decoded); answer.Code != http.StatusOK || err != nil {
		w.Fatalf("%s: %d %s %v", target, answer.Code, answer.Body, err)
	}
	return decoded
}

// Fault orders one from the sandbox.
func (w *World) Fault(f sandbox.Fault) {
	w.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		w.Fatal(err)
	}
	w.Control(http.MethodPost, "faults", string(body))
}

// Control sends a request to /_sandbox/PATH.
func (w *World) Control(method, path, body string) *httptest.ResponseRecorder {
	w.Helper()
	answer := httptest.NewRecorder()
	w.Server.ServeHTTP(answer, httptest.NewRequestWithContext(w.Context(), method, "http://"+Host+"/_sandbox/"+path, strings.NewReader(body)))
	if answer.Code >= http.StatusBadRequest {
		w.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	return answer
}

// Calls returns how often an operation was called, "" for all of them.
func (w *World) Calls(operation string) int {
	w.Helper()
	var counted struct {
		Total       int
		ByOperation map[string]struct{ Calls int }
	}
	if err := json.Unmarshal(w.Control(http.MethodGet, "calls", "").Body.Bytes(), &counted); err != nil {
		w.Fatal(err)
	}
	if operation == "" {
		return counted.Total
	}
	return counted.ByOperation[operation].Calls
}

// Later lets time pass.
func (w *World) Later(d time.Duration) { <-time.After(d) }

// ErrReset is what a client hears whose connection was closed without an answer.
var ErrReset error = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}

// Carrier is an http.RoundTripper that hands requests to a handler in memory.
type Carrier struct{ Handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (c Carrier) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if reset := recover(); reset != nil {
			answer, err = nil, ErrReset
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	recorder := httptest.NewRecorder()
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	served.Host = r.URL.Host
	c.Handler.ServeHTTP(recorder, served)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer = recorder.Result()
	answer.Request = r
	return answer, nil
}
