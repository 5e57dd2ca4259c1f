package doctor

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/iam"
)

// denies is an IAM that does not allow some actions, or does not answer.
type denies struct {
	actions map[string]bool
	err     error
}

func (d denies) Denied(_ context.Context, _ string, s iam.Statement) ([]string, error) {
	var denied []string
	for _, action := range s.Action {
		if d.actions[action] {
			denied = append(denied, action)
		}
	}
	return denied, d.err
}

func TestPermissions(t *testing.T) {
	const role = "arn:aws:iam::111111111111:role/r"
	policy := iam.Document{Statement: []iam.Statement{
		{Action: []string{"ssm:GetParameters", "ssm:PutParameter"}}, {Action: []string{"ecs:UpdateService", "ssm:PutParameter"}},
	}}
	for name, c := range map[string]struct {
		ask       denies
		principal string
		want      []tagboat.Check
		unasked   bool
	}{
		"all allowed": {denies{}, role, []tagboat.Check{{Environment: "dev", Check: "may deploy", Result: tagboat.CheckOK, Message: "yes, by the policies"}}, false},
		"some denied": {denies{actions: map[string]bool{"ssm:PutParameter": true}}, role, []tagboat.Check{{
			Environment: "dev", Check: "may deploy", Result: tagboat.CheckProblem, Message: role + " may not: ssm:PutParameter",
			Advice: "tagboat generate iam-policy --for deploy --env dev prints a policy that allows it",
		}}, false},
		"not asked":    {denies{err: errors.New("no")}, role, nil, true},
		"no principal": {denies{}, "", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := report{environment: "dev"}
			err := r.allowed(t.Context(), c.ask, c.principal, iam.Deploy, policy)
			if diff := cmp.Diff(c.want, r.checks); diff != "" || (err != nil) != c.unasked {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// TestWhatWasNotChecked leaves out what the checks before have tried.
func TestWhatWasNotChecked(t *testing.T) {
	r := report{environment: "dev"}
	r.unasked(iam.Document{Statement: []iam.Statement{
		{Action: []string{"ssm:GetParameters", "ssm:PutParameter"}}, {Action: []string{"ecs:UpdateService", "ssm:PutParameter"}},
	}}, errNoPrincipal)
	want := []tagboat.Check{{
		Environment: "dev", Check: "permissions", Result: tagboat.CheckUnchecked,
		Message: errNoPrincipal.Error() + "; not checked: ecs:UpdateService, ssm:PutParameter",
		Advice:  "tagboat generate iam-policy --for doctor --env dev prints a policy with iam:SimulatePrincipalPolicy",
	}}
	if diff := cmp.Diff(want, r.checks); diff != "" {
		t.Error(diff)
	}
}

func TestLogGroupsOfDefinitions(t *testing.T) {
	groups := map[string]bool{}
	addLogGroups(groups, []byte(`{"containerDefinitions":[
		{"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/a","awslogs-region":"r"}}},
		{"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/b","awslogs-create-group":"true"}}},
		{"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/elsewhere","awslogs-region":"q"}}},
		{"logConfiguration":{"logDriver":"splunk","options":{"awslogs-group":"/x"}}}, {}]}`), "r")
	if diff := cmp.Diff(map[string]bool{"/a": false, "/b": true}, groups); diff != "" {
		t.Error(diff)
	}
}
