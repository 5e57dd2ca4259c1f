// Package express is Express Mode of Amazon ECS in the sandbox: services that ECS makes with all
// that they need, and changes, by four operations of its API. As on AWS, what it makes are plain
// resources: a service with canary deployments, a task definition, a load balancer with a listener
// and a rule, target groups, an alarm, a log group. It makes them by calls of the other services.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-overview.html
//
// Two things are in name only: certificates and security groups, which the sandbox does not have,
// and scaling, since nothing is measured: a service keeps its smallest number of tasks.
package express

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Deps is what Express Mode needs of the sandbox.
type Deps struct {
	Clock clock.Clock
	// Call makes a call to another service, or to ECS as ECS itself, and returns the members of the
	// answer.
	Call func(ctx context.Context, caller wire.Caller, service, operation string, in any) (map[string]any, error)
}

// Service is Express Mode in every account and region. It is safe for concurrent use.
type Service struct {
	deps Deps

	mu       sync.Mutex
	gateways map[string]*gateway // by the ARN of the service
	made     int                 // ever: names are made of it
}

// New returns an Express Mode without services.
func New(deps Deps) *Service { return &Service{deps: deps, gateways: map[string]*gateway{}} }

// gateway is an Express service: what ECS's own service does not say of it.
type gateway struct {
	ARN, Name, ClusterARN string
	InfrastructureRole    string
	CreatedAt, UpdatedAt  time.Time
	Settings              settings
	// Revisions has the settings of each service revision, by ARN; those of a revision that others
	// brought are the ones that were the newest then.
	Revisions map[string]settings
	Made      resources
}

// settings are what of a service revision no task definition says.
type settings struct {
	HealthCheckPath string
	Scaling         scaling
	Network         network // as it was asked for
}

// Extend adds the operations to those of ECS, whose service revisions say what Express Mode made.
func (s *Service) Extend(ecs wire.Service) wire.Service {
	ecs.Operations["CreateExpressGatewayService"] = operation(s, call.create)
	ecs.Operations["UpdateExpressGatewayService"] = operation(s, call.update)
	ecs.Operations["DescribeExpressGatewayService"] = operation(s, call.describe)
	ecs.Operations["DeleteExpressGatewayService"] = operation(s, call.delete)
	ecs.Operations["DescribeServiceRevisions"] = s.withResources(ecs.Operations["DescribeServiceRevisions"])
	return ecs
}

// call is one request while the service is locked for it.
type call struct {
	*Service
	ctx    context.Context
	caller wire.Caller
}

// ownKey is in the context of calls that this package makes while it holds its lock.
type ownKey struct{}

func operation[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.OpSpelt(wire.LowerCamel, func(ctx context.Context, caller wire.Caller, in In) (json.RawMessage, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		out, err := f(call{s, ctx, caller}, in)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	})
}

// do makes a call to another service by the infrastructure role, and reads the answer into out. What
// a service beside ECS refuses is ECS's refusal.
func (c call) do(g *gateway, service, operation string, in map[string]any, out any) error {
	caller := c.caller
	_, role, _ := strings.Cut(g.InfrastructureRole, ":role/")
	caller.ARN = fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/ecs-express", caller.Account, lastPart(role))
	answer, err := c.deps.Call(context.WithValue(c.ctx, ownKey{}, true), caller, service, operation, in)
	var refused *wire.Error
	if errors.As(err, &refused) && service != "ecs" {
		return invalid("%s", refused.Message)
	}
	if err != nil || out == nil {
		return err
	}
	data, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encoding the answer to %s.%s: %w", service, operation, err)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("reading the answer to %s.%s: %w", service, operation, err)
	}
	return nil
}

// id returns letters and digits that no other thing has, the same ones in each run.
func (c call) id(of string, n int) string {
	c.made++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s %d", c.caller.Account, c.caller.Region, of, c.made))
	return hex.EncodeToString(sum[:])[:n]
}

func invalid(format string, args ...any) error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

// state is all state as it is kept between runs.
type state struct {
	Gateways map[string]*gateway
	Made     int
}

// Save returns all state as a value that encodes as JSON and that later calls do not change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.Frozen("the Express services", state{s.gateways, s.made})
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	loaded := state{Gateways: map[string]*gateway{}}
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading the Express services: %w", err)
	}
	for arn, g := range loaded.Gateways {
		if g == nil || g.Revisions == nil {
			return fmt.Errorf("loading the Express services: %s is empty", arn)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateways, s.made = loaded.Gateways, loaded.Made
	return nil
}
