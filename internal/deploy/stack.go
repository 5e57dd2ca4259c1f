package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Stack is the stack of CloudFormation that a service is deployed through.
type Stack struct {
	Name     string
	Resource string // logical id of the service; "" for the only one
	// Parameters are those of the stack that take the URI of an image, by their keys.
	Parameters map[string]tagboat.ImageName
	// Stored are the names of the parameters in Parameter Store that have the pin of an image.
	Stored map[tagboat.ImageName][]string
	// Allow are logical ids of other resources that an update may change.
	Allow []string
	Where tagboat.Position // where tagboat.yaml names the stack
	// PinFirst says that the versions are pinned after the plan was made, so that Parameter Store
	// does not have them yet.
	PinFirst bool
	Reader   *StackReader // of the run
	// Absent says why the stack has no such service; nil where it has one.
	Absent *Absence
}

// Absence is why something is not there, and what to do.
type Absence struct{ Why, Hint string }

// StackReader reads stacks, each once in a run. The zero value is ready. It is safe for concurrent
// use.
type StackReader struct {
	resources memo[stackQuestion, []cfn.Resource]
	stacks    memo[stackQuestion, cfn.Stack]
	templates memo[stackQuestion, *template.Template]
	underWay  memo[stackQuestion, cfn.Event]
}

type stackQuestion struct {
	to    *Client
	stack string
}

// Resources returns the resources of a stack.
func (r *StackReader) Resources(ctx context.Context, c *Client, stack string) ([]cfn.Resource, error) {
	return r.resources.get(ctx, stackQuestion{c, stack}, func() ([]cfn.Resource, error) {
		all, err := c.Stacks.Resources(ctx, stack)
		return all, reading(stack, err)
	})
}

func (r *StackReader) describe(ctx context.Context, c *Client, stack string) (cfn.Stack, error) {
	return r.stacks.get(ctx, stackQuestion{c, stack}, func() (cfn.Stack, error) {
		described, err := c.Stacks.Describe(ctx, stack)
		return described, reading(stack, err)
	})
}

// template reads the template with its transforms processed, which is what CloudFormation acts on.
func (r *StackReader) template(ctx context.Context, c *Client, stack string) (*template.Template, error) {
	return r.templates.get(ctx, stackQuestion{c, stack}, func() (*template.Template, error) {
		body, err := c.Stacks.Template(ctx, stack, true)
		if err != nil {
			return nil, reading(stack, err)
		}
		read, err := template.Read(body)
		if err != nil {
			return nil, fmt.Errorf("reading the template of stack %q: %w", stack, err)
		}
		return read, nil
	})
}

// began returns the event by which what goes on with a stack began.
func (r *StackReader) began(ctx context.Context, c *Client, s cfn.Stack) (cfn.Event, error) {
	return r.underWay.get(ctx, stackQuestion{c, s.Name}, func() (began cfn.Event, err error) {
		_, err = c.Stacks.Events(ctx, s.ID, func(e cfn.Event) bool {
			if e.Begins(s) {
				began = e
			}
			return began.ID != ""
		})
		return began, reading(s.Name, err)
	})
}

func reading(stack string, err error) error {
	if err != nil {
		return fmt.Errorf("reading stack %q: %w", stack, err)
	}
	return nil
}

// Find returns d with the name and cluster in ECS of the service that its stack has: one call for
// each stack.
func (d Desired) Find(ctx context.Context, c *Client) (Desired, error) {
	s := *d.Stack
	d.Stack = &s
	resources, err := s.Reader.Resources(ctx, c, s.Name)
	switch {
	case errors.Is(err, ecs.ErrNotFound):
		s.Absent = s.missing()
		d.ServiceName = ""
	case err != nil:
		return d, err
	default:
		found, absent := s.ServiceIn(resources)
		s.Absent, s.Resource = absent, found.Logical
		d = d.Located(found.Physical)
	}
	return d, nil
}

// Located returns d with the name, and the cluster, of the service that has an ARN.
func (d Desired) Located(arn string) Desired {
	cluster, name := ecs.OfService(arn)
	d.Cluster, d.ServiceName = cmp.Or(cluster, d.Cluster), name
	return d
}

func (s Stack) missing() *Absence {
	return &Absence{fmt.Sprintf("there is no stack %q", s.Name), "correct stack under deploy in tagboat.yaml, or create the stack from its template first"}
}

// ServiceIn returns the service among the resources of the stack, and why it is not there, or not yet.
func (s Stack) ServiceIn(resources []cfn.Resource) (cfn.Resource, *Absence) {
	var services []cfn.Resource
	var names, nested []string
	for _, r := range resources {
		switch {
		case r.Type == cfn.TypeStack:
			nested = append(nested, r.Logical)
		case r.Type == cfn.TypeService && r.Status != "DELETE_COMPLETE":
			services, names = append(services, r), append(names, r.Logical)
		}
	}
	if s.Resource != "" {
		services = slices.DeleteFunc(services, func(r cfn.Resource) bool { return r.Logical != s.Resource })
	}
	slices.Sort(names)
	switch {
	case len(services) == 1 && services[0].Physical == "":
		return services[0], &Absence{fmt.Sprintf("the stack %q has the service %s, which does not exist yet", s.Name, services[0].Logical),
			"wait until the stack is created, or create it again"}
	case len(services) == 1:
		return services[0], nil
	case len(services) > 1:
		return cfn.Resource{}, &Absence{fmt.Sprintf("the stack %q has several services: %s", s.Name, strings.Join(names, ", ")), "add resource: " + names[0] + ", or another one, to deploy in tagboat.yaml"}
	case len(names) > 0:
		return cfn.Resource{}, &Absence{fmt.Sprintf("the stack %q has no service %s: it has %s", s.Name, s.Resource, strings.Join(names, ", ")), tagboat.Suggest(s.Resource, names)}
	case len(nested) > 0:
		return cfn.Resource{}, &Absence{
			fmt.Sprintf("the stack %q has no service itself, and nested stacks: %s. Tagboat does not deploy services of nested stacks", s.Name, strings.Join(nested, ", ")),
			"move the service into the stack itself, or deploy it with taskDefinition and service files",
		}
	}
	return cfn.Resource{}, &Absence{fmt.Sprintf("the stack %q has no service of ECS", s.Name), "correct stack under deploy in tagboat.yaml"}
}

// ObservedStack is what is known of a service's stack before it is updated.
type ObservedStack struct {
	cfn.Stack
	Template       *template.Template
	Inputs         template.Inputs
	Service        template.Service
	TaskDefinition template.TaskDefinition
	Registered     *ecs.TaskDefinition // the revision that the stack has; nil where it is gone
	UnderWay       cfn.Event           // by which what goes on began; zero where nothing does
	Change         *StackChange        // what an update would change; nil where that was not asked
	Absent         *Absence
}

// lookAtStack reads the stack of a service: its description, template and resources once for all
// services that it has, and what goes on where something does.
func lookAtStack(ctx context.Context, t Target, o *Observed) error {
	s := t.Desired.Stack
	o.Stack = &ObservedStack{Absent: s.Absent}
	described, err := s.Reader.describe(ctx, t.Client, s.Name)
	if errors.Is(err, ecs.ErrNotFound) {
		o.Stack.Absent = s.missing()
		return nil
	}
	if err != nil {
		return err
	}
	o.Stack.Stack = described
	switch {
	case described.Parent != "":
		o.Stack.Absent = &Absence{
			fmt.Sprintf("the stack %q is nested in %s, and is updated with that stack only", s.Name, described.Parent),
			"move the service into a stack of its own, or deploy it with taskDefinition and service files",
		}
	case s.Absent != nil && !described.Updatable():
		o.Stack.Absent = &Absence{fmt.Sprintf("the stack %s cannot be updated: %s", s.Name, o.Stack.state()), HowToRepair(s.Name, described.Status)}
	}
	if o.Stack.Absent != nil {
		return nil
	}
	if described.Busy() {
		if o.Stack.UnderWay, err = s.Reader.began(ctx, t.Client, described); err != nil {
			return err
		}
	}
	resources, err := s.Reader.Resources(ctx, t.Client, s.Name)
	if err != nil {
		return err
	}
	read, err := s.Reader.template(ctx, t.Client, s.Name)
	if tagboat.KindOf(err) == tagboat.Usage && !errors.Is(err, ecs.ErrNotFound) {
		o.Stack.Absent = &Absence{err.Error(), "update the stack with a template that CloudFormation reads, then deploy"}
		return nil
	}
	if err != nil {
		return err
	}
	o.Stack.read(read, template.InputsOf(described, resources), s.Resource)
	i := slices.IndexFunc(resources, func(r cfn.Resource) bool { return r.Logical == o.Stack.TaskDefinition.Logical && r.Physical != "" })
	if i < 0 {
		return nil
	}
	if o.Stack.Registered, err = o.read.describe(ctx, t, resources[i].Physical); err != nil || o.Stack.Registered == nil {
		return err
	}
	if t.Desired, err = t.Desired.through(*o); err != nil {
		return err
	}
	o.AsPinned, err = runsAsPinned(ctx, t, *o)
	return err
}

// read notes what the template says of the service.
func (s *ObservedStack) read(t *template.Template, in template.Inputs, resource string) {
	s.Template, s.Inputs = t, in
	service, there := t.Service(resource, in)
	if !there {
		s.Absent = &Absence{fmt.Sprintf("the template of stack %q has no service %s", s.Name, resource), "update the stack with its template, then deploy"}
		return
	}
	s.Service = service
	if service.TaskDefinition == "" {
		s.Absent = &Absence{
			fmt.Sprintf("the service %s of stack %q has the task definition %s, which is not in the stack's template", resource, s.Name, service.Literal.Value),
			"deploy it by its family instead: leave deploy out, and write taskDefinition: {family: NAME}",
		}
		return
	}
	s.TaskDefinition, _ = t.TaskDefinition(service.TaskDefinition, in)
	s.TaskDefinition.Logical = service.TaskDefinition
}
