package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tagboat/tagboat/internal/demo"
)

func removeIfThere(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// waitForFile waits until the file is there. The sandbox writes it whole.
func waitForFile(file string, limit time.Duration) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-timeout.C:
			log, _ := os.ReadFile(file + ".log")
			return fmt.Errorf("%s did not come within %s: %s", filepath.Base(file), limit, log)
		}
	}
}

func useEnvFile(ts *testscript.TestScript, file string) {
	for line := range strings.Lines(ts.ReadFile(file)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			ts.Setenv(name, value)
		}
	}
	ts.Setenv("REGISTRY", strings.TrimPrefix(ts.Getenv("AWS_ENDPOINT_URL"), "http://"))
}

func pushImage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: push REPOSITORY:TAG [LABEL=VALUE...]")
	}
	image, err := demo.BuildImage(args[0], labels(ts, args[1:]))
	ts.Check(err)
	tag := tagOf(ts, args[0])
	ts.Check(remote.Write(tag, image, mayPush(ts, tag)))
	digest, err := image.Digest()
	ts.Check(err)
	remember(ts, tag.TagStr(), digest.String())
}

// remember sets $DIGEST_TAG, with underscores for what a variable's name cannot have.
func remember(ts *testscript.TestScript, tag, digest string) {
	ts.Setenv("DIGEST_"+strings.NewReplacer(".", "_", "-", "_").Replace(tag), digest)
}

func pushIndex(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: pushindex REPOSITORY:TAG [LABEL=VALUE...]")
	}
	var index v1.ImageIndex = empty.Index
	for _, arch := range []string{"amd64", "arm64"} {
		image, err := demo.BuildImage(args[0]+" "+arch, labels(ts, args[1:]))
		ts.Check(err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	tag := tagOf(ts, args[0])
	ts.Check(remote.WriteIndex(tag, index, mayPush(ts, tag)))
	digest, err := index.Digest()
	ts.Check(err)
	remember(ts, tag.TagStr(), digest.String())
}

// mayPush logs in to the registry of a tag and makes its repository: by ECR's API where the
// registry is the sandbox's.
func mayPush(ts *testscript.TestScript, tag name.Tag) remote.Option {
	if tag.RegistryStr() != strings.TrimPrefix(ts.Getenv("AWS_ENDPOINT_URL"), "http://") {
		return remote.WithAuthFromKeychain(authn.DefaultKeychain)
	}
	status, answer := askAWS(ts, "123456789012", "AmazonEC2ContainerRegistry_V20150921.CreateRepository", `{"repositoryName":"`+tag.RepositoryStr()+`"}`)
	if status != http.StatusOK && !bytes.Contains(answer, []byte("RepositoryAlreadyExistsException")) {
		ts.Fatalf("making %s: %s", tag.RepositoryStr(), answer)
	}
	return login(ts)
}

// login returns ECR's login to the sandbox's registry.
func login(ts *testscript.TestScript) remote.Option {
	plain, err := base64.StdEncoding.DecodeString(ecrToken(ts))
	ts.Check(err)
	user, password, _ := strings.Cut(string(plain), ":")
	return remote.WithAuth(&authn.Basic{Username: user, Password: password})
}

func ecrToken(ts *testscript.TestScript) string {
	var answer struct {
		AuthorizationData []struct{ AuthorizationToken string }
	}
	ts.Check(json.Unmarshal(aws(ts, "123456789012", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "{}"), &answer))
	return answer.AuthorizationData[0].AuthorizationToken
}

// dockerLogin does what docker login does, for the sandbox's registry.
func dockerLogin(ts *testscript.TestScript) {
	dir := ts.MkAbs(".docker")
	ts.Check(os.MkdirAll(dir, 0o700))
	config, err := json.Marshal(map[string]any{"auths": map[string]any{ts.Getenv("REGISTRY"): map[string]string{"auth": ecrToken(ts)}}})
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600))
	ts.Setenv("DOCKER_CONFIG", dir)
	checkCalls(ts, false, []string{"reset"})
}

func tagOf(ts *testscript.TestScript, reference string) name.Tag {
	tag, err := name.NewTag(ts.Getenv("REGISTRY") + "/" + reference)
	ts.Check(err)
	return tag
}

func labels(ts *testscript.TestScript, args []string) map[string]string {
	found := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			ts.Fatalf("%q is not LABEL=VALUE", arg)
		}
		if !strings.Contains(key, ".") { // else it is one of somebody else's
			key = "tagboat.sandbox." + key
		}
		found[key] = value
	}
	return found
}

// aws makes one call of the JSON protocol, as an access key of the given account.
func aws(ts *testscript.TestScript, account, target, body string) []byte {
	status, answer := askAWS(ts, account, target, body)
	if status != http.StatusOK {
		ts.Fatalf("%s: %d: %s", target, status, answer)
	}
	return answer
}

// askAWS is aws for who wants to see a refusal.
func askAWS(ts *testscript.TestScript, account, target, body string) (status int, answer []byte) {
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(body))
	ts.Check(err)
	region := ts.Getenv("AWS_REGION")
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+account+"/20260101/"+region+"/"+signingName(target)+"/aws4_request, SignedHeaders=host, Signature=none")
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	ts.Check(err)
	return response.StatusCode, answer
}

// signingName returns the service of a call in the words of its signature.
func signingName(target string) string {
	switch {
	case strings.HasPrefix(target, "AmazonEC2ContainerRegistry_"):
		return "ecr"
	case strings.HasPrefix(target, "AmazonSSM."):
		return "ssm"
	case strings.HasPrefix(target, "AmazonSQS."):
		return "sqs"
	case strings.HasPrefix(target, "AWSEvents."):
		return "events"
	default:
		return "ecs"
	}
}

func createCluster(ts *testscript.TestScript, _ bool, args []string) {
	aws(ts, accountOf(args, 1), "AmazonEC2ContainerServiceV20141113.CreateCluster", `{"clusterName":"`+args[0]+`"}`)
}

// accountOf returns the argument n, or the account of callers without a role.
func accountOf(args []string, n int) string {
	if len(args) > n {
		return args[n]
	}
	return "123456789012"
}

type counted struct {
	Total       int `json:"total"`
	Mutating    int `json:"mutating"`
	Throttled   int `json:"throttled"`
	ByOperation map[string]struct {
		Calls int `json:"calls"`
	} `json:"byOperation"`
}

// checkCalls compares what the sandbox counted: calls reset; calls mutating N;
// calls OPERATION N; calls below N.
func checkCalls(ts *testscript.TestScript, neg bool, args []string) {
	url := ts.Getenv("AWS_ENDPOINT_URL") + "/_sandbox/calls"
	if len(args) == 1 && args[0] == "reset" {
		sandboxRequest(ts, http.MethodDelete, url, "")
		return
	}
	if len(args) != 2 {
		ts.Fatalf("usage: calls reset | mutating N | below N | OPERATION N")
	}
	wanted, err := strconv.Atoi(args[1])
	ts.Check(err)
	var got counted
	answer := sandboxRequest(ts, http.MethodGet, url, "")
	ts.Check(json.Unmarshal(answer, &got))
	holds := false
	switch args[0] {
	case "mutating":
		holds = got.Mutating == wanted
	case "below":
		holds = got.Total < wanted
	default:
		holds = got.ByOperation[args[0]].Calls == wanted
	}
	if holds == neg {
		ts.Fatalf("calls %v: not so: %s", args, answer)
	}
}

func orderFault(ts *testscript.TestScript, _ bool, args []string) {
	sandboxRequest(ts, http.MethodPost, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/faults", strings.Join(args, " "))
}

func sandboxRequest(ts *testscript.TestScript, method, url, body string) []byte {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	ts.Check(err)
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	ts.Check(err)
	if response.StatusCode/100 != 2 {
		ts.Fatalf("%s %s: %s: %s", method, url, response.Status, answer)
	}
	return answer
}

func fillFile(ts *testscript.TestScript, _ bool, args []string) {
	content := strings.ReplaceAll(ts.ReadFile(args[0]), "$REGISTRY", ts.Getenv("REGISTRY"))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(content), 0o600))
}

// writeExample writes the files of the example application.
func writeExample(ts *testscript.TestScript, _ bool, _ []string) {
	files, err := demo.App(ts.Getenv("REGISTRY"))
	ts.Check(err)
	for name, content := range files {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(content), 0o600))
	}
}

// moveClock lets time pass in the sandbox: later DURATION.
func moveClock(ts *testscript.TestScript, _ bool, args []string) {
	sandboxRequest(ts, http.MethodPost, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/clock", `{"forward": "`+args[0]+`"}`)
}

// checkExit runs a command and compares its exit code: exits CODE COMMAND...
func checkExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Check(err)
		}
		got = exit.ExitCode()
	}
	if got != wanted {
		ts.Fatalf("exit code %d, wanted %d\nstdout:\n%s\nstderr:\n%s", got, wanted, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// checkJSON compares one member of a JSON document: jsonpath stdout services.0.state steady.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: jsonpath FILE PATH VALUE")
	}
	if text := memberOf(ts, args[0], args[1]); (text == args[2]) == neg {
		ts.Fatalf("%s is %s, wanted %s", args[1], text, args[2])
	}
}

// rememberMember sets a variable to a member of a JSON document: remember PLAN stdout plan.
func rememberMember(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], memberOf(ts, args[1], args[2]))
}

// memberOf returns a member of a JSON document, as text.
func memberOf(ts *testscript.TestScript, file, path string) string {
	var document any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &document))
	value, err := member(document, strings.Split(path, "."))
	ts.Check(err)
	if text, ok := value.(string); ok {
		return text
	}
	encoded, err := json.Marshal(value)
	ts.Check(err)
	return string(encoded)
}

func member(value any, path []string) (any, error) {
	for i, key := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			if key == "length" {
				value = float64(len(v))
				continue
			}
			n, err := strconv.Atoi(key)
			if err != nil || n >= len(v) {
				return nil, fmt.Errorf("there is no %s", strings.Join(path[:i+1], "."))
			}
			value = v[n]
		default:
			return nil, fmt.Errorf("there is no %s", strings.Join(path[:i+1], "."))
		}
	}
	return value, nil
}

func processEnv(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "GOCOVERDIR", "DOCKER_CONFIG", "TAGBOAT_WEBHOOK_SECRET",
	} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
