// Package events is the sandbox's EventBridge: event buses with their policies, rules with event
// patterns or schedules, and targets that are SQS queues and other event buses, also those of other
// accounts and regions. Services of AWS tell it what happens, and it goes to the default bus of the
// account and region where it does. All of it is safe for concurrent use.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
//
//	Emit, PutEvents ──▶ bus ──▶ rules whose pattern matches ──▶ targets ──▶ queue, or one more bus
//
// What cannot be delivered goes to the target's dead-letter queue or is dropped, and Report counts it.
//
// What differs from AWS: rules work from the moment they are made; nothing is delivered twice or
// late unless Disturb says so; a delivery that fails is not tried again, since here it would fail
// again; there are no archives, pipes, partner buses, input transformers and customer-managed keys;
// an event that came from another bus goes to no third one; after a leap of the clock a
// scheduled rule fires once.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Queues is SQS.
type Queues interface {
	// Deliver puts a message into a queue, known by its ARN. The error is AWS's.
	Deliver(queueARN string, d Delivery) error
}

// Delivery is a message for a queue, sent for a rule by EventBridge itself or by a role.
type Delivery struct {
	Rule       string // ARN
	Account    string // of the rule
	Role       string // ARN of the role's session; "" where EventBridge sends
	Body       string
	Attributes map[string]string
}

// Roles is what IAM says of roles.
type Roles interface {
	// Allows reports whether a role, by its name, may do something.
	Allows(role, action, resource string) bool
}

// Disturbance is what goes wrong with one delivery.
type Disturbance struct {
	Drop   bool
	Copies int           // further ones
	Delay  time.Duration // by the sandbox's clock
}

// Deps is what EventBridge needs of the sandbox's other services. Their methods are called while
// EventBridge holds its lock, and must not call it.
type Deps struct {
	Clock   clock.Clock
	Queues  Queues
	Roles   Roles                               // nil: every role may do everything
	Disturb func(detailType string) Disturbance // nil: nothing goes wrong
}

// Service is EventBridge in every account and region.
type Service struct {
	deps Deps
	poke chan struct{} // says that there may be something to do earlier

	mu    sync.Mutex
	buses map[string]*bus // by ARN
	late  []lateDelivery  // in the order in which they were held back
	seen  Report
}

// New returns an EventBridge with nothing but default buses.
func New(deps Deps) *Service {
	s := &Service{deps: deps, poke: make(chan struct{}, 1), buses: map[string]*bus{}}
	s.ResetReport()
	return s
}

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:     "events",
		Protocol: wire.JSON11,
		Target:   "AWSEvents.",
		Operations: map[string]wire.Operation{
			"CreateEventBus":        op(s, call.createBus),
			"DeleteEventBus":        op(s, call.deleteBus),
			"DescribeEventBus":      op(s, call.describeBus),
			"ListEventBuses":        op(s, call.listBuses),
			"PutPermission":         op(s, call.putPermission),
			"RemovePermission":      op(s, call.removePermission),
			"PutRule":               op(s, call.putRule),
			"DescribeRule":          op(s, call.describeRule),
			"ListRules":             op(s, call.listRules),
			"ListRuleNamesByTarget": op(s, call.listRuleNames),
			"DeleteRule":            op(s, call.deleteRule),
			"EnableRule":            op(s, call.enableRule),
			"DisableRule":           op(s, call.disableRule),
			"PutTargets":            op(s, call.putTargets),
			"RemoveTargets":         op(s, call.removeTargets),
			"ListTargetsByRule":     op(s, call.listTargets),
			"PutEvents":             op(s, call.putEvents),
			"TestEventPattern":      op(s, call.testPattern),
			"TagResource":           op(s, call.tag),
			"UntagResource":         op(s, call.untag),
			"ListTagsForResource":   op(s, call.listTags),
		},
	}
}

// call is one request while the service is locked for it.
type call struct {
	*Service
	caller wire.Caller
	now    time.Time
}

// op makes an operation of a function that has the service for itself.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.Op(func(_ context.Context, caller wire.Caller, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.wake()
		return f(call{Service: s, caller: caller, now: s.deps.Clock.Now()}, in)
	})
}

func (s *Service) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// nothing is the answer of an operation that has none.
type nothing struct{}

// invalid is the code for a member that breaks a rule.
const invalid = "ValidationException"

func notFound(format string, args ...any) error {
	return wire.Errorf("ResourceNotFoundException", format, args...)
}

// lacks is the answer to what AWS has and the sandbox has not.
func lacks(what string) error { return wire.Errorf(invalid, "The sandbox has no %s.", what) }

// Emit takes an event of a service of AWS, such as aws.ecr, that happens at a time, which may be to
// come. Detail encodes as its detail, which happens before Emit returns, and only where a rule may
// ask for it.
func (s *Service) Emit(scope wire.Scope, source string, at time.Time, detailType string, detail any, resources []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bus(scope, defaultBus)
	later := at.After(s.deps.Clock.Now())
	if !later {
		s.seen.Emitted[detailType]++
		if len(b.Rules) == 0 {
			return
		}
	}
	encoded, err := json.Marshal(detail)
	if err != nil { // none of the sandbox's own details does this
		encoded = []byte(`{}`)
	}
	e := newEvent(scope, source, at, detailType, encoded, resources)
	if later {
		s.late = append(s.late, lateDelivery{at, delivery{Scope: scope, Event: e}})
	} else {
		s.route(b, e, false)
	}
	s.wake()
}

// state is what Save returns.
type state struct {
	Buses []*bus
	Late  []lateDelivery
}

// Save returns all state as a value that encodes as JSON and that later calls do not change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.Frozen("event buses", state{s.sorted(func(*bus) bool { return true }), s.late})
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var loaded state
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading event buses: %w", err)
	}
	buses := map[string]*bus{}
	for i, b := range loaded.Buses {
		if b == nil || b.Name == "" {
			return fmt.Errorf("loading event buses: number %d has no name", i)
		}
		if err := b.restore(); err != nil {
			return fmt.Errorf("loading event bus %q: %w", b.Name, err)
		}
		buses[b.arn()] = b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buses, s.late = buses, loaded.Late
	s.wake()
	return nil
}
