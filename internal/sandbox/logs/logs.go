// Package logs is the sandbox's CloudWatch Logs: groups, streams and events, enough to
// write, read, filter and keep them. All state is per account and region, and all of
// it is safe for concurrent use.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
//
// What differs from AWS: filter patterns have terms only, no JSON or space-delimited
// selectors; what is written can be read at once; retention is kept but nothing is
// removed by it; storedBytes is exact; unmask, interleaved and linked accounts are
// ignored.
package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"
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

// GroupExists reports whether a log group exists.
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

const maxNameLength = 512

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
var groupNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`) })

func checkGroupName(name string) error {
	if err := checkLength(name, "logGroupName"); err != nil {
		return err
	}
	if !groupNamePattern().MatchString(name) {
		return invalidMember(name, "logGroupName", `satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	}
	return nil
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func checkStreamName(name string) error {
	if err := checkLength(name, "logStreamName"); err != nil {
		return err
	}
	if strings.ContainsAny(name, ":*") {
		return invalidMember(name, "logStreamName", `satisfy regular expression pattern: [^:*]*`)
	}
	return nil
}

func checkLength(name, member string) error {
	switch {
	case name == "":
		return invalidMember(name, member, "have length greater than or equal to 1")
	case len(name) > maxNameLength:
		return wire.Errorf("InvalidParameterException",
			"Invalid LogGroup or LogStream, both must have length less than or equal to %d.", maxNameLength)
	}
	return nil
}

func invalidMember(value, member, rule string) error {
	return wire.InvalidMember(invalidParameter, value, member, rule)
}

const invalidParameter = "InvalidParameterException"

func badToken() error {
	return wire.Errorf(invalidParameter, "The specified nextToken is invalid.")
}

// store is the log groups of one account in one region.
type store struct {
	scope  wire.Scope
	groups map[string]*group
}

type group struct {
	Name      string
	Class     string
	KeyID     string
	CreatedAt int64 // milliseconds, as all times of this service
	Retention int   // days; 0 keeps events forever
	Tags      map[string]string
	Streams   map[string]*stream
}

type stream struct {
	Name       string
	CreatedAt  int64
	IngestedAt int64   // of the newest event
	Events     []event // by time, then in order of arrival
	Written    int     // events ever; the next one's number
}

type event struct {
	At         int64
	IngestedAt int64
	Message    string
	Number     int // in order of arrival within the stream
}

func (st *store) addGroup(name string, at time.Time) *group {
	g := &group{Name: name, Class: classStandard, CreatedAt: at.UnixMilli(), Tags: map[string]string{}, Streams: map[string]*stream{}}
	st.groups[name] = g
	return g
}

func (g *group) addStream(name string, at time.Time) {
	g.Streams[name] = &stream{Name: name, CreatedAt: at.UnixMilli()}
}

// add puts events where they belong in time.
func (s *stream) add(at time.Time, events []inputEvent) {
	for _, in := range events {
		e := event{At: in.Timestamp, IngestedAt: at.UnixMilli(), Message: in.Message, Number: s.Written}
		s.Written++
		s.IngestedAt = e.IngestedAt
		i := sort.Search(len(s.Events), func(i int) bool { return s.Events[i].At > e.At })
		s.Events = append(s.Events, event{})
		copy(s.Events[i+1:], s.Events[i:])
		s.Events[i] = e
	}
}

// storedBytes counts as AWS bills: the message and 26 bytes for each event.
func (s *stream) storedBytes() int64 {
	var n int64
	for _, e := range s.Events {
		n += int64(len(e.Message) + eventOverhead)
	}
	return n
}

func (st *store) groupARN(name string) string { return st.scope.ARN("logs", "log-group:"+name) }

// group finds a log group by name, or by name or ARN.
func (st *store) group(name, identifier string) (*group, error) {
	switch {
	case name != "" && identifier != "":
		return nil, wire.Errorf("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	case strings.HasPrefix(identifier, "arn:"):
		var ok bool
		if name, ok = strings.CutPrefix(strings.TrimSuffix(identifier, ":*"), st.groupARN("")); !ok {
			return nil, noGroup()
		}
	case identifier != "":
		name = identifier
	}
	if err := checkGroupName(name); err != nil {
		return nil, err
	}
	g := st.groups[name]
	if g == nil {
		return nil, noGroup()
	}
	return g, nil
}

func (g *group) stream(name string) (*stream, error) {
	if err := checkStreamName(name); err != nil {
		return nil, err
	}
	s := g.Streams[name]
	if s == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	return s, nil
}

func noGroup() error {
	return wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

// snapshot is one store as it is kept between runs.
type snapshot struct {
	Scope  wire.Scope
	Groups map[string]*group
}

// Save returns all state, events included, as a value that encodes as JSON and that
// later calls do not change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stores := make([]snapshot, 0, len(s.stores))
	for scope, st := range s.stores {
		stores = append(stores, snapshot{Scope: scope, Groups: st.groups})
	}
	return wire.Frozen("logs", stores)
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var loaded []snapshot
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading logs: %w", err)
	}
	stores := make(map[wire.Scope]*store, len(loaded))
	for _, l := range loaded {
		if l.Groups == nil {
			l.Groups = map[string]*group{}
		}
		for name, g := range l.Groups {
			if g == nil || g.Streams == nil {
				return fmt.Errorf("loading logs: log group %q is empty", name)
			}
		}
		stores[l.Scope] = &store{scope: l.Scope, groups: l.Groups}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stores = stores
	return nil
}
