package taskdef_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

func TestDefinition(t *testing.T) {
	d := definition(t, `{"family":"api","big":12345678901234567890,"html":"<&>","containerDefinitions":[
		{"name":"app","image":"reg.example/api:1@`+digestA+`","dockerLabels":{"tagboat.tag":"1"}},{"name":"side","image":"nginx:1"},{"name":"odd","image":"A B"}]}`)
	if diff := cmp.Diff(map[tagboat.ContainerName]string{"app": "reg.example/api:1@" + digestA, "side": "nginx:1", "odd": "A B"}, d.Containers()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[tagboat.ContainerName]tagboat.Digest{"app": digestA, "side": "", "odd": ""}, d.Digests()); diff != "" {
		t.Error(diff)
	}
	if d.Family() != "api" || d.Text("big") != "" || !d.Has("big") || d.Has("small") || d.Empty() {
		t.Errorf("members of %s", d.JSON())
	}
	if d.Label("app", taskdef.LabelTag) != "1" || d.Label("side", taskdef.LabelTag) != "" || d.Label("none", "x") != "" {
		t.Error("labels")
	}
}

func TestDefinitionWith(t *testing.T) {
	d := definition(t, `{"big":12345678901234567890,"html":"<&>"}`)
	changed, err := d.With("desiredCount", 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(changed.JSON()); got != `{"big":12345678901234567890,"desiredCount":2,"html":"<&>"}` {
		t.Error(got)
	}
	if d.Has("desiredCount") {
		t.Error("the original was changed")
	}
	if zero, err := (taskdef.Definition{}).With("a", []string{"b"}); err != nil || string(zero.JSON()) != `{"a":["b"]}` {
		t.Errorf("%s, %v", zero.JSON(), err)
	}
}

func TestDefinitionIsJSON(t *testing.T) {
	var d taskdef.Definition
	if err := json.Unmarshal([]byte(`{"b":1.50,"a":null}`), &d); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(d); err != nil || string(got) != `{"a":null,"b":1.50}` {
		t.Errorf("%s, %v", got, err)
	}
	if got := string(taskdef.Definition{}.JSON()); got != "{}" {
		t.Error(got)
	}
	for _, bad := range []string{"", "[]", "1", "{} {}", "{", `{"a":1}x`} {
		if _, err := taskdef.FromJSON([]byte(bad)); err == nil {
			t.Errorf("%q is an object", bad)
		}
	}
}
