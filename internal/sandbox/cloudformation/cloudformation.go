// Package cloudformation is the sandbox's CloudFormation: stacks, change sets and events in the
// order and words of AWS, by the sandbox's clock. Stacks live per account and region. All of it is
// safe for concurrent use.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
//
//	request ──▶ spec (template, parameters) ──▶ plan ──▶ work ──▶ resources ──▶ ECS, Parameter Store, …
//
// Task definitions, services, clusters, parameters, log groups, what load balancing has and custom
// resources are real: they are made by calls to the sandbox's other services, as the caller. Every other type is a
// stand-in, which has properties, a physical id and attributes, and does nothing.
//
// What differs from AWS: resources are worked on one after another; a stand-in is never replaced;
// a stack's tags do not go to its resources; templates come in the request, as there is no S3;
// there are no roles of stacks, stack policies, notifications, rollback triggers, nested stacks,
// imports, drift and stack sets. A request for one of them is refused; a template may have a nested
// stack under a condition that does not hold.
package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Deps is what CloudFormation needs of the sandbox. Its methods are called while CloudFormation
// holds its lock, and must not call it.
type Deps struct {
	Clock clock.Clock
	// Call makes a call to another service, as a caller, and returns the members of the answer.
	Call func(ctx context.Context, caller wire.Caller, service, operation string, in any) (map[string]any, error)
	// Function returns what a function answers to a custom resource; false leaves the answer to
	// somebody who puts it to the ResponseURL.
	Function func(arn, resourceType string) (Answer, bool)
}

// Service is CloudFormation in every account and region.
type Service struct {
	deps Deps
	poke chan struct{} // says that there may be something to do earlier

	mu     sync.Mutex
	stacks []*stack // in order of creation, those that were deleted too
}

// New returns a CloudFormation without stacks.
func New(deps Deps) *Service { return &Service{deps: deps, poke: make(chan struct{}, 1)} }

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name: "cloudformation", Protocol: wire.Query, Version: "2010-05-15",
		Namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
		Operations: map[string]wire.Operation{
			"CreateStack":            op(s, call.createStack),
			"UpdateStack":            op(s, call.updateStack),
			"DeleteStack":            op(s, call.deleteStack),
			"CancelUpdateStack":      op(s, call.cancelUpdate),
			"ContinueUpdateRollback": op(s, call.continueRollback),
			"DescribeStacks":         op(s, call.describeStacks),
			"ListStacks":             op(s, call.listStacks),
			"DescribeStackEvents":    op(s, call.describeEvents),
			"DescribeStackResource":  op(s, call.describeResource),
			"DescribeStackResources": op(s, call.describeResources),
			"ListStackResources":     op(s, call.listResources),
			"GetTemplate":            op(s, call.getTemplate),
			"GetTemplateSummary":     op(s, call.getSummary),
			"ValidateTemplate":       op(s, call.validateTemplate),
			"ListExports":            op(s, call.listExports),
			"CreateChangeSet":        op(s, call.createChangeSet),
			"DescribeChangeSet":      op(s, call.describeChangeSet),
			"ExecuteChangeSet":       op(s, call.executeChangeSet),
			"DeleteChangeSet":        op(s, call.deleteChangeSet),
			"ListChangeSets":         op(s, call.listChangeSets),
		},
	}
}

// call is one request while the service is locked for it.
type call struct {
	*Service
	ctx    context.Context
	caller wire.Caller
	host   string
	now    time.Time
}

// invalid is the code of most that is wrong with a request.
const invalid = "ValidationError"

// op makes an operation of a function that has the service for itself. A parameter of the request
// that is not built is refused by its name.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	known := []string{"Action", "Version"}
	for i := range reflect.TypeFor[In]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[In]().Field(i).Tag.Get("json"), ",")
		known = append(known, name)
	}
	return wire.OpRequest(func(ctx context.Context, r *wire.Request, in In) (out Out, err error) {
		if name := unbuilt(r.Form, known); name != "" {
			return out, wire.Errorf(invalid, "The sandbox does not have the parameter %s of %s", name, r.Operation)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		out, err = f(call{Service: s, ctx: ctx, caller: r.Caller, host: r.Host, now: s.deps.Clock.Now()}, in)
		s.wake()
		return out, err
	})
}

// unbuilt returns a parameter of a form that asks for something and is not known; "" for none.
func unbuilt(form url.Values, known []string) string {
	for name, values := range form {
		first, _, _ := strings.Cut(name, ".")
		if !slices.Contains(known, first) && values[0] != "" && values[0] != "false" && !strings.HasPrefix(first, "X-Amz-") {
			return first
		}
	}
	return ""
}

func (s *Service) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Run works on stacks until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	clock.Run(ctx, s.deps.Clock, s.poke, s.advance)
	return nil
}

// advance does what is due and returns when something next is; zero for nothing.
func (s *Service) advance(ctx context.Context) (next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.deps.Clock.Now()
	for _, st := range s.stacks {
		for w := st.Work; w != nil && !w.Due.After(now); w = st.Work {
			worker{Service: s, ctx: ctx, st: st, work: w, at: w.Due, now: now}.step()
		}
		for _, cs := range st.ChangeSets {
			cs.advance(now)
			next = earlier(next, cs.Due)
		}
		if st.Work != nil {
			next = earlier(next, st.Work.Due)
		}
	}
	return next
}

// earlier returns the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Save returns all state as a value that encodes as JSON.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.Frozen("stacks", s.stacks)
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var stacks []*stack
	if err := json.Unmarshal(data, &stacks); err != nil {
		return fmt.Errorf("loading stacks: %w", err)
	}
	for _, st := range stacks {
		if st == nil || st.Resources == nil {
			return fmt.Errorf("loading stacks: one is empty")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stacks = stacks
	return nil
}
