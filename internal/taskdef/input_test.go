package taskdef_test

import (
	"fmt"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestInputOfAnAnswer holds, for each archive of testdata/input, what registers answer.json
// again, and what is left out of it: RegisterTaskDefinition refuses members that it does not
// have, and AWS adds members to its answers without notice.
func TestInputOfAnAnswer(t *testing.T) {
	casetest.Archives(t, "testdata/input", func(t *testing.T, c casetest.Case) string {
		answer := definition(t, string(file(c, "answer.json")))
		before := string(answer.JSON())
		input, left := taskdef.Input(answer)
		if string(answer.JSON()) != before {
			t.Error("the answer was changed")
		}
		return fmt.Sprintf("%s\nleft out: %q\n", input.JSON(), left)
	})
}
