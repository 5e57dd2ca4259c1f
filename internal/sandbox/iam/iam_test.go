package iam_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/iam"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

func TestSimulatePrincipalPolicy(t *testing.T) {
	const action = "&ActionNames.member.1=ecs:UpdateService"
	for name, c := range map[string]struct{ query, code, body string }{
		"user":           {"PolicySourceArn=arn:aws:iam::111111111111:user/ann" + action, "", "<EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision>"},
		"resource":       {"PolicySourceArn=arn:aws:iam::111111111111:role/ci/r&ResourceArns.member.1=arn:x" + action, "", "<EvalActionName>ecs:UpdateService</EvalActionName><EvalResourceName>arn:x</EvalResourceName>"},
		"its policies":   {"PolicySourceArn=arn:aws:iam::111111111111:role/team/deployer&ActionNames.member.1=ssm:PutParameter&ResourceArns.member.1=arn:x", "", "<EvalDecision>implicitDeny</EvalDecision>"},
		"session":        {"PolicySourceArn=arn:aws:sts::111111111111:assumed-role/r/s" + action, "InvalidInput", ""},
		"other account":  {"PolicySourceArn=arn:aws:iam::222222222222:role/r" + action, "NoSuchEntity", ""},
		"no action":      {"PolicySourceArn=arn:aws:iam::111111111111:role/r", "ValidationError", ""},
		"nothing at all": {"", "InvalidInput", ""},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			service := expect.Value(iam.New(iam.Policy{Role: "deployer", Document: []byte(deployer)}))(t).Service()
			caller := wire.Caller{Scope: wire.Scope{Account: "111111111111"}}
			out, err := service.Operations["SimulatePrincipalPolicy"](t.Context(), &wire.Request{Caller: caller, Operation: "SimulatePrincipalPolicy", Form: form})
			var refused *wire.Error
			if errors.As(err, &refused) != (c.code != "") || refused != nil && refused.Code != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			if c.code == "" && !strings.Contains(string(service.Success("request", "SimulatePrincipalPolicy", out).Body), c.body) {
				t.Errorf("%s", service.Success("request", "SimulatePrincipalPolicy", out).Body)
			}
		})
	}
}
