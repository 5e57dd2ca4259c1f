// Package cloudwatch is the sandbox's CloudWatch, as far as deployments look at it:
// metric alarms whose state a test or a person sets. There are no metrics, so nothing
// changes an alarm but SetAlarmState.
package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is CloudWatch. It is safe for concurrent use.
type Service struct {
	clock clock.Clock

	mu      sync.Mutex
	alarms  map[wire.Scope]map[string]*alarm // by name
	history map[wire.Scope][]historyItem     // the oldest first
}

// New returns a CloudWatch without alarms.
func New(c clock.Clock) *Service {
	return &Service{clock: c, alarms: map[wire.Scope]map[string]*alarm{}, history: map[wire.Scope][]historyItem{}}
}

// AlarmState returns how an alarm stands: OK, ALARM or INSUFFICIENT_DATA. One that is
// not there has no data.
func (s *Service) AlarmState(scope wire.Scope, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.alarms[scope][name]; a != nil {
		return a.State
	}
	return insufficient
}

// Service returns the operations. It is recognised in the three protocols that AWS
// answers: Smithy's RPC v2 with CBOR, which today's SDKs speak, JSON, and query.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:      "monitoring",
		Protocol:  wire.CBOR,
		Target:    "GraniteServiceVersion20100801.",
		Version:   "2010-08-01",
		Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
		Operations: map[string]wire.Operation{
			"PutMetricAlarm":       operation(s, call.put),
			"DescribeAlarms":       operation(s, call.describe),
			"DescribeAlarmHistory": operation(s, call.describeHistory),
			"SetAlarmState":        operation(s, call.setState),
			"DeleteAlarms":         operation(s, call.delete),
		},
	}
}

// call is one request in the hands of an operation, which alone sees the alarms.
type call struct {
	*Service
	scope wire.Scope
}

// operation makes an operation of f, which whose answer must not change later.
func operation[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.Op(func(_ context.Context, caller wire.Caller, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(call{s, caller.Scope}, in)
	})
}

// empty is the answer of an operation that answers nothing.
type empty struct{}

// snapshot is the alarms of one account and region as Save writes them.
type snapshot struct {
	Scope   wire.Scope
	Alarms  map[string]*alarm
	History []historyItem
}

// Save returns all state as a value that encodes as JSON and that later calls do not
// change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []snapshot{}
	for scope, alarms := range s.alarms {
		all = append(all, snapshot{scope, alarms, s.history[scope]})
	}
	return wire.Frozen("alarms", all)
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var all []snapshot
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("loading alarms: %w", err)
	}
	loaded, history := map[wire.Scope]map[string]*alarm{}, map[wire.Scope][]historyItem{}
	for _, one := range all {
		for name, a := range one.Alarms {
			if a == nil {
				return fmt.Errorf("loading alarms: %s is empty", name)
			}
		}
		loaded[one.Scope], history[one.Scope] = one.Alarms, one.History
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarms, s.history = loaded, history
	return nil
}
