// Package doctor looks at what Tagboat needs where each environment is: credentials,
// account, region, role, cluster, repositories, log groups, permissions and the clock; and
// says for each what to do. It changes nothing.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/generate"
	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Doctor examines environments. It is safe for concurrent use.
type Doctor struct {
	Fleet    *fleet.Fleet
	Access   *access.Access
	Policies generate.Generator // what each purpose needs
}

// environmentsAtOnce bounds how many environments are examined at the same time.
const environmentsAtOnce = 5

// Examine returns the checks of the environments that are chosen, in their order, and of
// the repositories. What is wrong is in the document; the error is of the selection.
func (d Doctor) Examine(ctx context.Context, selected fleet.Selection, purposes []iam.Purpose) (tagboat.DoctorDocument, error) {
	environments, err := d.Fleet.Environments(selected)
	if err != nil {
		return tagboat.DoctorDocument{}, err
	}
	var ofHome []iam.Purpose
	purposes = slices.DeleteFunc(slices.Clone(purposes), func(p iam.Purpose) bool {
		if p.OfHome() {
			ofHome = append(ofHome, p)
		}
		return p.OfHome()
	})
	reports := make([]report, len(environments)+2)
	var all errgroup.Group
	all.SetLimit(environmentsAtOnce)
	for i, env := range environments {
		all.Go(func() error {
			reports[i] = report{environment: env.Name}
			d.environment(ctx, env, purposes, &reports[i])
			return nil
		})
	}
	all.Go(func() error {
		d.repositories(ctx, &reports[len(environments)])
		return nil
	})
	all.Go(func() error {
		d.home(ctx, ofHome, &reports[len(environments)+1])
		return nil
	})
	_ = all.Wait()
	document := tagboat.DoctorDocument{Checks: []tagboat.Check{}}
	for _, r := range reports {
		document.Checks = append(document.Checks, r.checks...)
	}
	return document, ctx.Err()
}

// report is what was found of an environment.
type report struct {
	environment tagboat.EnvName
	checks      []tagboat.Check
}

func (r *report) add(check string, result tagboat.CheckResult, message, advice string) {
	r.checks = append(r.checks, tagboat.Check{Environment: r.environment, Check: check, Result: result, Message: message, Advice: advice})
}

func (r *report) ok(check, format string, args ...any) {
	r.add(check, tagboat.CheckOK, fmt.Sprintf(format, args...), "")
}

// failed reports an error. A refusal says nothing of what was asked for.
func (r *report) failed(check string, err error) {
	result := tagboat.CheckProblem
	if isRefused(err) {
		result = tagboat.CheckUnchecked
	}
	r.add(check, result, err.Error(), tagboat.HintOf(err))
}

// environment examines one. What follows from an earlier check is left out where that found
// a problem.
func (d Doctor) environment(ctx context.Context, env config.Environment, purposes []iam.Purpose, r *report) {
	if !d.way(ctx, env, r) {
		return
	}
	session := d.Access.Session(env)
	d.clock(session, r)
	d.cluster(ctx, env, r)
	d.logGroups(ctx, env, r)
	d.pins(ctx, env, r)
	d.permissions(ctx, env, purposes, r)
}

// way examines how the environment is reached, and reports whether it is.
func (d Doctor) way(ctx context.Context, env config.Environment, r *report) bool {
	region := d.Access.Located(env).Region
	if region == "" {
		r.add("region", tagboat.CheckProblem, "no region is set", "give it a region: in "+d.Fleet.Config.File+", or set AWS_REGION")
		return false
	}
	r.ok("region", "%s", region)
	own := d.Access.At(cloud.Place{Region: region}).Serve(string(env.Name))
	account, caller, err := own.Identity(ctx)
	if err != nil {
		r.add("credentials", tagboat.CheckProblem, err.Error(), tagboat.HintOf(err))
		return false
	}
	r.ok("credentials", "%s", caller)
	if env.Role != "" {
		var as string
		if account, as, err = d.Access.Session(env).Identity(ctx); err != nil {
			r.add("role", tagboat.CheckProblem, err.Error(), tagboat.HintOf(err))
			return false
		}
		r.ok("role", "%s", as)
	}
	if env.Account != "" && env.Account != account {
		r.add("account", tagboat.CheckProblem, fmt.Sprintf("%s says account %s, and the caller is in %s", d.Fleet.Config.File, env.Account, account),
			cmp.Or(wrongRole(env), "choose other credentials with AWS_PROFILE (aws configure list-profiles), or give the environment a role"))
		return false
	}
	r.ok("account", "%s", account)
	return true
}

func wrongRole(env config.Environment) string {
	if env.Role == "" {
		return ""
	}
	return "correct account or role in tagboat.yaml"
}

// AWS refuses signatures that are more than five minutes from its own time.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const worstSkew, largestSkew = 5 * time.Minute, 30 * time.Second

func (d Doctor) clock(session *cloud.Session, r *report) {
	skew := session.Skew()
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	text := fmt.Sprintf("%s %s AWS's", skew.Abs().Round(time.Second), direction)
	const advice = "set the clock, for example: sudo timedatectl set-ntp true"
	switch {
	case !d.Access.IsAWS(): // a sandbox's clock runs as fast as it is told to
		r.ok("clock", "not compared: an endpoint of yours")
	case skew.Abs() >= worstSkew:
		r.add("clock", tagboat.CheckProblem, text+"; AWS refuses what is signed more than 5m0s off", advice)
	case skew.Abs() >= largestSkew:
		r.add("clock", tagboat.CheckOK, text, advice)
	default:
		r.ok("clock", "as AWS's")
	}
}

// cluster asks the cluster for the services of the file.
func (d Doctor) cluster(ctx context.Context, env config.Environment, r *report) {
	cells, err := d.cells(env)
	if err != nil {
		r.failed("cluster", err)
		return
	}
	var names []string
	for _, c := range cells {
		if c.Service.Stack != nil {
			d.stack(ctx, c, r)
			continue
		}
		desired, err := c.Offline()
		if err != nil {
			r.failed("services", err)
			continue
		}
		names = append(names, desired.ServiceName)
	}
	if len(names) == 0 {
		return
	}
	services, missing, err := d.Access.Session(env).ECS().DescribeServices(ctx, env.Cluster, names)
	if errors.Is(err, ecs.ErrNotFound) {
		r.add("cluster", tagboat.CheckProblem, err.Error(), "correct account, region or cluster in tagboat.yaml, or create the cluster")
		return
	}
	if err != nil {
		r.failed("cluster", err)
		return
	}
	text := fmt.Sprintf("%s, with %d of %d services", env.Cluster, len(services), len(names))
	if len(missing) > 0 {
		text += "; not there: " + strings.Join(missing, ", ")
	}
	r.ok("cluster", "%s", text)
}

// stack looks for the stack that a service is deployed through.
func (d Doctor) stack(ctx context.Context, c fleet.Cell, r *report) {
	name := c.StackName()
	stack, err := d.Access.Session(c.Env).Stacks().Describe(ctx, name)
	switch {
	case errors.Is(err, ecs.ErrNotFound):
		r.add("stack", tagboat.CheckProblem, fmt.Sprintf("there is no stack %s, which has service %s", name, c.Service.Name), "create it, or correct stack under deploy in tagboat.yaml")
	case err != nil:
		r.failed("stack", err)
	case !stack.Updatable():
		r.add("stack", tagboat.CheckProblem, fmt.Sprintf("the stack %s, which has service %s, is %s", name, c.Service.Name, stack.Status), deploy.HowToRepair(name, stack.Status))
	default:
		r.ok("stack", "%s is %s", name, stack.Status)
	}
}

func (d Doctor) cells(env config.Environment) ([]fleet.Cell, error) {
	services, err := d.Fleet.Services(fleet.Selection{})
	if err != nil {
		return nil, err
	}
	return d.Fleet.Unpinned(env, services)
}

// pins reads the pins.
func (d Doctor) pins(ctx context.Context, env config.Environment, r *report) {
	names := d.Fleet.Layout().Parameters(env)
	found, err := d.Access.Session(env).Parameters().Get(ctx, names)
	if err != nil {
		r.failed("pins", err)
		return
	}
	if len(found) == 0 {
		r.add("pins", tagboat.CheckOK, "nothing is pinned: no parameter "+strings.Join(names, ", ")+" in this account and region", "tagboat pin IMAGE=VERSION --env "+string(env.Name))
		return
	}
	readable := len(found)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, err := ledger.Object(found[name]); err != nil {
			readable--
			r.failed("pins", err)
		}
	}
	if readable > 0 {
		r.ok("pins", "%d of %d parameters", readable, len(names))
	}
}

// logGroups looks for the log groups that containers write to. That of the journal is made
// when something is written to it.
func (d Doctor) logGroups(ctx context.Context, env config.Environment, r *report) {
	cells, err := d.cells(env)
	if err != nil {
		return // which cluster has said
	}
	groups := map[string]bool{} // and whether ECS creates them
	for _, c := range cells {
		if desired, err := c.Offline(); err == nil && c.Templates.Definition != nil {
			addLogGroups(groups, desired.Definition.JSON(), d.Access.Located(env).Region)
		}
	}
	there, failed := 0, false
	logs := d.Access.Session(env).Logs()
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		exists, err := logs.GroupExists(ctx, group)
		switch {
		case err != nil:
			r.failed("log groups", err)
			return
		case exists || groups[group]:
			there++
		default:
			failed = true
			r.add("log groups", tagboat.CheckProblem, "log group "+group+" does not exist", d.createLogGroup(env, group))
		}
	}
	if !failed && there > 0 {
		r.ok("log groups", "%d of %d", there, len(groups))
	}
}

func (d Doctor) createLogGroup(env config.Environment, group string) string {
	command := "aws logs create-log-group --log-group-name " + group + " --region " + d.Access.Located(env).Region
	if env.Role == "" {
		return command
	}
	return "in the account of " + env.Role + ": " + command
}
