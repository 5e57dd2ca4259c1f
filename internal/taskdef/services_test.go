package taskdef_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestServices holds what counts as a change of a service against testdata/services. A
// folder there has what a user writes, sent.json, and what ECS answers to it, answer*.json,
// which is no change. A change of each single value, and one entry less in each list, is
// one, but for those that the file without-effect names.
//
// A folder with the file source is of real answers, to which the sandbox and the reading of
// answers are held, too. What the name of an answer ends in is the service's state: created
// (what CreateService answered), rolling (what an UpdateService that forces a deployment
// did), rolling-back; without it the service is steady. Of part-STATE.json other members
// were not printed. deployment.json and revision.json are the newest of the steady service,
// task-out-of-memory.json is a stopped task of it, taskdef.json what it runs.
func TestServices(t *testing.T) {
	casetest.Each(t, "testdata/services/*", func(t *testing.T, dir string) {
		c := answerCase{T: t, dir: dir}
		sent := c.read("sent.json")
		c.each("answer*.json", func(name string, answer taskdef.Definition) { c.sameService(name, sent, answer) })
	})
}

func (c answerCase) sameService(name string, sent, answer taskdef.Definition) {
	c.Helper()
	if changes, diff, err := taskdef.ServiceChanges(sent, answer.JSON()); err != nil || !changes.Empty() || diff != "" {
		c.Errorf("%s: what was sent differs: %s %v\n%s", name, changes.JSON(), err, diff)
	}
	none := c.withoutEffect()
	for _, m := range mutants(tree(c.T, sent)) {
		last := m.what[strings.LastIndexAny(m.what, ".:")+1:]
		if strings.HasPrefix(m.what, "remove:") && strings.Trim(last, "0123456789") != "" {
			continue // what the file leaves out is somebody else's
		}
		changes, _, err := taskdef.ServiceChanges(fromTree(c.T, m.tree), answer.JSON())
		if seen := err != nil || !changes.Empty(); seen == slices.Contains(none, m.what) {
			c.Errorf("%s: %s: seen %v", name, m.what, seen)
		}
	}
}
