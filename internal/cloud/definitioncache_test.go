package cloud_test

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

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
		d, err := e.DescribeTaskDefinition(t.Context(), revision)
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
		if err != nil || entry.IsDir() {
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
	for _, content := range []string{"", "{", `{"ARN":"another","Record":{}}`} {
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
