package drift

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// place is one account and region.
type place struct {
	client  *deploy.Client
	session *cloud.Session
	views   []*view
	found   []tagboat.ServiceDrift // of all cells
	stacks  map[string]*stack      // by what they were asked for: names and ids
	mu      sync.Mutex
	notes   []string
}

// stack is one stack, read once.
type stack struct {
	cfn.Stack
	template  *template.Template
	resources []cfn.Resource
	missing   bool
	unread    string // why its template cannot be read
}

// owner is the stack that a service belongs to.
type owner struct {
	stack   *stack // nil where none does
	logical string
}

// The tags of what CloudFormation makes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
const (
	tagStack   = "aws:cloudformation:stack-id"
	tagLogical = "aws:cloudformation:logical-id"
)

// stacksAtOnce bounds how many stacks are read at a time.
const stacksAtOnce = 4

// named reads the stacks that tagboat.yaml names, and finds the services in them.
func (p *place) named(ctx context.Context) error {
	p.stacks = map[string]*stack{}
	of := map[*view]string{}
	for _, v := range p.views {
		if s := v.cell.Service; s.Stack != nil {
			of[v] = v.cell.StackName()
		}
	}
	if err := p.read(ctx, slices.Collect(maps.Values(of))); err != nil {
		return err
	}
	for v, name := range of {
		s := p.stacks[name]
		if s == nil || s.missing {
			if s != nil {
				v.owner = owner{stack: s}
			}
			continue
		}
		v.ownedBy(s)
	}
	return nil
}

// ownedBy finds the service in the stack that tagboat.yaml names.
func (v *view) ownedBy(s *stack) {
	service, absent := deploy.Stack{Name: s.Name, Resource: v.cell.Service.Stack.Resource}.ServiceIn(s.resources)
	if service.Logical != "" {
		v.owner = owner{s, service.Logical}
	}
	if absent != nil {
		v.unmade = fmt.Sprintf("%s (the stack is %s)", absent.Why, s.Status)
		return
	}
	v.target.Desired = v.target.Desired.Located(service.Physical)
}

// tagged finds the stacks of the other services by their tags. A service with an ARN of the older form
// has no tags; CloudFormation is asked for it, with a call each.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-arn-migration.html
func (p *place) tagged(ctx context.Context) error {
	of := map[*view]owner{}
	ids := map[*view]string{}
	for _, v := range p.views {
		service := v.sight.Observed.Service
		if service == nil || v.owner.stack != nil || v.cell.Service.Stack != nil {
			continue
		}
		ids[v] = service.Tags[tagStack]
		of[v] = owner{logical: service.Tags[tagLogical]}
		if cluster, _ := ecs.OfService(service.ARN); cluster == "" {
			id, logical, err := p.session.Stacks().Owner(ctx, service.ARN)
			if err := p.tolerate(err); err != nil {
				return err
			}
			ids[v], of[v] = id, owner{logical: logical}
		}
	}
	if err := p.read(ctx, slices.Collect(maps.Values(ids))); err != nil {
		return err
	}
	for v, id := range ids {
		if s := p.stacks[id]; s != nil && !s.missing {
			v.owner = owner{s, of[v].logical}
		}
	}
	return nil
}

// read reads those stacks that were not read before.
func (p *place) read(ctx context.Context, names []string) error {
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" || p.stacks[name] != nil })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(stacksAtOnce)
	for _, name := range names {
		group.Go(func() error {
			s, err := p.one(ctx, name)
			if err := p.tolerate(err); err != nil {
				return fmt.Errorf("reading stack %s: %w", name, err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if err == nil {
				p.stacks[name] = s
			}
			return nil
		})
	}
	return group.Wait()
}

// one reads a stack with three calls.
func (p *place) one(ctx context.Context, name string) (*stack, error) {
	api := p.client.Stacks
	described, err := api.Describe(ctx, name)
	if errors.Is(err, ecs.ErrNotFound) || err == nil && described.Gone() {
		return &stack{Stack: cfn.Stack{Name: name}, missing: true}, nil
	}
	if err != nil {
		return nil, err
	}
	s := &stack{Stack: described}
	if s.resources, err = api.Resources(ctx, described.ID); err != nil {
		return nil, err
	}
	body, err := api.Template(ctx, described.ID, true)
	if err != nil {
		return nil, err
	}
	if s.template, err = template.Read(body); err != nil {
		s.template, s.unread = &template.Template{}, err.Error()
	}
	return s, nil
}

// tolerate takes a refusal as something to note: all else is shown without.
func (p *place) tolerate(err error) error {
	var refused ecs.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	p.note(fmt.Sprintf("what stacks have is not known in %s, since %s is refused: tagboat generate iam-policy --for drift --env %s prints a policy with it",
		p.views[0].cell.Env.Name, refused.Action, p.views[0].cell.Env.Name))
	return nil
}

// physical returns the id of a resource in AWS.
func (s *stack) physical(logical string) string {
	for _, r := range s.resources {
		if r.Logical == logical {
			return r.Physical
		}
	}
	return ""
}

// last returns what the stack had at its last update.
func (s *stack) last() template.Inputs { return template.InputsOf(s.Stack, s.resources) }
