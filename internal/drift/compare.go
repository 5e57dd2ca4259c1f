package drift

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// values reads what Parameter Store has now of what templates read, by name; ten names a call.
func (p *place) values(ctx context.Context) (map[string]string, error) {
	names := map[string]bool{}
	for _, v := range p.views {
		s := v.owner.stack
		if s == nil || s.template == nil {
			continue
		}
		for key, declared := range s.template.Parameters {
			if value, has := s.Parameter(key); has && declared.SSM() {
				names[value.Value] = true
			}
		}
		for _, d := range s.template.TaskDefinitions(s.last()) {
			for _, c := range d.Containers {
				for _, from := range c.Image.From(template.Dynamic) {
					if from.Reference.Service == "ssm" {
						names[parameterName(from.Reference)] = true
					}
				}
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	read, err := p.session.Parameters().Get(ctx, slices.Sorted(maps.Keys(names)))
	if err := p.tolerate(err); err != nil {
		return nil, fmt.Errorf("reading what templates read: %w", err)
	}
	if err != nil {
		return nil, nil //nolint:nilerr // it is noted
	}
	values := map[string]string{}
	for name, parameter := range read {
		values[name] = parameter.Value
	}
	return values, nil
}

func parameterName(r template.Reference) string {
	if r.Version == "" {
		return r.Name
	}
	return r.Name + ":" + r.Version
}

// inputs returns what a stack's template had at its last update, and what it would have now.
func (s *stack) inputs(values map[string]string) (last, now template.Inputs, missing []string) {
	last = s.last()
	now = last.With(nil)
	for key, declared := range s.template.Parameters {
		had, has := s.Parameter(key)
		value, there := values[had.Value]
		switch {
		case !has || !declared.SSM():
		case there:
			now.Parameters[key] = value
		case values == nil:
			delete(now.Parameters, key)
		default:
			missing = append(missing, had.Value)
			delete(now.Parameters, key)
		}
	}
	slices.Sort(missing)
	now.Dynamic = func(r template.Reference) (string, bool) {
		value, there := values[parameterName(r)]
		return value, there && r.Service == "ssm"
	}
	return last, now, missing
}

// compare fills in what was found of every service.
func (p *place) compare(ctx context.Context, values map[string]string) error {
	tags := map[tagboat.Digest]string{}
	for _, v := range p.views {
		for _, i := range v.target.Desired.Images {
			tags[i.Pinned.Digest] = i.Pinned.Tag
		}
	}
	return deploy.Each(ctx, p.targets(), func(ctx context.Context, i int) error {
		return p.describe(ctx, p.views[i], values, tags)
	})
}

// describe says all of one service.
func (p *place) describe(ctx context.Context, v *view, values map[string]string, tags map[tagboat.Digest]string) error {
	o := v.sight.Observed
	d := v.target.Desired
	s := status.Status(d, o, v.sight.Tasks, v.target.Client.Time())
	out := tagboat.ServiceDrift{
		Environment: s.Environment, Stage: s.Stage, Tenant: s.Tenant, Service: s.Service, State: s.State, TaskDefinition: s.TaskDefinition,
		Differences: []string{},
	}
	current := images(o.Current, tags)
	for _, i := range s.Images {
		out.Images = append(out.Images, tagboat.ImageDrift{
			Container: i.Container, Image: i.Image,
			Pinned:   tagboat.Observed{Tag: i.Tag, Digest: i.Pinned},
			Deployed: current[i.Container],
			Running:  tagboat.Observed{Tag: i.RunningTag, Digest: i.Running},
		})
	}
	var owned *ecs.TaskDefinition
	if st := v.owner.stack; st != nil && !st.missing {
		var err error
		if owned, err = p.owned(ctx, v, o.Current); err != nil {
			return err
		}
		facts := v.facts(out, owned, values, tags)
		out.Stack = v.stackDrift(facts, out.Images)
	}
	out.Diff = v.diff(owned)
	out.Differences = append(out.Differences, v.differences(out, owned)...)
	p.found[v.at] = out
	return nil
}

// owned returns the stack's own revision of the service's task definition, which takes a call where
// the service has another one.
func (p *place) owned(ctx context.Context, v *view, current *ecs.TaskDefinition) (*ecs.TaskDefinition, error) {
	arn := v.ownedARN()
	switch {
	case arn == "":
		return nil, nil
	case current != nil && current.ARN == arn:
		return current, nil
	}
	if d, cached := v.target.Cached(arn); cached {
		return &d, nil
	}
	d, err := p.client.ECS.DescribeTaskDefinition(ctx, arn)
	if errors.Is(err, ecs.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading task definition %s: %w", arn, err)
	}
	return &d, nil
}

// ownedARN returns the ARN of the stack's revision; "" where the template names another one.
func (v *view) ownedARN() string {
	st := v.owner.stack
	service, there := st.template.Service(v.owner.logical, st.last())
	if !there || service.TaskDefinition == "" {
		return ""
	}
	return st.physical(service.TaskDefinition)
}

// images returns the versions that a revision has.
func images(d *ecs.TaskDefinition, tags map[tagboat.Digest]string) map[tagboat.ContainerName]tagboat.Observed {
	all := map[tagboat.ContainerName]tagboat.Observed{}
	if d == nil {
		return all
	}
	definition, err := taskdef.FromJSON(d.Record)
	if err != nil {
		return all
	}
	for container, image := range definition.Containers() {
		o := observed(image, tags)
		if o.Tag == "" && o.Digest != "" {
			o.Tag = definition.Label(container, taskdef.LabelTag)
		}
		all[container] = o
	}
	return all
}

// observed returns the version that a reference names, with the tag that it is pinned by.
func observed(image string, tags map[tagboat.Digest]string) tagboat.Observed {
	ref, err := tagboat.ParseReference(image)
	if err != nil {
		return tagboat.Observed{}
	}
	o := tagboat.Observed{Tag: ref.Tag, Digest: ref.Digest}
	if o.Tag == "" && o.Digest == "" {
		o.Tag = "latest" // as a registry reads it
	}
	if o.Tag == "" {
		o.Tag = tags[o.Digest]
	}
	return o
}

// facts gathers what is known for foreseeing the stack's updates.
func (v *view) facts(out tagboat.ServiceDrift, owned *ecs.TaskDefinition, values map[string]string, tags map[tagboat.Digest]string) Facts {
	st := v.owner.stack
	last, now, missing := st.inputs(values)
	f := Facts{Service: out.Service, Stack: st.Stack, Deployed: out.TaskDefinition, Missing: missing}
	service, there := st.template.Service(v.owner.logical, last)
	if !there {
		f.Literal = template.Text{Value: "the template has no service " + v.owner.logical}
		return f
	}
	f.Literal = service.Literal
	if service.TaskDefinition == "" && f.Literal.Value == "" {
		f.Literal.Value = "it names none"
	}
	f.Owned, f.Gone = st.physical(service.TaskDefinition), owned != nil && owned.Status != "ACTIVE"
	f.Moves = st.template.Moves(service.TaskDefinition, last, now)
	templated := images(owned, tags)
	definition, _ := st.template.TaskDefinition(service.TaskDefinition, now)
	for _, i := range out.Images {
		image := ImageFacts{Container: i.Container, Image: i.Image, Pinned: i.Pinned, Deployed: i.Deployed, Templated: templated[i.Container]}
		if c, is := definition.Container(string(i.Container)); is {
			image.Known, image.Refused, image.Sources = c.Image.Known, c.Image.Refused, c.Image.Sources
			if image.Known {
				image.Resolved = observed(c.Image.Value, tags)
			}
		}
		for _, s := range image.Sources {
			if s.Custom() && st.template.Moves(s.Name, last, now) && !slices.Contains(f.Asked, s.Name) {
				f.Asked = append(f.Asked, s.Name)
			}
		}
		f.Images = append(f.Images, image)
	}
	return f
}

// stackDrift says what the stack's updates would do, and completes the images with its view.
func (v *view) stackDrift(f Facts, states []tagboat.ImageDrift) *tagboat.StackDrift {
	s := &tagboat.StackDrift{Name: f.Stack.Name, ID: f.Stack.ID, Status: f.Stack.Status, Resource: v.owner.logical, TaskDefinition: f.Owned}
	s.Update, s.Change, s.Revert = Foresee(f)
	for n, i := range f.Images {
		states[n].Templated, states[n].Resolved, states[n].Source = i.Templated, i.Resolved, kinds(i.Sources)
	}
	return s
}

func kinds(all []template.Source) string {
	var parts []string
	for _, s := range all {
		if !slices.Contains(parts, string(s.Kind)) {
			parts = append(parts, string(s.Kind))
		}
	}
	if len(parts) == 0 {
		return "literal"
	}
	return strings.Join(parts, ",")
}
