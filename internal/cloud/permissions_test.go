package cloud_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/iam"
)

func simulated(more, results string) answer {
	return answer{body: `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>` + results +
		`</EvaluationResults>` + more + `</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`}
}

// TestDenied asks for two pages.
func TestDenied(t *testing.T) {
	f := aws(t, map[string][]answer{"iam.SimulatePrincipalPolicy": {
		simulated(`<IsTruncated>true</IsTruncated><Marker>m</Marker>`, `<member><EvalActionName>ecs:UpdateService</EvalActionName><EvalDecision>implicitDeny</EvalDecision></member>`),
		simulated(`<IsTruncated>false</IsTruncated>`, `<member><EvalActionName>ecs:ListTasks</EvalActionName><EvalDecision>allowed</EvalDecision></member>`+
			`<member><EvalActionName>ecs:UpdateService</EvalActionName><EvalDecision>explicitDeny</EvalDecision></member>`),
	}})
	denied, err := open(t).At(cloud.Place{}).Permissions().Denied(t.Context(), "arn:aws:iam::111111111111:user/ci", iam.Statement{
		Action: []string{"ecs:UpdateService", "ecs:ListTasks"}, Resource: []string{"arn:x"},
		Condition: map[string]map[string][]string{"ArnEquals": {"ecs:cluster": {"arn:c"}}},
	})
	if diff := cmp.Diff([]string{"ecs:UpdateService"}, denied); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	asked := f.requests("iam.SimulatePrincipalPolicy")
	for name, want := range map[string]string{
		"PolicySourceArn": "arn:aws:iam::111111111111:user/ci", "ActionNames.member.2": "ecs:ListTasks", "ResourceArns.member.1": "arn:x",
		"ContextEntries.member.1.ContextKeyName": "ecs:cluster", "ContextEntries.member.1.ContextKeyValues.member.1": "arn:c", "Marker": "m",
	} {
		if got := asked[1].form.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// TestIAMRefusesToSay has the caller not be allowed to ask.
func TestIAMRefusesToSay(t *testing.T) {
	aws(t, map[string][]answer{"iam.SimulatePrincipalPolicy": {{status: 403, code: "AccessDenied", body: "User x may not"}}})
	_, err := open(t).At(cloud.Place{}).Serve("prod").Permissions().Denied(t.Context(), "arn:aws:iam::111111111111:user/ci", iam.Statement{Action: []string{"a:B"}})
	var refused ecs.RefusedError
	const want = "the caller may not call iam.SimulatePrincipalPolicy in prod (eu-west-1): User x may not (AccessDenied, request request-1)"
	if !errors.As(err, &refused) || refused.Action != "iam:SimulatePrincipalPolicy" || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestPrincipal(t *testing.T) {
	for _, c := range []struct{ caller, role, want string }{
		{"arn:aws:iam::1:user/team/ann", "", "arn:aws:iam::1:user/team/ann"},
		{"arn:aws-cn:sts::1:assumed-role/r/ann", "", "arn:aws-cn:iam::1:role/r"},
		{"arn:aws:sts::1:assumed-role/r/ann", "arn:aws:iam::1:role/ci/r", "arn:aws:iam::1:role/ci/r"},
		{"arn:aws:iam::1:root", "", ""},
		{"", "", ""},
	} {
		if got := cloud.Principal(c.caller, c.role); got != c.want {
			t.Errorf("%s: %s", c.caller, got)
		}
	}
}
