package taskdef_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestMinimalIsWhatRuns holds, for every answer of AWS that is known, that what a person would
// write of it is equal to it, and has nothing that could go.
func TestMinimalIsWhatRuns(t *testing.T) {
	casetest.Each(t, "testdata/answers/*/answer.json", func(t *testing.T, path string) {
		answer := expect.Value(taskdef.FromJSON(expect.Value(os.ReadFile(path))(t)))(t)
		minimal, left := taskdef.Minimal(answer)
		if len(left) > 0 {
			t.Errorf("left out: %s", left)
		}
		members := minimal.Map()
		images := answer.Containers()
		for _, c := range members["containerDefinitions"].([]any) {
			container := c.(map[string]any)
			if container["image"] != nil {
				t.Errorf("it has the image %s", container["image"])
			}
			container["image"] = images[tagboat.ContainerName(container["name"].(string))]
		}
		written := expect.Value(taskdef.FromJSON(expect.Value(json.Marshal(members))(t)))(t)
		if !taskdef.Equal(written, answer) {
			t.Errorf("it is not what runs:\n%s", taskdef.Diff(answer, written))
		}
		if again, _ := taskdef.Minimal(written); string(again.JSON()) != string(minimal.JSON()) {
			t.Errorf("it can be written in less:\n%s\n%s", minimal.JSON(), again.JSON())
		}
	})
}

// TestMinimalServiceIsWhatRuns is the same for services.
func TestMinimalServiceIsWhatRuns(t *testing.T) {
	paths := expect.Value(filepath.Glob("testdata/services/*/*.json"))(t)
	tried := 0
	for _, path := range paths {
		record := expect.Value(os.ReadFile(path))(t)
		if !strings.Contains(string(record), `"runningCount"`) || strings.Contains(string(record), `"services"`) {
			continue
		}
		tried++
		minimal := taskdef.MinimalService(record)
		changes, diff, err := taskdef.ServiceChanges(minimal, record)
		if err != nil || !changes.Empty() || minimal.Has("desiredCount") || minimal.Has("taskDefinition") || minimal.Has("cluster") {
			t.Errorf("%s: %v\n%s\n%s", path, err, diff, minimal.JSON())
		}
	}
	if tried < 5 {
		t.Errorf("%d records were tried", tried)
	}
}
