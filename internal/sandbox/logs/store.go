package logs

import (
	"sort"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
	Retention int   // days; 0 keeps events for ever
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
