package members_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud/members"
)

func TestCheck(t *testing.T) {
	for document, says := range map[string]string{
		`{}`:                    "",
		`{"family":null}`:       "",
		`{"fammily":"a"}`:       "fammily is not known",
		`{"Family":"a"}`:        "Family is not known",
		`[]`:                    "the document must be an object",
		`{"volumes":{}}`:        "volumes must be a list",
		`{"volumes":[{"x":1}]}`: "volumes[0].x is not known",
		`{"containerDefinitions":[{},{"healthCheck":{"retry":1}}]}`:                                       "containerDefinitions[1].healthCheck.retry is not known",
		`{"containerDefinitions":[{"dockerLabels":{"anything":"goes"}}]}`:                                 "",
		`{"containerDefinitions":[{"logConfiguration":{"options":[]}}]}`:                                  "containerDefinitions[0].logConfiguration.options must be an object",
		`{"containerDefinitions":[{"resourceRequirements":[{"sharingStrategy":{"nvidiaMps":{"y":1}}}]}]}`: "sharingStrategy.nvidiaMps.y is not known",
	} {
		err := members.Check(schemas.RegisterTaskDefinitionRequest, json.RawMessage(document))
		switch {
		case says == "" && err != nil:
			t.Errorf("%s: %v", document, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says) || tagboat.KindOf(err) != tagboat.Usage):
			t.Errorf("%s: %v", document, err)
		}
	}
}

func TestCheckSaysAllAndSuggests(t *testing.T) {
	err := members.Check(schemas.RegisterTaskDefinitionRequest, json.RawMessage(`{"fammily":"a","volumess":[]}`))
	var e *tagboat.Error
	if !errors.As(err, &e) || e.Hint != `did you mean "family"?` || !strings.Contains(err.Error(), "volumess") {
		t.Errorf("%v, hint %q", err, e.Hint)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(`{"family":"a","containerDefinitions":[{"name":"x"}]}`)
	f.Add(`{"volumes":[{"x":[]}]}`)
	f.Fuzz(func(t *testing.T, document string) {
		err := members.Check(schemas.RegisterTaskDefinitionRequest, json.RawMessage(document))
		if err == nil && !json.Valid([]byte(document)) {
			t.Errorf("%q was taken", document)
		}
	})
}
