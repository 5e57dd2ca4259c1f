package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TokenPrefix is what the names of our change sets begin with, and the ClientRequestTokens of our
// updates, by which a later run knows them.
const TokenPrefix = "tagboat-"

// Ours reports whether Tagboat began what goes on with the stack.
func (s *ObservedStack) Ours() bool {
	return strings.HasPrefix(s.UnderWay.Token, TokenPrefix) && s.UnderWay.Status == "UPDATE_IN_PROGRESS"
}

// through returns d with the task definition of its stack, in which the images are the pinned ones.
func (d Desired) through(o Observed) (Desired, error) {
	d.Revision, d.Former, d.Files, d.ServiceDefinition, d.LeftOut = "", nil, nil, nil, nil
	if o.Stack == nil || o.Stack.Registered == nil {
		return d, nil
	}
	registered, err := taskdef.FromJSON(o.Stack.Registered.Record)
	if err != nil {
		return d, fmt.Errorf("reading task definition %q: %w", o.Stack.Registered.ARN, err)
	}
	images := map[tagboat.ContainerName]tagboat.Reference{}
	for _, image := range d.Images {
		images[image.Container] = image.Pinned
	}
	d.Definition = taskdef.WithImages(registered, images)
	return d, nil
}

// planThrough is NewPlan of a service that is deployed through a stack.
func planThrough(target Target, o Observed) Plan {
	desired, err := target.Desired.through(o)
	target.Desired = desired
	p := Plan{Target: target, Observed: o}
	switch {
	case err != nil:
		p.Problems = []tagboat.Problem{desired.stackProblem("", err.Error())}
	case o.Stack == nil: // nobody looked at it
		p.Problems = Obstacles(desired, o)
	case o.Stack.Absent != nil:
		p.Problems = []tagboat.Problem{desired.stackProblem(o.Stack.Absent.Hint, o.Stack.Absent.Why)}
	default:
		if p.Problems = Obstacles(desired, o); len(p.Problems) == 0 {
			b := stackBuilder{desired: desired, observed: o, stack: o.Stack}
			b.plan()
			p.Steps, p.Diff, p.Problems, p.Warnings = b.steps, b.diff, b.problems, b.warnings
		}
	}
	return p
}

// stackProblem returns a problem at the place where tagboat.yaml names the stack.
func (d Desired) stackProblem(hint, message string) tagboat.Problem {
	return d.problemAt(d.Stack.Where, hint, message)
}

// stackBuilder collects the steps of a plan that goes through a stack.
type stackBuilder struct {
	desired            Desired
	observed           Observed
	stack              *ObservedStack
	steps              []Step
	diff               string
	problems, warnings []tagboat.Problem
}

func (b *stackBuilder) problem(hint, format string, args ...any) {
	b.problems = append(b.problems, b.desired.stackProblem(hint, fmt.Sprintf(format, args...)))
}

func (b *stackBuilder) plan() {
	switch s := b.stack; {
	case s.Busy() && s.Ours():
		b.steps = []Step{FollowUpdate{Stack: s.Name, Token: s.UnderWay.Token}}
	case s.Registered != nil && (Equal(b.desired.Definition, *s.Registered) || b.observed.AsPinned):
		b.nothingToBring()
	case !s.Updatable():
		b.notUpdatable()
	default:
		b.update()
	}
}

// notUpdatable says that nothing can be done before the stack is repaired.
func (b *stackBuilder) notUpdatable() {
	b.problem(HowToRepair(b.stack.Name, b.stack.Status), "the stack %s cannot be updated: %s", b.stack.Name, b.stack.state())
}

// nothingToBring makes sure that the service runs what its stack has.
func (b *stackBuilder) nothingToBring() {
	primary, ok := b.observed.Primary()
	again := fmt.Sprintf("aws ecs update-service --cluster %s --service %s --task-definition %s --force-new-deployment", b.desired.Cluster, b.desired.ServiceName, ecs.LastPart(b.stack.Registered.ARN))
	past := ok && primary.TaskDefinition != b.stack.Registered.ARN
	other := past && (b.observed.Current == nil || !Equal(b.desired.Definition, *b.observed.Current))
	switch {
	case other && !b.stack.Updatable():
		b.notUpdatable()
	case other:
		b.problem("bring it back to its stack: "+again,
			"the service %s was changed past its stack %s: it has %s, and the stack has %s with the pinned versions. CloudFormation finds nothing to change",
			b.desired.ServiceName, b.stack.Name, ecs.LastPart(primary.TaskDefinition), ecs.LastPart(b.stack.Registered.ARN))
	case !ok || primary.RolloutState == ecs.RolloutFailed:
		b.problem("once its cause is fixed, start it again: "+again,
			"ECS gave up deploying %s, which the stack %s has already. CloudFormation finds nothing to change", ecs.LastPart(b.stack.Registered.ARN), b.stack.Name)
	case !Settled(*b.observed.Service, primary):
		b.steps = []Step{Adopt{ID: primary.ID, TaskDefinition: primary.TaskDefinition}}
	}
	if past && len(b.problems) == 0 {
		b.warnings = append(b.warnings, b.desired.stackProblem("tagboat drift --env "+string(b.desired.Environment)+" shows what the next update would do",
			fmt.Sprintf("the service %s runs the pinned versions with %s, which its stack %s did not register", b.desired.ServiceName, ecs.LastPart(primary.TaskDefinition), b.stack.Name)))
	}
}

// update adds the step that updates the stack, and what an update would change where that was asked.
func (b *stackBuilder) update() {
	for _, image := range b.desired.Images {
		b.brings(image)
	}
	if len(b.problems) > 0 {
		return
	}
	b.diff = taskdef.Diff(b.registered(), b.desired.Definition)
	b.steps = []Step{UpdateStack{Stack: b.stack.Name}}
	if b.stack.Change != nil {
		b.changes(*b.stack.Change)
	}
}

// registered returns the task definition that the stack has; the zero one where it is gone.
func (b *stackBuilder) registered() taskdef.Definition {
	if b.stack.Registered == nil {
		return taskdef.Definition{}
	}
	d, err := taskdef.FromJSON(b.stack.Registered.Record)
	if err != nil {
		return taskdef.Definition{}
	}
	return d
}

// brings makes sure that an update with the template and the values that the stack has would bring
// an image: through a parameter.
func (b *stackBuilder) brings(image Image) {
	c, there := b.stack.TaskDefinition.Container(string(image.Container))
	at := b.desired.place("containerDefinitions", string(image.Container), "image")
	refuse := func(hint, format string, args ...any) {
		why := fmt.Sprintf(format, args...)
		b.problems = append(b.problems, b.desired.problemAt(at, hint, fmt.Sprintf("container %s: updating the stack %s would not bring image %s, %s", image.Container, b.stack.Name, image.Image, why)))
	}
	if !there {
		var names []string
		for _, c := range b.stack.TaskDefinition.Containers {
			names = append(names, c.Name.Value)
		}
		b.problems = append(b.problems, b.desired.problemAt(at, tagboat.Suggest(string(image.Container), names),
			fmt.Sprintf("the task definition %s of stack %s has no container %s", b.stack.TaskDefinition.Logical, b.stack.Name, image.Container)))
		return
	}
	if b.has(image) {
		return
	}
	plain, stored := c.Image.From(template.Plain), c.Image.From(template.Stored)
	given := slices.IndexFunc(plain, func(s template.Source) bool { return b.desired.Stack.Parameters[s.Name] == image.Image })
	switch i := slices.IndexFunc(c.Image.Sources, template.Source.Unversioned); {
	case i >= 0:
		refuse(fmt.Sprintf("docs/cloudformation.md has two ways out: a parameter of the type AWS::SSM::Parameter::Value<String> (tagboat generate cloudformation --snippet %s --env %s --way parameter), or a version in the reference", b.desired.Service, b.desired.Environment),
			"since its template has %s, which CloudFormation reads again only where the template's text changes", c.Image.Sources[i])
	case given >= 0:
		b.wholly(image, plain[given].Name, refuse)
	case len(stored) > 0:
	case c.Image.Literal():
		refuse("make it a parameter of the template, and name it: deploy: {parameters: {KEY: "+string(image.Image)+"}}", "since its template has %s itself", c.Image.Value)
	case len(plain) > 0:
		refuse(fmt.Sprintf("if that parameter takes the URI of the image, add it: deploy: {parameters: {%s: %s}}", plain[0].Name, image.Image),
			"which comes from %s, and tagboat.yaml does not name that", plain[0])
	case slices.ContainsFunc(c.Image.Sources, template.Source.Custom):
		refuse("read it from a parameter instead (docs/cloudformation.md), or update the stack yourself with another Serial",
			"which comes from %s: CloudFormation asks a custom resource again only where its properties change", c.Image.Sources[0])
	default:
		refuse("read it from a parameter of the stack (docs/cloudformation.md)", "which comes from %s", c.Image.Sources[0])
	}
}

// has reports whether the revision that the stack has names the pinned digest of an image already.
func (b *stackBuilder) has(image Image) bool {
	named, err := tagboat.ParseReference(b.registered().Containers()[image.Container])
	return err == nil && named.SameVersion(image.Pinned)
}

// wholly makes sure that a plain parameter is the whole image, since it gets a whole URI.
func (b *stackBuilder) wholly(image Image, key string, refuse func(hint, format string, args ...any)) {
	const other = "a"
	d, _ := b.stack.Template.TaskDefinition(b.stack.TaskDefinition.Logical, b.stack.Inputs.With(map[string]string{key: other}))
	if with, ok := d.Container(string(image.Container)); ok && with.Image.Known && with.Image.Value != other {
		refuse(fmt.Sprintf("let the template have the parameter alone: Image: !Ref %s", key),
			"since the template makes %s of the parameter %s, which gets a whole URI", strings.Replace(with.Image.Value, other, "${"+key+"}", 1), key)
	}
}

// values returns the values of the plain parameters that a service gives: repository:tag@digest.
func (d Desired) values() map[string]string {
	values := map[string]string{}
	for key, name := range d.Stack.Parameters {
		for _, image := range d.Images {
			if image.Image == name {
				values[key] = image.Pinned.String() // ECS itself names images so: containers-roadmap#2687
			}
		}
	}
	return values
}

// ChangeOf returns what a change set is to be asked for that updates the stack of some plans, whose
// services it has: with the template and the values that it has, and the pins' URIs. That two of
// them want other values of one parameter is an error of kind Usage.
func ChangeOf(plans []Plan) (cfn.ChangeRequest, error) {
	stack := plans[0].Observed.Stack
	r := cfn.ChangeRequest{Stack: stack.ID, Capabilities: stack.Capabilities, Parameters: map[string]string{}}
	for _, p := range stack.Parameters {
		r.Keep = append(r.Keep, p.Key)
	}
	for _, p := range plans {
		values := p.Desired.values()
		for _, key := range slices.Sorted(maps.Keys(values)) {
			value := values[key]
			if other, set := r.Parameters[key]; set && other != value {
				return r, tagboat.Usagef("the parameter %s of stack %s would be both %s and %s", key, stack.Name, other, value).At(p.Desired.Stack.Where).
					WithHint("give each image a parameter of its own")
			}
			if !slices.Contains(r.Keep, key) {
				return r, tagboat.Usagef("the stack %s has no parameter %s", stack.Name, key).At(p.Desired.Stack.Where).WithHint("%s", tagboat.Suggest(key, r.Keep))
			}
			r.Parameters[key] = value
		}
	}
	return r, nil
}
