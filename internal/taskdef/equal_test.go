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

func TestEqual(t *testing.T) {
	const image = `"image":"reg.example/api@` + digestA + `"`
	for _, tc := range []struct {
		name string
		a, b string
		want bool
	}{
		{"response-only fields", `{"family":"a"}`,
			`{"family":"a","taskDefinitionArn":"arn","revision":3,"status":"ACTIVE","requiresAttributes":[{"name":"x"}],"compatibilities":["EC2"],"registeredAt":1.5,"registeredBy":"me"}`, true},
		{"empty lists and nulls", `{"family":"a"}`, `{"family":"a","volumes":[],"placementConstraints":[],"pidMode":null}`, true},
		{"container defaults", `{"containerDefinitions":[{"name":"app"}]}`,
			`{"containerDefinitions":[{"name":"app","cpu":0,"essential":true,"environment":[],"mountPoints":[],"volumesFrom":[],"systemControls":[],"portMappings":[]}]}`, true},
		{"essential false is no default", `{"containerDefinitions":[{"name":"app"}]}`, `{"containerDefinitions":[{"name":"app","essential":false}]}`, false},
		{"host port in awsvpc", `{"networkMode":"awsvpc","containerDefinitions":[{"name":"app","portMappings":[{"containerPort":80}]}]}`,
			`{"networkMode":"awsvpc","containerDefinitions":[{"name":"app","portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}]}]}`, true},
		{"host port in bridge", `{"networkMode":"bridge","containerDefinitions":[{"name":"app","portMappings":[{"containerPort":80}]}]}`,
			`{"containerDefinitions":[{"name":"app","portMappings":[{"containerPort":80,"hostPort":80}]}]}`, false},
		{"any host port in bridge", `{"containerDefinitions":[{"name":"app","portMappings":[{"containerPort":80}]}]}`,
			`{"containerDefinitions":[{"name":"app","portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp"}]}]}`, true},
		{"order of environment, secrets, ports and tags",
			`{"tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}],"containerDefinitions":[{"name":"app","environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"secrets":[{"name":"S","valueFrom":"x"},{"name":"T","valueFrom":"y"}],"portMappings":[{"containerPort":80},{"containerPort":9}]}]}`,
			`{"tags":[{"key":"b","value":"2"},{"key":"a","value":"1"}],"containerDefinitions":[{"name":"app","environment":[{"name":"B","value":"2"},{"name":"A","value":"1"}],"secrets":[{"valueFrom":"y","name":"T"},{"name":"S","valueFrom":"x"}],"portMappings":[{"containerPort":9},{"containerPort":80}]}]}`, true},
		{"order of a command", `{"containerDefinitions":[{"name":"app","command":["a","b"]}]}`, `{"containerDefinitions":[{"name":"app","command":["b","a"]}]}`, false},
		{"a variable's value", `{"containerDefinitions":[{"name":"app","environment":[{"name":"A","value":"1"}]}]}`, `{"containerDefinitions":[{"name":"app","environment":[{"name":"A","value":"2"}]}]}`, false},
		{"size as number and string", `{"cpu":256,"memory":512}`, `{"cpu":"256","memory":"512"}`, true},
		{"size in words", `{"cpu":"0.25 vCPU","memory":"2GB"}`, `{"cpu":"256","memory":"2048"}`, true},
		{"number forms", `{"containerDefinitions":[{"name":"app","memory":512}]}`, `{"containerDefinitions":[{"name":"app","memory":5.12e2}]}`, true},
		{"long numbers", `{"containerDefinitions":[{"name":"app","memory":12345678901234567}]}`, `{"containerDefinitions":[{"name":"app","memory":12345678901234568}]}`, false},
		{"image with and without a tag", `{"containerDefinitions":[{"name":"app",` + image + `}]}`, `{"containerDefinitions":[{"name":"app","image":"reg.example/api:1.2@` + digestA + `"}]}`, true},
		{"another digest", `{"containerDefinitions":[{"name":"app",` + image + `}]}`, `{"containerDefinitions":[{"name":"app","image":"reg.example/api@` + digestB + `"}]}`, false},
		{"a tag is not a digest", `{"containerDefinitions":[{"name":"app",` + image + `}]}`, `{"containerDefinitions":[{"name":"app","image":"reg.example/api:1.2"}]}`, false},
		{"our labels", `{"containerDefinitions":[{"name":"app",` + image + `,"dockerLabels":{"tagboat.tag":"1.2"}}]}`, `{"containerDefinitions":[{"name":"app",` + image + `}]}`, true},
		{"their labels", `{"containerDefinitions":[{"name":"app","dockerLabels":{"team":"a"}}]}`, `{"containerDefinitions":[{"name":"app"}]}`, false},
		{"health check defaults", `{"containerDefinitions":[{"name":"app","healthCheck":{"command":["CMD","x"]}}]}`,
			`{"containerDefinitions":[{"name":"app","healthCheck":{"command":["CMD","x"],"interval":30,"timeout":5,"retries":3}}]}`, true},
		{"volume defaults", `{"volumes":[{"name":"a"},{"name":"b","efsVolumeConfiguration":{"fileSystemId":"fs-1"}}]}`,
			`{"volumes":[{"name":"b","efsVolumeConfiguration":{"fileSystemId":"fs-1","rootDirectory":"/","transitEncryption":"DISABLED","authorizationConfig":{"iam":"DISABLED"}}},{"name":"a","host":{}}]}`, true},
		{"members that nobody has heard of", `{"family":"a","containerDefinitions":[{"name":"app","portMappings":[{"containerPort":80}]}]}`,
			`{"family":"a","newThing":{"on":false},"lastUsedAt":1.5,"containerDefinitions":[{"name":"app","newList":[1],"portMappings":[{"containerPort":80,"newText":"x"}]}]}`, true},
		{"strange types", `{"containerDefinitions":{"a":[]},"cpu":[1],"tags":"x"}`, `{"containerDefinitions":[1,null,[]],"cpu":{},"tags":{}}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := definition(t, tc.a), definition(t, tc.b)
			if got := taskdef.Equal(a, b); got != tc.want {
				t.Errorf("Equal = %v\n%s", got, taskdef.Diff(a, b))
			}
			if got := taskdef.Equal(b, a); got != tc.want {
				t.Errorf("Equal the other way round = %v", got)
			}
			if got := taskdef.Hash(a) == taskdef.Hash(b); got != tc.want {
				t.Errorf("hashes are equal: %v", got)
			}
			if got := taskdef.Diff(a, b) == ""; got != tc.want {
				t.Errorf("Diff = %q", taskdef.Diff(a, b))
			}
		})
	}
}

func TestDiff(t *testing.T) {
	older := definition(t, `{"family":"api","cpu":"256","revision":3,"containerDefinitions":[
		{"name":"app","image":"reg.example/api@`+digestA+`","dockerLabels":{"tagboat.tag":"1.0","tagboat.image":"api"},
		 "environment":[{"name":"B","value":"2"},{"name":"A","value":"1"}],"command":["run","--slow"],
		 "secrets":[{"name":"S","valueFrom":"arn:old"}],"portMappings":[{"containerPort":80,"hostPort":80}],
		 "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"a"}}},
		{"name":"gone","image":"x"},
		{"name":"same","image":"reg.example/same@`+digestA+`","dockerLabels":{"tagboat.tag":"a"}}]}`)
	newer := definition(t, `{"family":"api","memory":"512","containerDefinitions":[
		{"name":"same","image":"reg.example/same@`+digestA+`","dockerLabels":{"tagboat.tag":"b"}},
		{"name":"app","image":"reg.example/api@`+digestB+`","dockerLabels":{"tagboat.tag":"1.1","tagboat.image":"api","tagboat.revision":"0abc"},
		 "environment":[{"name":"A","value":"one"},{"name":"C","value":"3"}],"command":["run"],
		 "secrets":[{"name":"S","valueFrom":"arn:new"}],"portMappings":[{"containerPort":80,"hostPort":80},{"containerPort":9}],
		 "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"b"}}}]}`)
	casetest.Golden(t, "testdata/diff.golden", []byte(taskdef.Diff(older, newer)))
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
		t.Fatal(report(err))
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
	casetest.Golden(t, "testdata/swap.golden", []byte(report(err)))
	if _, err := taskdef.SwapImages(taskdef.Definition{}, nil); err != nil {
		t.Error(err)
	}
}
