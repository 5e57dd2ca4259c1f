package taskdef_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestAnswers holds what counts as a change against testdata/answers. A folder there is
// a case:
//
//	input.json               what a user registers
//	answer*.json             what ECS answers to it: no change
//	answer-remembered*.json  the same where only the remembered input can tell
//	tampered*.json           what somebody made of a copy, our label with it: a change
//	same*.json               other inputs that ask for the same: no change
//	changed*.json            other inputs that ask for something else: a change; beside it
//	                         NAME.diff may hold what a plan shows of it
//	sent.json                what was registered, where that says more than input.json (a
//	                         console writes empty lists): no change
//	source                   where a real answer was seen, below the date; the sandbox and the
//	                         reading of answers are held to those
//	without-effect           members (a path a line) whose change or removal is none
//
// Beside what the files say, of every case each single member is changed and taken away,
// which is a change, and members that nobody knows are put everywhere, which is none.
func TestAnswers(t *testing.T) {
	casetest.Each(t, "testdata/answers/*", func(t *testing.T, dir string) {
		c := answerCase{T: t, dir: dir}
		c.sent = taskdef.Stamped(c.read("input.json"))
		c.answers()
		c.tampered()
		c.otherInputs()
		c.strangeMembers()
		c.singleMembers()
	})
}

type answerCase struct {
	*testing.T
	dir  string
	sent taskdef.Definition
}

func (c answerCase) read(name string) taskdef.Definition {
	c.Helper()
	raw, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.Fatal(err)
	}
	return definition(c.T, string(raw))
}

func (c answerCase) each(pattern string, check func(name string, d taskdef.Definition)) {
	c.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, pattern))
	if err != nil {
		c.Fatal(err)
	}
	for _, f := range files {
		check(filepath.Base(f), c.read(filepath.Base(f)))
	}
}

// labelled returns an answer with the label that the revision was registered with.
func (c answerCase) labelled(answer taskdef.Definition) taskdef.Definition {
	members := tree(c.T, answer)
	containers, _ := members["containerDefinitions"].([]any)
	last, _ := containers[len(containers)-1].(map[string]any)
	var label string
	for name := range c.sent.Containers() {
		label += c.sent.Label(name, taskdef.LabelInput)
	}
	labels, _ := last["dockerLabels"].(map[string]any)
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]any{}
	}
	labels[taskdef.LabelInput], labels[taskdef.LabelTag] = label, "1.2"
	last["dockerLabels"] = labels
	return fromTree(c.T, members)
}

func (c answerCase) expect(what string, wanted, answer taskdef.Definition, same bool) {
	c.Helper()
	diff := taskdef.Diff(answer, wanted)
	if taskdef.Equal(wanted, answer) != same || (diff == "") != same {
		c.Errorf("%s: no change: %v, want %v; the diff is\n%s", what, !same, same, diff)
	}
}

func (c answerCase) answers() {
	c.each("answer*.json", func(name string, answer taskdef.Definition) {
		remembered := strings.HasPrefix(name, "answer-remembered")
		c.expect(name+" with the label", c.sent, c.labelled(answer), true)
		c.expect(name+" without the label", c.sent, answer, !remembered)
		later := strings.ReplaceAll(string(c.labelled(answer).JSON()), `"tagboat.input":"1:`, `"tagboat.input":"2:`)
		c.expect(name+" with a label that another Tagboat wrote", c.sent, definition(c.T, later), !remembered)
		again, _ := taskdef.Input(answer)
		c.expect(name+" registered again", again, answer, true)
	})
}

func (c answerCase) tampered() {
	c.each("tampered*.json", func(name string, answer taskdef.Definition) {
		c.expect(name+" with the label", c.sent, c.labelled(answer), false)
		c.expect(name, c.sent, answer, false)
	})
}

func (c answerCase) otherInputs() {
	c.each("answer*.json", func(answerName string, answer taskdef.Definition) {
		labelled := c.labelled(answer)
		same := func(name string, input taskdef.Definition) {
			c.expect(name+" on "+answerName, taskdef.Stamped(input), labelled, true)
			if !strings.HasPrefix(answerName, "answer-remembered") {
				c.expect(name+" on "+answerName+" without the label", taskdef.Stamped(input), answer, true)
			}
		}
		c.each("same*.json", same)
		c.each("sent.json", same)
		c.each("changed*.json", func(name string, input taskdef.Definition) {
			c.expect(name+" on "+answerName, taskdef.Stamped(input), labelled, false)
			c.expect(name+" on "+answerName+" without the label", taskdef.Stamped(input), answer, false)
			want, err := os.ReadFile(filepath.Join(c.dir, strings.TrimSuffix(name, ".json")+".diff"))
			if got := taskdef.Diff(labelled, input); err == nil && got != string(want) {
				c.Errorf("%s on %s: the diff is\n%swant\n%s", name, answerName, got, want)
			}
		})
	})
}

// strangeMembers puts members that nobody knows into every object that has a shape.
func (c answerCase) strangeMembers() {
	c.each("answer*.json", func(name string, answer taskdef.Definition) {
		members := tree(c.T, answer)
		estrange(members, "")
		strange := fromTree(c.T, members)
		c.expect("strange members in "+name, c.sent, c.labelled(strange), true)
		again, _ := taskdef.Input(strange)
		if raw := string(again.JSON()); strings.Contains(raw, "heardOf") {
			c.Errorf("they are sent: %s", raw)
		}
	})
}

func estrange(v any, member string) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			estrange(value, name)
		}
		if !slices.Contains([]string{"options", "dockerLabels", "driverOpts", "labels"}, member) {
			v["neverHeardOf"] = map[string]any{"heardOf": []any{1}}
			v["heardOfAt"] = json.Number("1764300000.5")
		}
	case []any:
		for _, item := range v {
			estrange(item, "")
		}
	}
}

// singleMembers changes and removes each value of the input.
func (c answerCase) singleMembers() {
	none := c.withoutEffect()
	c.each("answer*.json", func(name string, answer taskdef.Definition) {
		answer = c.labelled(answer)
		for _, m := range mutants(tree(c.T, c.read("input.json"))) {
			c.expect(m.what+" against "+name, taskdef.Stamped(fromTree(c.T, m.tree)), answer, slices.Contains(none, m.what))
		}
	})
}

// withoutEffect returns the members of which the case says that a change of them is none.
func (c answerCase) withoutEffect() []string {
	raw, err := os.ReadFile(filepath.Join(c.dir, "without-effect"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.Fatal(err)
	}
	return strings.Fields(string(raw))
}

type mutant struct {
	what string
	tree map[string]any
}

// mutants returns the tree as often as it has values, each with one changed or removed.
func mutants(root map[string]any) []mutant {
	var out []mutant
	add := func(what string, path []any, value any) {
		m, _ := copied(root).(map[string]any)
		put(m, path, value)
		out = append(out, mutant{what, m})
	}
	var walk func(v any, path []any, name string)
	walk = func(v any, path []any, name string) {
		if len(path) > 0 {
			add("remove:"+name, path, nil)
		}
		switch v := v.(type) {
		case map[string]any:
			for member, value := range v {
				walk(value, append(slices.Clone(path), member), strings.TrimPrefix(name+"."+member, "."))
			}
		case []any:
			for i, value := range v {
				walk(value, append(slices.Clone(path), i), fmt.Sprintf("%s.%d", name, i))
			}
		case string:
			add("change:"+name, path, v+"-x")
		case json.Number:
			add("change:"+name, path, json.Number("7"+string(v[len(v)-1:])+"1"))
		case bool:
			add("change:"+name, path, !v)
		}
	}
	walk(root, nil, "")
	return out
}

// put sets the value at a path, or takes it away where it is nil.
func put(at any, path []any, value any) {
	switch at := at.(type) {
	case map[string]any:
		name, _ := path[0].(string)
		switch list, isList := at[name].([]any); {
		case len(path) == 1 && value == nil:
			delete(at, name)
		case len(path) == 1:
			at[name] = value
		case len(path) == 2 && isList && value == nil:
			i, _ := path[1].(int)
			at[name] = slices.Delete(list, i, i+1)
		default:
			put(at[name], path[1:], value)
		}
	case []any:
		i, _ := path[0].(int)
		if len(path) == 1 {
			at[i] = value
			return
		}
		put(at[i], path[1:], value)
	}
}

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, value := range v {
			m[name] = copied(value)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = copied(v[i])
		}
		return l
	default:
		return v
	}
}

func tree(t *testing.T, d taskdef.Definition) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(d.JSON())))
	dec.UseNumber()
	var members map[string]any
	if err := dec.Decode(&members); err != nil {
		t.Fatal(err)
	}
	return members
}

func fromTree(t *testing.T, members map[string]any) taskdef.Definition {
	t.Helper()
	raw, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return definition(t, string(raw))
}

// TestAnswersCoverTheInput: each member that RegisterTaskDefinition takes is in a case.
func TestAnswersCoverTheInput(t *testing.T) {
	raw, err := os.ReadFile("shapes.json")
	if err != nil {
		t.Fatal(err)
	}
	var shapes modelWalk
	if err := json.Unmarshal(raw, &shapes); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(v any, typ string)
	walk = func(v any, typ string) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				seen[typ+"."+name] = true
				walk(value, shapes.Structures[typ].Members[name])
			}
		case []any:
			for _, item := range v {
				walk(item, strings.TrimPrefix(typ, "[]"))
			}
		}
	}
	casetest.Each(t, "testdata/answers/*/input.json", func(t *testing.T, file string) {
		c := answerCase{T: t, dir: filepath.Dir(file)}
		walk(tree(t, c.read("input.json")), "RegisterTaskDefinitionRequest")
	})
	var wanted func(typ string)
	asked := map[string]bool{}
	wanted = func(typ string) {
		typ = strings.TrimPrefix(typ, "[]")
		if asked[typ] {
			return
		}
		asked[typ] = true
		for name, member := range shapes.Structures[typ].Members {
			if !seen[typ+"."+name] {
				t.Errorf("%s.%s is in no testdata/answers/*/input.json", typ, name)
			}
			wanted(member)
		}
	}
	wanted("RegisterTaskDefinitionRequest")
}

// TestInputDigest holds what LabelInput remembers in place: a change of it without a new
// version would roll all services of all users at their next deployment.
func TestInputDigest(t *testing.T) {
	c := answerCase{T: t, dir: "testdata/answers/fargate-efs"}
	const want = "1:7d43c1d8794694ccc2ba4bf4b0c67efc:0afd0e722b43334c47db76e3841c8c379631a042afe3c8c7cd0fda51eea1"
	if got := taskdef.Stamped(c.read("input.json")).Label("app", taskdef.LabelInput); got != want {
		t.Errorf("got %s, want %s: give what remembers inputs another version", got, want)
	}
}
