package taskdef_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/taskdef"
)

func definition(t *testing.T, raw string) taskdef.Definition {
	t.Helper()
	d, err := taskdef.FromJSON([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSwapImages(t *testing.T) {
	current := definition(t, `{"family":"api","taskDefinitionArn":"arn","revision":7,"newThing":12345678901234567890,"volumes":[],
		"tags":[{"key":"team","value":"shop"},{"key":"aws:cloudformation:stack-name","value":"s"}],
		"containerDefinitions":[{"name":"app","image":"old","dockerLabels":{"a":"b","tagboat.revision":"old"}},{"name":"side","image":"left/alone:1"}]}`)
	before := string(current.JSON())
	got, err := taskdef.SwapImages(current, map[tagboat.ContainerName]taskdef.Swap{
		"app": {Image: "api", Pinned: reference(t, "reg.example/api:2@"+digestB)},
	})
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	want := `{"containerDefinitions":[{"dockerLabels":{"a":"b","tagboat.image":"api","tagboat.tag":"2"},"image":"reg.example/api@` + digestB +
		`","name":"app"},{"image":"left/alone:1","name":"side"}],"family":"api","tags":[{"key":"team","value":"shop"}]}`
	if string(got.JSON()) != want {
		t.Errorf("got  %s\nwant %s", got.JSON(), want)
	}
	if string(current.JSON()) != before {
		t.Error("the current definition was changed")
	}
	_, err = taskdef.SwapImages(current, map[tagboat.ContainerName]taskdef.Swap{"aap": {Image: "api"}})
	casetest.Golden(t, "testdata/swap.golden", []byte(casetest.Report(err)))
	if _, err := taskdef.SwapImages(taskdef.Definition{}, nil); err != nil {
		t.Error(err)
	}
}
