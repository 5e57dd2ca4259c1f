package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/iam"
)

// tried are the actions of the checks before: whoever may not take one of them has read so.
var tried = []string{"ecs:DescribeServices", "logs:DescribeLogGroups", "ssm:GetParameters"}

func isRefused(err error) bool {
	var refused ecs.RefusedError
	return errors.As(err, &refused)
}

// Simulator reckons with policies: which actions of a statement a principal may not take.
type Simulator interface {
	Denied(ctx context.Context, principal string, s iam.Statement) ([]string, error)
}

// permissions asks IAM about all that each purpose needs, by the table of policies. Where
// that is not allowed, it says what was not checked.
func (d Doctor) permissions(ctx context.Context, env config.Environment, purposes []iam.Purpose, r *report) {
	session := d.Access.Session(env)
	_, caller, err := session.Identity(ctx)
	if err != nil {
		r.failed("permissions", err)
		return
	}
	ask := session.Permissions()
	principal := cloud.Principal(caller, env.Role)
	left := iam.Document{} // what IAM does not say
	var why error
	for _, purpose := range purposes {
		policy, err := d.Policies.Policy(ctx, purpose, []tagboat.EnvName{env.Name})
		switch {
		case err != nil:
			r.failed("may "+string(purpose), err)
			continue
		case why == nil:
			why = r.allowed(ctx, ask, principal, purpose, policy.Document)
		}
		if why != nil {
			left.Statement = append(left.Statement, policy.Document.Statement...)
		}
	}
	if why != nil {
		r.unasked(left, why)
	}
}

// errNoPrincipal says that a caller is neither a user nor a role.
var errNoPrincipal = errors.New("IAM has no policies of the caller, who is neither a user nor a role")

// allowed reports what of a policy the principal is not allowed. The error is that IAM does
// not say.
func (r *report) allowed(ctx context.Context, ask Simulator, principal string, purpose iam.Purpose, policy iam.Document) error {
	if principal == "" {
		return errNoPrincipal
	}
	var denied []string
	for _, s := range policy.Statement {
		those, err := ask.Denied(ctx, principal, s)
		if err != nil {
			return err
		}
		denied = append(denied, those...)
	}
	check := "may " + string(purpose)
	if len(denied) == 0 {
		r.ok(check, "yes, by the policies")
		return nil
	}
	slices.Sort(denied)
	r.add(check, tagboat.CheckProblem, principal+" may not: "+strings.Join(slices.Compact(denied), ", "),
		fmt.Sprintf("tagboat generate iam-policy --for %s --env %s prints a policy that allows it", purpose, r.environment))
	return nil
}

// unasked says what was not checked: all that no call before has tried.
func (r *report) unasked(policy iam.Document, why error) {
	var left []string
	for _, s := range policy.Statement {
		left = append(left, s.Action...)
	}
	left = slices.DeleteFunc(left, func(action string) bool { return slices.Contains(tried, action) })
	slices.Sort(left)
	r.add("permissions", tagboat.CheckUnchecked, why.Error()+"; not checked: "+strings.Join(slices.Compact(left), ", "),
		fmt.Sprintf("tagboat generate iam-policy --for doctor --env %s prints a policy with iam:SimulatePrincipalPolicy", r.environment))
}
