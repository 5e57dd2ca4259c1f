package taskdef_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestInputOfAnAnswer registers what was answered: RegisterTaskDefinition refuses members
// that it does not have, and AWS adds members to its answers without notice.
func TestInputOfAnAnswer(t *testing.T) {
	for _, tc := range []struct {
		name, answer, want string
		left               []string
	}{
		{
			name: "what only answers have",
			answer: `{"family":"a","taskDefinitionArn":"arn","revision":7,"status":"INACTIVE","requiresAttributes":[{"name":"x"}],
				"compatibilities":["EC2"],"registeredAt":1.5,"registeredBy":"arn:me","deregisteredAt":2,"deleteRequestedAt":3,
				"containerDefinitions":[{"name":"app","image":"i"}],"placementConstraints":[],"volumes":[],"runtimePlatform":null}`,
			want: `{"containerDefinitions":[{"image":"i","name":"app"}],"family":"a"}`,
		},
		{
			name:   "tags of AWS",
			answer: `{"family":"a","tags":[{"key":"aws:cloudformation:stack-name","value":"s"},{"key":"AWS:x","value":"y"},{"key":"team","value":"shop"}]}`,
			want:   `{"family":"a","tags":[{"key":"team","value":"shop"}]}`,
		},
		{name: "no tags but those of AWS", answer: `{"family":"a","tags":[{"key":"aws:x","value":"y"}]}`, want: `{"family":"a"}`},
		{name: "an empty list of tags", answer: `{"family":"a","tags":[]}`, want: `{"family":"a"}`},
		{
			name: "members of the future, at every depth",
			answer: `{"family":"a","lastUsedAt":1.5,"containerDefinitions":[
				{"name":"app","image":"i","resolvedAt":1,"healthCheck":{"command":["CMD"],"lastResult":"ok"},"dockerLabels":{"free":"name"}},
				{"name":"b","image":"i","resolvedAt":2,"portMappings":[{"containerPort":80,"state":"open"}],"logConfiguration":{"logDriver":"awslogs","options":{"any":"x"}}}],
				"volumes":[{"name":"v","host":{"sourcePath":"/a","inode":7}}]}`,
			want: `{"containerDefinitions":[{"dockerLabels":{"free":"name"},"healthCheck":{"command":["CMD"]},"image":"i","name":"app"},` +
				`{"image":"i","logConfiguration":{"logDriver":"awslogs","options":{"any":"x"}},"name":"b","portMappings":[{"containerPort":80}]}],` +
				`"family":"a","volumes":[{"host":{"sourcePath":"/a"},"name":"v"}]}`,
			left: []string{
				"containerDefinitions[].healthCheck.lastResult", "containerDefinitions[].portMappings[].state", "containerDefinitions[].resolvedAt",
				"lastUsedAt", "volumes[].host.inode",
			},
		},
		{name: "nulls", answer: `{"family":"a","cpu":null,"containerDefinitions":[{"name":"b","user":null}]}`, want: `{"containerDefinitions":[{"name":"b"}],"family":"a"}`},
		{name: "numbers keep their digits", answer: `{"family":"a","containerDefinitions":[{"name":"b","memory":12345678901234567890}]}`, want: `{"containerDefinitions":[{"memory":12345678901234567890,"name":"b"}],"family":"a"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer, err := taskdef.FromJSON([]byte(tc.answer))
			if err != nil {
				t.Fatal(err)
			}
			before := string(answer.JSON())
			got, left := taskdef.Input(answer)
			if diff := cmp.Diff(tc.want, string(got.JSON())); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.left, left); diff != "" {
				t.Error(diff)
			}
			if string(answer.JSON()) != before {
				t.Error("the answer was changed")
			}
		})
	}
}
