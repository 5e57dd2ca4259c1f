package doctor

import (
	"context"
	"errors"
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

// permissions asks IAM about all that each purpose needs, by the table of policies: of the role that
// gets to the environment, or of the caller. Where that is not allowed, it says what was not checked.
func (d Doctor) permissions(ctx context.Context, env config.Environment, purposes []iam.Purpose, r *report) {
	names := []tagboat.EnvName{env.Name}
	if env.Role != "" {
		its := slices.DeleteFunc(slices.Clone(purposes), iam.Purpose.OfCaller)
		d.permissionsAt(ctx, d.Access.Session(env), env.Role, names, its, r)
		purposes = slices.DeleteFunc(slices.Clone(purposes), func(p iam.Purpose) bool { return !p.OfCaller() })
	}
	d.permissionsAt(ctx, d.Access.At(cloud.Place{Region: d.Access.Located(env).Region}), "", names, purposes, r)
}

// home asks about the purposes that are about home, and about no environment.
func (d Doctor) home(ctx context.Context, purposes []iam.Purpose, r *report) {
	home := d.Fleet.Config.Home
	d.permissionsAt(ctx, d.Access.At(cloud.Place{Account: home.Account, Region: home.Region, Role: home.Role}), home.Role, nil, purposes, r)
}

func (d Doctor) permissionsAt(ctx context.Context, session *cloud.Session, role string, names []tagboat.EnvName, purposes []iam.Purpose, r *report) {
	if len(purposes) == 0 {
		return
	}
	_, caller, err := session.Identity(ctx)
	if err != nil {
		r.failed("permissions", err)
		return
	}
	ask := session.Permissions()
	principal := cloud.Principal(caller, role)
	left := iam.Document{} // what IAM does not say
	var why error
	for _, purpose := range purposes {
		policy, err := d.Policies.Policy(ctx, purpose, names)
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
		r.generate(purpose)+" prints a policy that allows it")
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
		r.generate(iam.Doctor)+" prints a policy with iam:SimulatePrincipalPolicy")
}

// generate is the command that prints a policy.
func (r *report) generate(purpose iam.Purpose) string {
	command := "tagboat generate iam-policy --for " + string(purpose)
	if r.environment != "" {
		command += " --env " + string(r.environment)
	}
	return command
}
