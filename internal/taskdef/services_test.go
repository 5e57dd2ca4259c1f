package taskdef_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestServices holds what counts as a change of a service against testdata/services. A
// folder there has what a user writes, sent.json, and what ECS answers to it, answer.json,
// which is no change. A change of each single value, and one entry less in each list, is
// one, but for those that the file without-effect names.
func TestServices(t *testing.T) {
	dirs, err := filepath.Glob("testdata/services/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal(err, len(dirs))
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c := answerCase{T: t, dir: dir}
			sent, answer := c.read("sent.json"), c.read("answer.json")
			if changes, diff, err := taskdef.ServiceChanges(sent, answer.JSON()); err != nil || !changes.Empty() || diff != "" {
				t.Errorf("what was sent differs: %s %v\n%s", changes.JSON(), err, diff)
			}
			var none []string
			if raw, err := os.ReadFile(filepath.Join(dir, "without-effect")); err == nil {
				none = strings.Fields(string(raw))
			}
			for _, m := range mutants(tree(t, sent)) {
				last := m.what[strings.LastIndexAny(m.what, ".:")+1:]
				if strings.HasPrefix(m.what, "remove:") && strings.Trim(last, "0123456789") != "" {
					continue // what the file leaves out is somebody else's
				}
				changes, _, err := taskdef.ServiceChanges(fromTree(t, m.tree), answer.JSON())
				if seen := err != nil || !changes.Empty(); seen == slices.Contains(none, m.what) {
					t.Errorf("%s: seen %v", m.what, seen)
				}
			}
		})
	}
}
