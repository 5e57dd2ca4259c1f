// Package ssm is the sandbox's Parameter Store: versions, labels, tiers, hierarchies
// and the rules that AWS has for each, in AWS's own words. Parameters live per
// account and region. All of it may be used concurrently.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
//
// What differs from AWS: values of SecureString are kept as they are, since there is
// no KMS, and answered as an opaque text to whoever does not ask for decryption;
// policies are kept but never acted upon; an aws:ec2:image is not looked up; of the public
// parameters there are a few; changes are visible at once, where AWS's are eventually.
package ssm

import (
	"context"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is Parameter Store in every account and region.
type Service struct {
	clock clock.Clock

	mu     sync.Mutex
	stores map[wire.Scope]*store
}

// New returns a Parameter Store without parameters that takes its dates from c.
func New(c clock.Clock) *Service {
	return &Service{clock: c, stores: map[wire.Scope]*store{}}
}

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:     "ssm",
		Protocol: wire.JSON11,
		Target:   "AmazonSSM.",
		Operations: map[string]wire.Operation{
			"PutParameter":            op(s, call.put),
			"GetParameter":            op(s, call.get),
			"GetParameters":           op(s, call.getMany),
			"GetParametersByPath":     op(s, call.getByPath),
			"GetParameterHistory":     op(s, call.history),
			"DescribeParameters":      op(s, call.describe),
			"DeleteParameter":         op(s, call.deleteOne),
			"DeleteParameters":        op(s, call.deleteMany),
			"LabelParameterVersion":   op(s, call.label),
			"UnlabelParameterVersion": op(s, call.unlabel),
			"AddTagsToResource":       op(s, call.addTags),
			"ListTagsForResource":     op(s, call.listTags),
			"RemoveTagsFromResource":  op(s, call.removeTags),
		},
	}
}

// Exists tells whether there is a parameter of that name or ARN, and of that version
// or label where the name has one. ECS asks so before it starts a task with secrets.
func (s *Service) Exists(scope wire.Scope, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := call{store: s.store(scope)}.resolve(name, false)
	return err == nil
}

// call is one request while the service is locked for it.
type call struct {
	*store
	caller wire.Caller
	now    time.Time
}

// op makes an operation of a function that has the service for itself.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.Op(func(_ context.Context, caller wire.Caller, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(call{store: s.store(caller.Scope), caller: caller, now: s.clock.Now()}, in)
	})
}

func (s *Service) store(scope wire.Scope) *store {
	st := s.stores[scope]
	if st == nil {
		st = &store{scope: scope, parameters: map[string]*parameter{}}
		s.stores[scope] = st
	}
	return st
}
