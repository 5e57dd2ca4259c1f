package taskdef_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestFormer holds, for each archive of testdata/former, what brings members of a service
// (or those of its revisions, where members does not name some) from what they are, is.json,
// back to what they were, was.json, and what nothing brings back.
func TestFormer(t *testing.T) {
	casetest.Archives(t, "testdata/former", func(t *testing.T, c casetest.Case) string {
		members := c.Lines("members")
		if members == nil {
			members = taskdef.RevisionMembers()
		}
		former, stays, err := taskdef.Former(members, json.RawMessage(file(c, "was.json")), json.RawMessage(file(c, "is.json")))
		if err != nil {
			t.Fatal(err)
		}
		sent, err := json.Marshal(former)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s\nstays: %q\n", sent, stays)
	})
}
