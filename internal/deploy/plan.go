package deploy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Plan is what a deployment would do to one service. A plan with Problems has no
// business being run.
type Plan struct {
	Target
	Observed Observed
	Steps    []Step // empty where ECS already runs what is wanted, and well
	Diff     string // of the task definition and the service; "" where they do not change
	Problems []tagboat.Problem
	Warnings []tagboat.Problem // what may be right, or could not be checked
	// LeftAlone says why the plan is not carried out; nil where it is.
	LeftAlone *LeftAlone
}

// LeftAlone is why a service is left as it is, and the verdict that this comes to.
type LeftAlone struct {
	Verdict tagboat.Verdict // blocked or skipped
	Why     string
}

// Changes reports whether the plan changes anything in AWS.
func (p Plan) Changes() bool {
	if p.LeftAlone != nil {
		return false
	}
	for _, s := range p.Steps {
		switch s.(type) {
		case Adopt, FollowUpdate, Judge:
		default:
			return true
		}
	}
	return false
}

// Document returns what plan prints: the plans that change something, and all problems.
func Document(plans []Plan) tagboat.PlanDocument {
	d := tagboat.PlanDocument{Changes: []tagboat.Change{}, Problems: []tagboat.Problem{}, Warnings: []tagboat.Problem{}}
	for _, p := range plans {
		if p.LeftAlone != nil {
			d.LeftAlone = append(d.LeftAlone, tagboat.LeftAlone{
				Environment: p.Desired.Environment, Service: p.Desired.Service, Verdict: p.LeftAlone.Verdict, Reason: p.LeftAlone.Why,
			})
			continue
		}
		d.Problems = append(d.Problems, p.Problems...)
		d.Warnings = append(d.Warnings, p.Warnings...)
		if !p.Changes() {
			if len(p.Problems) == 0 {
				d.Unchanged++
			}
			continue
		}
		c := tagboat.Change{
			Environment: p.Desired.Environment, Service: p.Desired.Service, Diff: p.Diff,
			Images: WithPreviousVersions(ImageStates(p.Desired.Images, nil), p),
		}
		for i, image := range c.Images {
			c.Images[i].Revision = p.Desired.Definition.Label(image.Container, taskdef.LabelRevision)
		}
		for _, s := range p.Steps {
			c.Steps = append(c.Steps, s.String())
		}
		d.Changes = append(d.Changes, c)
	}
	return d
}

// NewPlan compares what should run with what ECS has. It does nothing else.
func NewPlan(target Target, o Observed) Plan {
	if target.Desired.Stack != nil {
		return planThrough(target, o)
	}
	var err error
	if target.Desired, err = target.Desired.goingBack(o); err == nil {
		target.Desired, err = target.Desired.asExpress(o)
	}
	if err != nil {
		return Plan{Target: target, Observed: o, Problems: []tagboat.Problem{target.Desired.problem("", "", err.Error())}}
	}
	p := Plan{Target: target, Observed: o}
	if p.Problems = Obstacles(target.Desired, o); len(p.Problems) > 0 {
		return p
	}
	b := builder{desired: target.Desired, observed: o}
	if o.Service == nil {
		b.create()
	} else {
		b.update()
	}
	p.Steps, p.Diff, p.Problems = b.steps, b.diff, slices.Concat(b.problems, counts(target.Desired, o))
	if p.Changes() {
		p.Problems = append(p.Problems, deadlock(target.Desired, o)...)
	}
	return p
}

// builder collects the steps of one plan.
type builder struct {
	desired  Desired
	observed Observed
	steps    []Step
	diff     string
	problems []tagboat.Problem
}

func (b *builder) create() {
	b.diff = taskdef.Diff(taskdef.Definition{}, b.desired.Definition) + taskdef.NewService(*b.desired.ServiceDefinition)
	b.definition()
	b.steps = append(b.steps, CreateService{
		Cluster: b.desired.Cluster,
		Name:    b.desired.ServiceName,
		Input:   b.desired.ServiceDefinition.WithoutEmptyLists().JSON(),
	})
}

// definition adds the step that brings a revision equal to what is wanted.
func (b *builder) definition() {
	for _, candidate := range b.observed.Candidates {
		if candidate.Status == ecs.Active && Equal(b.desired.Definition, candidate) {
			b.steps = append(b.steps, Reuse{ARN: candidate.ARN})
			return
		}
	}
	b.steps = append(b.steps, Register{
		Family: b.desired.Definition.Family(), Input: b.desired.Definition.JSON(), LeftOut: b.desired.LeftOut,
	})
}

func (b *builder) update() {
	members := b.members()
	b.tags()
	if b.observed.AsPinned && len(members) == 0 {
		return // the first revision that brings something else names digests
	}
	b.diff = taskdef.Diff(b.current(), b.desired.Definition) + b.diff
	same := b.observed.Current != nil && Equal(b.desired.Definition, *b.observed.Current)
	if same && len(members) == 0 && b.observed.Stopped() == "" {
		b.nothingDiffers()
		return
	}
	if b.desired.Express {
		b.updateExpress()
		return
	}
	if !same || b.observed.Current.Status != ecs.Active {
		b.definition()
	}
	if count := b.observed.Stopped(); count != "" && members["desiredCount"] == nil {
		members["desiredCount"] = desiredCount(count)
	}
	b.updateService(members, same && !b.healthy())
}

// current returns the task definition in use; the zero one where it cannot be read.
func (b *builder) current() taskdef.Definition {
	if b.observed.Current == nil {
		return taskdef.Definition{}
	}
	d, err := taskdef.FromJSON(b.observed.Current.Record)
	if err != nil {
		return taskdef.Definition{}
	}
	return d
}

// nothingDiffers makes sure that what is wanted also came up.
func (b *builder) nothingDiffers() {
	primary, ok := b.observed.Primary()
	switch {
	case !ok || primary.RolloutState == ecs.RolloutFailed:
		b.updateService(nil, true)
	case !Settled(*b.observed.Service, primary):
		b.steps = append(b.steps, Adopt{ID: primary.ID, TaskDefinition: primary.TaskDefinition})
	}
}

// healthy reports whether the PRIMARY deployment needs no push to start again.
func (b *builder) healthy() bool {
	primary, ok := b.observed.Primary()
	return ok && primary.RolloutState != ecs.RolloutFailed && b.observed.Stopped() == ""
}

func (b *builder) updateService(members map[string]json.RawMessage, force bool) {
	force = force || WantsForce(members)
	b.steps = append(b.steps, UpdateService{
		Cluster: b.desired.Cluster, Name: b.desired.ServiceName, Members: members, Force: force,
	})
}

// WantsForce reports whether ECS refuses a change of the service that starts no
// deployment: "When switching from launch type to capacity provider strategy on an
// existing service, or making a change to a capacity provider strategy on a service that
// is already using one, you must force a new deployment." (reproio/ecs_deploy#75).
func WantsForce(members map[string]json.RawMessage) bool {
	return members["capacityProviderStrategy"] != nil
}

func desiredCount(tag string) json.RawMessage {
	n, err := strconv.Atoi(tag)
	if err != nil || n < 1 {
		n = 1
	}
	return json.RawMessage(strconv.Itoa(n))
}

// Equal reports whether a revision is what is wanted. One that cannot be read is not.
func Equal(wanted taskdef.Definition, revision ecs.TaskDefinition) bool {
	d, err := taskdef.FromJSON(revision.Record)
	return err == nil && taskdef.Equal(wanted, d)
}

// Obstacles are the problems that leave nothing to plan: there is no cluster, no
// service, or one that Tagboat cannot roll.
func Obstacles(d Desired, o Observed) []tagboat.Problem {
	var hint, message string
	switch {
	case o.ClusterMissing:
		message = fmt.Sprintf("cluster %q does not exist", d.Cluster)
		hint = "correct cluster under environments in tagboat.yaml, or create it: aws ecs create-cluster --cluster-name " + d.Cluster
	case o.Service == nil && d.Stack != nil && d.Stack.Absent != nil:
		message, hint = d.Stack.Absent.Why, d.Stack.Absent.Hint
	case o.Service == nil && d.Stack != nil:
		message = fmt.Sprintf("service %q does not exist in cluster %q, though the stack %s has it", d.ServiceName, d.Cluster, d.Stack.Name)
		hint = "somebody deleted it past its stack: have the stack make it again, for example by another logical id in its template"
	case o.Service == nil && d.Express:
		message = fmt.Sprintf("Express Mode service %q does not exist in cluster %q", d.ServiceName, d.Cluster)
		hint = "correct the name, or create it: aws ecs create-express-gateway-service --cluster " + d.Cluster + " --service-name " + d.ServiceName
	case o.Service == nil && d.ServiceDefinition == nil:
		message = fmt.Sprintf("service %q does not exist in cluster %q", d.ServiceName, d.Cluster)
		hint = "correct the name, or give the service a service: file in tagboat.yaml to create it from"
	case o.Service == nil:
		return nil
	case o.Service.Status == ecs.Draining:
		message = fmt.Sprintf("service %q in cluster %q is being deleted", d.ServiceName, d.Cluster)
		hint = "wait until it is gone and deploy again"
	case o.Service.Controller != "" && o.Service.Controller != "ECS":
		message = fmt.Sprintf("service %q is rolled by %s, not by ECS itself", d.ServiceName, o.Service.Controller)
		hint = "only services with the deployment controller ECS can be deployed"
	case o.Service.Manager == ecs.ByECS != d.Express:
		return []tagboat.Problem{notExpress(d)}
	default:
		return nil
	}
	return []tagboat.Problem{d.problem("", hint, message)}
}
