package cloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
)

const revision = "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:7"

// asking reads a revision as a process of its own does, after another call, and returns
// how often it asked for the revision.
func asking(t *testing.T, cache, sandbox, status string) int {
	t.Helper()
	header := http.Header{}
	if sandbox != "" {
		header.Set("Sandbox-Id", sandbox)
	}
	f := aws(t, map[string][]answer{
		"ecs.ListTasks":              {{body: `{}`, header: header}},
		"ecs.DescribeTaskDefinition": {{body: `{"taskDefinition":{"taskDefinitionArn":"` + revision + `","family":"api","revision":7,"status":"` + status + `"}}`, header: header}},
	})
	c, err := cloud.New(context.Background(), cloud.Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	e := c.At(cloud.Place{}).ECS()
	if _, err := e.ListTasks(t.Context(), "dev", ecs.TaskFilter{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d, ok := e.Cached(revision, nil)
		var err error
		if !ok {
			d, err = e.DescribeTaskDefinition(t.Context(), revision)
		}
		if err != nil || d.ARN != revision || d.Revision != 7 || d.Status != status {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	return len(f.requests("ecs.DescribeTaskDefinition"))
}

func TestDefinitionsAreReadOnce(t *testing.T) {
	cache := t.TempDir()
	for _, c := range []struct {
		name, sandbox, status string
		asks                  int
	}{
		{"never seen", "AAAAAAAA", "ACTIVE", 1},
		{"seen by a process before", "AAAAAAAA", "ACTIVE", 0},
		{"of another sandbox", "BBBBBBBB", "ACTIVE", 1},
		{"of who does not say which one it is", "", "ACTIVE", 1},
		{"of who says it badly", "../../etc", "ACTIVE", 1},
		{"deregistered", "CCCCCCCC", "INACTIVE", 1},
		{"deregistered and seen before", "CCCCCCCC", "INACTIVE", 1},
	} {
		if asks := asking(t, cache, c.sandbox, c.status); asks != c.asks {
			t.Errorf("%s: asked %d times", c.name, asks)
		}
	}
	var files int
	err := filepath.WalkDir(cache, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		files++
		info, err := entry.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil || files != 2 {
		t.Errorf("%d files, %v", files, err)
	}
}

// A file that somebody broke, or a directory that cannot be written, costs a call.
func TestTheCacheMayBeBroken(t *testing.T) {
	cache := t.TempDir()
	asking(t, cache, "AAAAAAAA", "ACTIVE")
	file := filepath.Join(cache, "AAAAAAAA", "111111111111", "eu-west-1", "api", "7.json")
	for _, content := range []string{"", "{", `{"Definition":{"ARN":"another","Record":{}}}`} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if asks := asking(t, cache, "AAAAAAAA", "ACTIVE"); asks != 1 {
			t.Errorf("with %q it asked %d times", content, asks)
		}
	}
	blocked := filepath.Join(cache, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if asks := asking(t, blocked, "AAAAAAAA", "ACTIVE"); asks != 1 {
		t.Errorf("without a directory it asked %d times", asks)
	}
}

// Nobody who reads the disk finds what somebody has put into an environment. A later run
// that wants the same values need not ask, and one that wants others has to.
func TestTheCacheKeepsNoPlainValues(t *testing.T) {
	cache := t.TempDir()
	const plain = `{"taskDefinitionArn":"` + revision + `","family":"api","revision":7,"status":"ACTIVE","containerDefinitions":[{"name":"app",` +
		`"image":"shop/api@sha256:0","environment":[{"name":"PASSWORD","value":"hunter2"},{"name":"EMPTY","value":""}],"command":["serve","--key=opensesame"],` +
		`"logConfiguration":{"logDriver":"splunk","options":{"splunk-token":"tokentoken","awslogs-group":"/api"}}}]}`
	header := http.Header{"Sandbox-Id": {"AAAAAAAA"}}
	aws(t, map[string][]answer{
		"ecs.ListTasks":              {{body: `{}`, header: header}},
		"ecs.DescribeTaskDefinition": {{body: `{"taskDefinition":` + plain + `}`, header: header}},
	})
	later := func() *cloud.ECS {
		c, err := cloud.New(t.Context(), cloud.Options{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.At(cloud.Place{}).ECS().ListTasks(t.Context(), "dev", ecs.TaskFilter{}); err != nil {
			t.Fatal(err)
		}
		return c.At(cloud.Place{}).ECS()
	}
	if _, err := later().DescribeTaskDefinition(t.Context(), revision); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(cache, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, secret := range []string{"hunter2", "opensesame", "tokentoken"} {
			if strings.Contains(string(content), secret) {
				t.Errorf("%s has %s in it", path, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, like string
		known      bool
	}{
		{"the same", plain, true},
		{"the same at other places", `{"a":["serve",{"b":"hunter2"}],"c":"--key=opensesame","d":"tokentoken"}`, true},
		{"another password", strings.Replace(plain, "hunter2", "hunter3", 1), false},
		{"nothing", `{}`, false},
		{"no document", ``, false},
	} {
		d, known := later().Cached(revision, json.RawMessage(c.like))
		if known != c.known {
			t.Errorf("%s: known is %t", c.name, known)
		}
		var got, want any
		if !known {
			continue
		}
		if err := errors.Join(json.Unmarshal(d.Record, &got), json.Unmarshal([]byte(plain), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
