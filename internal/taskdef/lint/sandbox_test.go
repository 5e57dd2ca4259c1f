package lint_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef"
	"github.com/tagboat/tagboat/internal/taskdef/lint"
)

// TestSandboxRefusesTheSame sends each case of testdata to a sandbox: what is an error here is
// refused there, and what is right here is taken. What is a warning may be either.
func TestSandboxRefusesTheSame(t *testing.T) {
	casetest.Archives(t, "testdata", func(t *testing.T, c casetest.Case) string {
		files := map[string]*source.Node{}
		var want string
		for _, f := range c.Files {
			switch kind, _, _ := strings.Cut(f.Name, "."); kind {
			case "task":
				files[kind] = tree(t, f, taskdef.Parse)
			case "service":
				files[kind] = tree(t, f, taskdef.ParseService)
			case "want":
				want = string(f.Data)
			case "running":
				files[kind] = tree(t, f, taskdef.ParseService)
			}
		}
		var given lint.Files
		said(t, &given, string(c.Comment))
		wrong := strings.Contains(want, "error: ")
		if given.Exists || given.Registered || files["running"] != nil || files["task"] == nil && !wrong {
			return want // it depends on what was there before
		}
		refused := create(t, files["task"], files["service"])
		if wrong && refused == "" {
			t.Errorf("the sandbox takes what is wrong here:\n%s", want)
		}
		if want == "" && refused != "" {
			t.Errorf("nothing is wrong here, and the sandbox refuses it: %s", refused)
		}
		return want
	})
}

// create registers a task definition and creates a service that runs it, and returns with what
// the sandbox refuses one of them. A nil one is one that is right.
func create(t *testing.T, task, service *source.Node) string {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{Clusters: []string{"default"}})
	if err != nil {
		t.Fatal(err)
	}
	definition := map[string]any{
		"networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"containerDefinitions": []any{map[string]any{"name": "app"}},
	}
	if task != nil {
		definition = task.Value().(map[string]any)
	}
	definition["family"] = or(definition["family"], "web")
	for _, c := range definition["containerDefinitions"].([]any) {
		c := c.(map[string]any)
		c["image"] = or(c["image"], "nginx")
	}
	if refused := call(t, server, "RegisterTaskDefinition", definition); refused != "" || service == nil {
		return refused
	}
	in := service.Value().(map[string]any)
	in["taskDefinition"], in["serviceName"] = definition["family"], or(in["serviceName"], "web")
	if in["schedulingStrategy"] != "DAEMON" {
		in["desiredCount"] = or(in["desiredCount"], 1)
	}
	refused := call(t, server, "CreateService", in)
	if strings.Contains(refused, "Unable to assume role and validate the specified targetGroupArn") {
		return "" // there is none of the case's
	}
	return refused
}

func or(v, other any) any {
	if v == nil {
		return other
	}
	return v
}

// call returns the refusal of a call, or "".
func call(t *testing.T, server http.Handler, operation string, in any) string {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=none")
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, r)
	if answer.Code == http.StatusOK {
		return ""
	}
	return answer.Body.String()
}

// TestFindsWhatTheSandboxRefuses holds the requests of which the sandbox's own tests say that
// ECS refuses them: each is found wrong here, unless AWS has to be asked.
func TestFindsWhatTheSandboxRefuses(t *testing.T) {
	asked := []string{
		"a target group of instances", "a target group of addresses for instances", "a target group that nothing sends to",
		"a listener rule that is none", "an alternate group that is not there", "a provider that the cluster does not have",
		"no count", // package deploy says it, which knows whether the service is there
	}
	for _, file := range []string{"register", "register-fargate", "create-service"} {
		data, err := os.ReadFile(filepath.Join("../../sandbox/ecs/testdata/refused", file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var r refusals
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Cases {
			t.Run(file+"/"+c.Name, func(t *testing.T) {
				if slices.Contains(asked, c.Name) {
					t.Skip("AWS has to be asked")
				}
				if !r.found(t, c) {
					t.Errorf("found nothing, and ECS says: %s", c.Says)
				}
			})
		}
	}
}

// refusals is a file of the sandbox's testdata/refused.
type refusals struct {
	Operation string
	Before    []struct{ Request map[string]any }
	Request   map[string]any
	Cases     []refusal
}

// refusal is what makes a request wrong.
type refusal struct {
	Name            string
	With, Container map[string]any
	Says            string
}

// found reports whether reading the files of a case, or checking them, finds something.
func (r refusals) found(t *testing.T, c refusal) bool {
	t.Helper()
	request := patched(r.Request, c.With)
	if all, ok := request["containerDefinitions"].([]any); ok && c.Container != nil {
		request["containerDefinitions"] = append([]any{patched(all[0].(map[string]any), c.Container)}, all[1:]...)
	}
	if r.Operation == "RegisterTaskDefinition" {
		task, broken := read(t, request, taskdef.Parse)
		return broken || len(lint.Check(lint.Files{Task: task})) > 0
	}
	var files lint.Files
	for _, b := range r.Before {
		if b.Request["family"] == request["taskDefinition"] {
			files.Task, _ = read(t, b.Request, taskdef.Parse)
		}
	}
	delete(request, "taskDefinition")
	delete(request, "cluster")
	var broken bool
	files.Service, broken = read(t, request, taskdef.ParseService)
	return broken || len(lint.Check(files)) > 0
}

func patched(of, with map[string]any) map[string]any {
	changed := maps.Clone(of)
	for name, value := range with {
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
	}
	return changed
}

// read returns a file with a request, and whether reading it already finds it wrong.
func read(t *testing.T, request map[string]any, parse func(string, []byte) (*taskdef.Template, error)) (*source.Node, bool) {
	t.Helper()
	data, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	_, broken := parse("case.json", data)
	root, err := source.Parse("case.json", data)
	if err != nil {
		t.Fatal(err)
	}
	return root, broken != nil
}
