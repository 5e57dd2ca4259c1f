package events

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/events/pattern"
	"github.com/tagboat/tagboat/internal/sandbox/policy"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Report counts what became of events. Dropped has what no queue and no bus got, and why.
type Report struct {
	Emitted   map[string]int `json:"emitted"`   // by services of AWS, by detail type
	Matched   map[string]int `json:"matched"`   // by rules, by the rule's ARN
	Delivered map[string]int `json:"delivered"` // to queues and buses, by their ARN
	Dropped   []Drop         `json:"dropped"`
}

// Drop is why deliveries of a rule to a target failed.
type Drop struct {
	Rule   string `json:"rule"`   // ARN
	Target string `json:"target"` // ARN
	Code   string `json:"code"`   // as dead-letter queues have it: NO_PERMISSIONS, NO_RESOURCE, …; FAULT where it was ordered
	Reason string `json:"reason"`
	Dead   string `json:"dead,omitempty"` // ARN of the dead-letter queue that got them
	Count  int    `json:"count"`
}

// Report returns the counts since the start or the last reset.
func (s *Service) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Report{maps.Clone(s.seen.Emitted), maps.Clone(s.seen.Matched), maps.Clone(s.seen.Delivered), slices.Clone(s.seen.Dropped)}
}

// ResetReport begins to count anew.
func (s *Service) ResetReport() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = Report{map[string]int{}, map[string]int{}, map[string]int{}, []Drop{}}
}

func (s *Service) drop(d Drop) {
	for i, there := range s.seen.Dropped {
		if d.Count = there.Count; d == there {
			s.seen.Dropped[i].Count++
			return
		}
	}
	d.Count = 1
	s.seen.Dropped = append(s.seen.Dropped, d)
}

// delivery is an event on its way to a target of a rule.
type delivery struct {
	Scope     wire.Scope // of the rule
	Rule      string     // ARN
	Target    target
	Event     event
	Forwarded bool // it came from another bus
}

// lateDelivery is one that was held back. Without a rule it is an event that has not happened yet.
type lateDelivery struct {
	At time.Time
	delivery
}

// route sends an event to the targets of the rules of a bus that match it. forwarded says that it
// came from another bus.
func (s *Service) route(b *bus, e event, forwarded bool) {
	data, err := json.Marshal(e)
	if err != nil { // its parts are JSON
		return
	}
	decoded, err := pattern.Decode(data)
	if err != nil { // it was just encoded
		return
	}
	for _, r := range b.inOrder() {
		if r.State != enabled || r.pattern == nil {
			continue
		}
		if r.pattern.Matches(decoded) {
			s.fire(r, e, forwarded)
		}
	}
}

// fire sends an event to the targets of a rule.
func (s *Service) fire(r *rule, e event, forwarded bool) {
	s.seen.Matched[r.arn()]++
	for _, t := range r.Targets {
		d := delivery{Scope: r.Scope, Rule: r.arn(), Target: t, Event: e, Forwarded: forwarded}
		var fault Disturbance
		if service, _, _ := t.parts(); service == "sqs" && s.deps.Disturb != nil {
			fault = s.deps.Disturb(e.DetailType)
		}
		if fault.Drop {
			s.drop(Drop{Rule: d.Rule, Target: t.ARN, Code: "FAULT", Reason: "a fault that was ordered from the sandbox"})
			continue
		}
		for range 1 + fault.Copies {
			if fault.Delay > 0 {
				s.late = append(s.late, lateDelivery{s.deps.Clock.Now().Add(fault.Delay), d})
				continue
			}
			s.deliver(d)
		}
	}
}

// undelivered is why a delivery failed, as dead-letter queues tell it.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
type undelivered struct{ code, message string }

// deliver brings an event to its target, or else to the target's dead-letter queue.
func (s *Service) deliver(d delivery) {
	failed := s.send(d)
	if failed == nil {
		s.seen.Delivered[d.Target.ARN]++
		return
	}
	drop := Drop{Rule: d.Rule, Target: d.Target.ARN, Code: failed.code, Reason: failed.message}
	if d.Target.DeadLetter != nil && d.Target.DeadLetter.ARN != "" {
		body, _ := json.Marshal(d.Event) // it was encoded before
		err := s.deps.Queues.Deliver(d.Target.DeadLetter.ARN, Delivery{Rule: d.Rule, Account: d.Scope.Account, Body: string(body), Attributes: map[string]string{
			"RULE_ARN": d.Rule, "TARGET_ARN": d.Target.ARN, "ERROR_CODE": failed.code, "ERROR_MESSAGE": failed.message,
			"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "0",
		}})
		if err == nil {
			drop.Dead = d.Target.DeadLetter.ARN
		}
	}
	s.drop(drop)
}

func (s *Service) send(d delivery) *undelivered {
	service, scope, _ := d.Target.parts()
	if service == "events" {
		return s.forward(d, scope)
	}
	if why := s.assume(d, "sqs:SendMessage"); why != nil {
		return why
	}
	body, _ := json.Marshal(d.Event) // it was encoded before
	err := s.deps.Queues.Deliver(d.Target.ARN, Delivery{Rule: d.Rule, Account: d.Scope.Account, Role: session(d.Target.RoleARN), Body: d.Target.body(body)})
	var e *wire.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return &undelivered{"UNKNOWN", err.Error()}
	case e.Code == "QueueDoesNotExist":
		return &undelivered{"NO_RESOURCE", e.Message}
	case e.Code == "AccessDeniedException":
		return &undelivered{"NO_PERMISSIONS", e.Message}
	}
	return &undelivered{"INVALID_PARAMETER", e.Message}
}

// forward brings an event to another bus. One that came from a bus already goes no further.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
func (s *Service) forward(d delivery, scope wire.Scope) *undelivered {
	b := s.busByARN(d.Target.ARN)
	switch {
	case d.Forwarded && scope.Region != d.Scope.Region:
		return &undelivered{"THIRD_REGION_HOP_DETECTED", "An event that came from another event bus is not sent to a third region."}
	case d.Forwarded:
		return &undelivered{"THIRD_ACCOUNT_HOP_DETECTED", "An event that came from another event bus is not sent to a third one."}
	case b == nil:
		return &undelivered{"NO_RESOURCE", "Event bus " + d.Target.ARN + " does not exist."}
	}
	if why := s.assume(d, "events:PutEvents"); why != nil {
		return why
	}
	request := policy.Request{
		Principal: session(d.Target.RoleARN), Account: d.Scope.Account, Action: "events:PutEvents", Resource: b.arn(),
		Keys: map[string]string{"events:source": d.Event.Source, "events:detail-type": d.Event.DetailType, "aws:sourcearn": d.Rule, "aws:sourceaccount": d.Scope.Account},
	}
	if decided := b.policy.Decide(request); decided == policy.Denied || decided == policy.Silent && scope.Account != d.Scope.Account {
		return &undelivered{"NO_PERMISSIONS", "The policy of event bus " + b.arn() + " does not allow events:PutEvents to account " + d.Scope.Account + "."}
	}
	s.route(b, d.Event, true)
	return nil
}

// assume looks at the policies of a target's role.
func (s *Service) assume(d delivery, action string) *undelivered {
	name := d.Target.RoleARN[strings.LastIndex(d.Target.RoleARN, "/")+1:]
	if name == "" || s.deps.Roles == nil || s.deps.Roles.Allows(name, action, d.Target.ARN) {
		return nil
	}
	return &undelivered{"NO_PERMISSIONS", "Role " + d.Target.RoleARN + " is not authorized to perform: " + action + " on resource: " + d.Target.ARN}
}

// session returns the ARN of the session that EventBridge has of a role, which has no path; "" for
// none.
func session(roleARN string) string {
	before, role, ok := strings.Cut(roleARN, ":role/")
	if !ok {
		return ""
	}
	return strings.Replace(before, ":iam:", ":sts:", 1) + ":assumed-role/" + role[strings.LastIndex(role, "/")+1:] + "/events"
}

// next returns when something is due; zero for never.
func (s *Service) next() time.Time {
	var next time.Time
	earlier := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, l := range s.late {
		earlier(l.At)
	}
	for _, b := range s.buses {
		for _, r := range b.Rules {
			if r.State == enabled {
				earlier(r.Next)
			}
		}
	}
	return next
}

// advance does what is due by now and returns when something next is.
func (s *Service) advance() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.deps.Clock.Now()
	due := slices.DeleteFunc(slices.Clone(s.late), func(l lateDelivery) bool { return l.At.After(now) })
	s.late = slices.DeleteFunc(s.late, func(l lateDelivery) bool { return !l.At.After(now) })
	slices.SortStableFunc(due, func(a, b lateDelivery) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	for _, l := range due {
		if l.Rule == "" {
			s.seen.Emitted[l.Event.DetailType]++
			s.route(s.bus(l.Scope, defaultBus), l.Event, false)
			continue
		}
		s.deliver(l.delivery)
	}
	for _, b := range s.sorted(func(*bus) bool { return true }) {
		for _, r := range b.inOrder() {
			if r.State == enabled && !r.Next.IsZero() && !r.Next.After(now) {
				s.fire(r, newEvent(r.Scope, "aws.events", r.Next, "Scheduled Event", []byte("{}"), []string{r.arn()}), false)
				r.Next = r.schedule.after(now)
			}
		}
	}
	return s.next()
}
