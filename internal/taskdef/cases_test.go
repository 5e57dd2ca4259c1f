package taskdef_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestEqualAndDiff holds, for each archive of testdata/equal, whether registering a
// definition, wanted*.json, would change anything where ECS has answer.json, and what a plan
// shows of it. sha256:a* stands for a digest of 64 letters a.
func TestEqualAndDiff(t *testing.T) {
	casetest.Archives(t, "testdata/equal", func(t *testing.T, c casetest.Case) string {
		var out strings.Builder
		answer := definition(t, string(file(c, "answer.json")))
		eachWanted(t, c, func(name string, wanted taskdef.Definition) {
			equal, diff := taskdef.Equal(wanted, answer), taskdef.Diff(answer, wanted)
			if equal != (diff == "") {
				t.Errorf("%s: Equal says %v, and the diff is\n%s", name, equal, diff)
			}
			fmt.Fprintf(&out, "%s: equal %v", name, equal)
			if back := taskdef.Equal(answer, wanted); back != equal {
				fmt.Fprintf(&out, ", the other way round %v", back)
			}
			if hashes := taskdef.Hash(answer) == taskdef.Hash(wanted); hashes != equal {
				fmt.Fprintf(&out, ", equal hashes %v", hashes)
			}
			fmt.Fprintf(&out, "\n%s", diff)
		})
		return shortened(out.String())
	})
}

// TestServiceCases holds, for each archive of testdata/changes, what UpdateService is sent to
// make what a user writes, wanted*.json, of a service of which DescribeServices answers
// answer.json, what a plan shows of it, and what is refused. A file tags.json has the
// service's tags.
func TestServiceCases(t *testing.T) {
	casetest.Archives(t, "testdata/changes", func(t *testing.T, c casetest.Case) string {
		var out strings.Builder
		eachWanted(t, c, func(name string, wanted taskdef.Definition) {
			changes, diff, err := taskdef.ServiceChanges(wanted, json.RawMessage(file(c, "answer.json")))
			switch {
			case err != nil && tagboat.KindOf(err) != tagboat.Usage:
				t.Errorf("%s: error of kind %v: %v", name, tagboat.KindOf(err), err)
			case err != nil:
				fmt.Fprintf(&out, "%s: refused\n%s", name, casetest.Report(err))
			case changes.Empty() != (diff == ""):
				t.Errorf("%s: changes %s, and the diff is\n%s", name, changes.JSON(), diff)
			case changes.Empty():
				fmt.Fprintf(&out, "%s: no change\n", name)
			default:
				fmt.Fprintf(&out, "%s: %s\n%s", name, changes.JSON(), diff)
			}
			out.WriteString(tagChanges(t, c, wanted))
		})
		return out.String()
	})
}

func tagChanges(t *testing.T, c casetest.Case, wanted taskdef.Definition) string {
	t.Helper()
	tags, ok := c.File("tags.json")
	if !ok {
		return ""
	}
	var have map[string]string
	if err := json.Unmarshal(tags, &have); err != nil {
		t.Fatal(err)
	}
	set, remove, diff := taskdef.ServiceTags(wanted, have)
	if set == nil {
		return fmt.Sprintf("the file says nothing of tags; remove %q\n%s", remove, diff)
	}
	return fmt.Sprintf("set tags %q, remove %q\n%s", set, remove, diff)
}

func eachWanted(t *testing.T, c casetest.Case, check func(name string, wanted taskdef.Definition)) {
	t.Helper()
	for _, f := range c.Files {
		if name, ok := strings.CutSuffix(f.Name, ".json"); ok && strings.HasPrefix(name, "wanted") {
			check(name, definition(t, string(file(c, f.Name))))
		}
	}
}

var (
	shortDigest = regexp.MustCompile(`sha256:([0-9a-f])\*`)
	longDigest  = regexp.MustCompile(`sha256:([0-9a-f])[0-9a-f]{63}`)
)

func shortened(s string) string { return longDigest.ReplaceAllString(s, "sha256:$1*") }

// file returns a file of a case, its digests written out.
func file(c casetest.Case, name string) []byte {
	data, _ := c.File(name)
	return shortDigest.ReplaceAllFunc(data, func(short []byte) []byte {
		return []byte("sha256:" + strings.Repeat(string(short[len("sha256:")]), 64))
	})
}
