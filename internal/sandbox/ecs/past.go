package ecs

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// past is what the services of a region looked like, so that an answer can be stale.
type past struct {
	since time.Time
	views map[string][]seen // by the service's ARN, oldest first
}

// seen is a service as it was from a time on.
type seen struct {
	at     time.Time
	record serviceRecord
	data   []byte // to tell a change by
}

// keptViews bounds how much of a service's past is remembered.
const keptViews = 200

// KeepPast has services remembered from now on, so that answers can be stale. What was
// before cannot be answered: the state of this moment stands for it.
func (s *Service) KeepPast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = true
	for _, r := range s.regions {
		r.advance()
		r.keepPast()
	}
}

func (r *region) keepPast() {
	if r.past == nil {
		r.past = &past{views: map[string][]seen{}}
		r.view()
		r.past.since = r.deps.Clock.Now()
	}
}

// view takes a view of every service that changed.
func (r *region) view() {
	if r.past == nil {
		return
	}
	now := r.deps.Clock.Now()
	for _, s := range r.engine.Services("") {
		record := r.serviceRecord(s, []string{includeTags})
		data, err := json.Marshal(record)
		views := r.past.views[s.Spec.ARN]
		if n := len(views); err != nil || n > 0 && bytes.Equal(views[n-1].data, data) {
			continue
		}
		views = append(views, seen{at: now, record: record, data: data})
		r.past.views[s.Spec.ARN] = views[max(0, len(views)-keptViews):]
	}
}

// was returns a service as it was as long ago as the call asks for, nil where it was not
// there yet; known is false where the present is asked for.
func (c call) was(s *rollout.Service, include []string) (record *serviceRecord, known bool) {
	if c.age <= 0 || c.past == nil || s == nil {
		return nil, false
	}
	views, then := c.past.views[s.Spec.ARN], c.deps.Clock.Now().Add(-c.age)
	last := -1
	for i := range views {
		if !views[i].at.After(then) {
			last = i
		}
	}
	switch {
	case last >= 0:
	case len(views) == 0 || views[0].at.After(c.past.since): // it was made since
		return nil, true
	default:
		last = 0
	}
	was := views[last].record
	if !slices.Contains(include, includeTags) {
		was.Tags = nil
	}
	return &was, true
}
