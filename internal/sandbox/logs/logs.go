// Package logs is the sandbox's CloudWatch Logs: groups, streams and events, enough to
// write, read, filter and keep them. All state is per account and region, and all of
// it may be used concurrently.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
//
// What differs from AWS: filter patterns have terms only, no JSON or space-delimited
// selectors; what is written can be read at once; retention is kept but nothing is
// removed by it; storedBytes is exact; unmask, interleaved and linked accounts are
// ignored.
package logs

import (
	"context"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is CloudWatch Logs in every account and region.
type Service struct {
	clock clock.Clock

	mu     sync.Mutex
	stores map[wire.Scope]*store
}

// New returns a service without log groups that takes its times from c.
func New(c clock.Clock) *Service {
	return &Service{clock: c, stores: map[wire.Scope]*store{}}
}

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:     "logs",
		Protocol: wire.JSON11,
		Target:   "Logs_20140328.",
		Operations: map[string]wire.Operation{
			"CreateLogGroup":        op(s, call.createGroup),
			"DeleteLogGroup":        op(s, call.deleteGroup),
			"DescribeLogGroups":     op(s, call.describeGroups),
			"PutRetentionPolicy":    op(s, call.putRetention),
			"DeleteRetentionPolicy": op(s, call.deleteRetention),
			"CreateLogStream":       op(s, call.createStream),
			"DeleteLogStream":       op(s, call.deleteStream),
			"DescribeLogStreams":    op(s, call.describeStreams),
			"PutLogEvents":          op(s, call.putEvents),
			"GetLogEvents":          op(s, call.getEvents),
			"FilterLogEvents":       op(s, call.filterEvents),
			"TagResource":           op(s, call.tagResource),
			"UntagResource":         op(s, call.untagResource),
			"ListTagsForResource":   op(s, call.listTags),
		},
	}
}

// GroupExists tells whether a log group exists.
func (s *Service) GroupExists(scope wire.Scope, group string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store(scope).groups[group] != nil
}

// Append writes one line as the awslogs driver does it with awslogs-create-group: group
// and stream are made where they are not there.
func (s *Service) Append(scope wire.Scope, group, stream string, at time.Time, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(scope)
	g := st.groups[group]
	if g == nil {
		g = st.addGroup(group, at)
	}
	if g.Streams[stream] == nil {
		g.addStream(stream, at)
	}
	g.Streams[stream].add(at, []inputEvent{{Timestamp: at.UnixMilli(), Message: line}})
}

// call is one request while the service is locked for it.
type call struct {
	*store
	now time.Time
}

// op makes an operation of a function that has the service for itself.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.Op(func(_ context.Context, caller wire.Caller, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(call{store: s.store(caller.Scope), now: s.clock.Now()}, in)
	})
}

func (s *Service) store(scope wire.Scope) *store {
	st := s.stores[scope]
	if st == nil {
		st = &store{scope: scope, groups: map[string]*group{}}
		s.stores[scope] = st
	}
	return st
}
