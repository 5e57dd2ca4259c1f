package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation"
	"github.com/tagboat/tagboat/internal/sandbox/cloudwatch"
	"github.com/tagboat/tagboat/internal/sandbox/ecr"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
	"github.com/tagboat/tagboat/internal/sandbox/elb"
	"github.com/tagboat/tagboat/internal/sandbox/events"
	"github.com/tagboat/tagboat/internal/sandbox/express"
	"github.com/tagboat/tagboat/internal/sandbox/iam"
	"github.com/tagboat/tagboat/internal/sandbox/logs"
	"github.com/tagboat/tagboat/internal/sandbox/mirror"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/secretsmanager"
	"github.com/tagboat/tagboat/internal/sandbox/sqs"
	"github.com/tagboat/tagboat/internal/sandbox/ssm"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Module is one AWS service. It may also be a Saver and a Runner, and a Registry.
type Module interface {
	// Service returns the module's table of operations. It is asked once.
	Service() wire.Service
}

// Saver is a Module with state that can outlive the process.
type Saver interface {
	// Save returns a snapshot of all state that encoding/json can write. Whatever
	// changes later must not change the snapshot.
	Save() (any, error)
	// Load puts back what Save returned. It is called before any request is served.
	Load(json.RawMessage) error
}

// Runner is a Module that also works between calls, such as a scheduler.
type Runner interface {
	// Run works until ctx ends. An error other than ctx's ends the sandbox.
	Run(ctx context.Context) error
}

// Registry is a Module that also serves the OCI distribution API below /v2/. Who may
// call there is its own decision.
type Registry interface {
	http.Handler
}

// builtin makes the services that the sandbox has besides STS and ties together
// those that need one another.
//
//	ECS ──▶ registry (pulls images), logs (containers print), ELB (tasks are targets),
//	        Parameter Store and Secrets Manager (secrets), CloudWatch (alarms), the functions of hooks
//	ECS, registry ──▶ EventBridge (what happens) ──▶ SQS
//	Express Mode ──▶ ECS, ELB, CloudWatch, logs (what it makes)
//	CloudFormation ──▶ ECS, Parameter Store, logs (resources), the functions of custom resources
func (s *Server) builtin() ([]Module, error) {
	store, err := s.openRegistry()
	if err != nil {
		return nil, err
	}
	others, err := s.openMirror()
	if err != nil {
		return nil, err
	}
	parameters, logGroups, balancing := ssm.New(s.clock), logs.New(s.clock), elb.New(s.clock)
	alarms, secrets, queues := cloudwatch.New(s.clock), secretsmanager.New(s.clock), sqs.New(s.clock, s.client)
	if s.iam, err = iam.New(s.config.Policies...); err != nil {
		return nil, err
	}
	s.events = events.New(events.Deps{Clock: s.clock, Queues: queuesOf{queues}, Roles: s.iam, Disturb: s.faults.disturb})
	s.ecs = ecs.New(ecs.Deps{
		Clock:      s.clock,
		Images:     images{store, others},
		Logs:       logGroups,
		Targets:    targets{balancing},
		Parameters: parameters,
		Secrets:    secrets,
		Alarms:     alarms,
		Functions:  &s.functions,
		Events:     source{s.events, "aws.ecs"},
		Clusters:   s.config.Clusters,
		Instances:  s.config.Instances,
		Strict:     s.config.Strict,
	})
	s.stacks = cloudformation.New(cloudformation.Deps{
		Clock: s.clock,
		Call: func(ctx context.Context, caller wire.Caller, service, operation string, in any) (map[string]any, error) {
			caller.Via = "cloudformation"
			return s.callAs(ctx, caller, service, operation, in)
		},
		Function: s.functions.answerResource,
	})
	gateways := express.New(express.Deps{
		Clock: s.clock,
		Call: func(ctx context.Context, caller wire.Caller, service, operation string, in any) (map[string]any, error) {
			return s.callAs(ecs.Managing(ctx), caller, service, operation, in)
		},
	})
	// ECS comes last: what it looks up is there when its state is loaded, and is kept
	// no later than what refers to it.
	return []Module{ecr.New(store, s.clock, source{s.events, "aws.ecr"}), parameters, secrets, logGroups, balancing, alarms, queues, s.events, s.iam, s.stacks, containers{s.ecs, gateways}}, nil
}

// containers is ECS with Express Mode, which is part of its API.
type containers struct {
	ecs     *ecs.Service
	express *express.Service
}

// Service returns the operations of both.
func (c containers) Service() wire.Service { return c.express.Extend(c.ecs.Service()) }

// Run lets ECS work.
func (c containers) Run(ctx context.Context) error { return c.ecs.Run(ctx) }

// containersState is the state of both.
type containersState struct{ ECS, Express any }

// Save returns the state of both.
func (c containers) Save() (any, error) {
	own, err := c.ecs.Save()
	if err != nil {
		return nil, err
	}
	gateways, err := c.express.Save()
	return containersState{own, gateways}, err
}

// Load takes what Save returned, and what it returned before there was Express Mode.
func (c containers) Load(data json.RawMessage) error {
	var state struct{ ECS, Express json.RawMessage }
	if len(data) > 0 && data[0] == '[' {
		return c.ecs.Load(data)
	}
	if err := json.Unmarshal(data, &state); err != nil {
		return fmt.Errorf("reading the saved state of ECS: %w", err)
	}
	return errors.Join(c.ecs.Load(state.ECS), c.express.Load(state.Express))
}

// callAs makes a call as a client would, for a caller whom another service acts for.
func (s *Server) callAs(ctx context.Context, caller wire.Caller, service, operation string, in any) (map[string]any, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encoding a call of %s.%s: %w", service, operation, err)
	}
	i := slices.IndexFunc(s.services, func(one wire.Service) bool { return one.Name == service })
	if i < 0 {
		return nil, fmt.Errorf("the sandbox has no service %s", service)
	}
	answer, err := apiCall{service: s.services[i], operation: operation, body: body}.perform(ctx, s.iam, caller, s.config.Address)
	if err != nil {
		return nil, err
	}
	s.dirty.Store(true)
	if body, err = json.Marshal(answer); err != nil {
		return nil, fmt.Errorf("decoding the answer to %s.%s: %w", service, operation, err)
	}
	var out map[string]any
	return out, json.Unmarshal(body, &out)
}

func (s *Server) openRegistry() (*registry.Store, error) {
	options := registry.Options{Clock: s.clock, Scope: s.config.scope(), Dir: s.config.DataDir, Created: s.config.Strict}
	if s.config.Strict {
		options.Logins = s.client
	}
	return registry.Open(options)
}

func (s *Server) openMirror() (*mirror.Mirror, error) {
	if s.config.Mirror == "" {
		return nil, nil
	}
	return mirror.Open(s.config.Mirror)
}

// source is EventBridge as one service of AWS tells it what happens.
type source struct {
	*events.Service
	name string
}

// Emit sends an event to the default bus of an account and region.
func (s source) Emit(scope wire.Scope, at time.Time, detailType string, detail any, resources []string) {
	s.Service.Emit(scope, s.name, at, detailType, detail, resources)
}

// queuesOf is SQS as EventBridge sees it.
type queuesOf struct{ *sqs.Service }

// Deliver sends a message as EventBridge, or by a role.
func (q queuesOf) Deliver(queueARN string, d events.Delivery) error {
	out := sqs.Delivery{Role: d.Role, Account: d.Account, Source: d.Rule, Body: d.Body, Attributes: d.Attributes}
	if d.Role == "" {
		out.Service = "events.amazonaws.com"
	}
	return q.Service.Deliver(queueARN, out)
}

// images lets ECS pull from the mirror, where there is one, and from the sandbox's
// registry.
type images struct {
	store  *registry.Store
	mirror *mirror.Mirror // nil where there is none
}

// Resolve looks an image up.
func (i images) Resolve(reference string) (ecs.Image, error) {
	if i.mirror != nil {
		image, err := i.mirror.Resolve(ecs.FullReference(reference))
		if err == nil {
			return ecs.Image(image), nil
		}
		if !errors.Is(err, mirror.ErrNotFound) {
			return ecs.Image{}, err
		}
	}
	digest, labels, platforms, err := i.store.Resolve(reference)
	if registry.IsNotFound(err) {
		return ecs.Image{}, fmt.Errorf("%w: %w", ecs.ErrImageNotFound, err)
	}
	if err != nil {
		return ecs.Image{}, err
	}
	return ecs.Image{Digest: digest, Labels: labels, Platforms: platforms}, nil
}

// targets is Elastic Load Balancing as ECS sees it.
type targets struct{ *elb.Service }

// TargetGroup returns how a target group checks its targets. Targets drain for as long
// as somebody asked for; where nobody did, ECS's own time counts, a minute, so that a
// rollout does not take the five minutes that AWS's default would add.
func (t targets) TargetGroup(arn string) (rollout.TargetGroup, bool) {
	s, ok := t.Settings(arn)
	if !ok {
		return rollout.TargetGroup{}, false
	}
	g := rollout.TargetGroup{
		Interval: s.Interval, HealthyThreshold: s.HealthyThreshold, UnhealthyThreshold: s.UnhealthyThreshold, Drain: -1,
	}
	if s.DelaySet {
		g.Drain = s.DeregistrationDelay
	}
	return g, true
}

var (
	_ rollout.TargetGroups = targets{}
	_ Saver                = (*cloudformation.Service)(nil)
	_ Runner               = (*cloudformation.Service)(nil)
	_ Saver                = (*cloudwatch.Service)(nil)
	_ Saver                = (*ssm.Service)(nil)
	_ Saver                = (*sqs.Service)(nil)
	_ Saver                = (*logs.Service)(nil)
	_ Saver                = (*elb.Service)(nil)
	_ Saver                = (*events.Service)(nil)
	_ Runner               = (*events.Service)(nil)
	_ Saver                = (*ecr.API)(nil)
	_ Registry             = (*ecr.API)(nil)
	_ Saver                = containers{}
	_ Runner               = containers{}
)
