// Package sqs is the sandbox's Simple Queue Service: standard queues with visibility timeouts,
// redelivery, long polling, delays, dead-letter queues and queue policies. Queues live per account
// and region; a queue's URL is http://HOST/ACCOUNT/NAME. All of it is safe for concurrent use.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html
//
// Two clocks count. Delays, retention and long polls are times inside of AWS and follow the
// sandbox's clock. A visibility timeout measures how long a consumer works on a message, which
// the consumer extends by its own time, so that it follows the client's.
//
// What differs from AWS: there are no FIFO queues, no keys of KMS and no moves of messages out of
// a dead-letter queue; every answer sees all messages, and the oldest come first.
package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is SQS in every account and region.
type Service struct {
	clock  clock.Clock // inside of AWS
	client clock.Clock // of the consumers

	mu      sync.Mutex
	queues  map[string]*queue    // by ARN
	deleted map[string]time.Time // when, by ARN
}

// New returns an SQS without queues. Timestamps, delays and long polls are of the first clock,
// visibility timeouts of the second.
func New(inside, client clock.Clock) *Service {
	return &Service{clock: inside, client: client, queues: map[string]*queue{}, deleted: map[string]time.Time{}}
}

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:        "sqs",
		Protocol:    wire.JSON10,
		Target:      "AmazonSQS.",
		QueryErrors: true,
		Operations: map[string]wire.Operation{
			"CreateQueue":                  op(s, call.create),
			"DeleteQueue":                  op(s, call.remove),
			"GetQueueUrl":                  op(s, call.url),
			"ListQueues":                   op(s, call.list),
			"ListDeadLetterSourceQueues":   op(s, call.sources),
			"GetQueueAttributes":           op(s, call.getAttributes),
			"SetQueueAttributes":           op(s, call.setAttributes),
			"PurgeQueue":                   op(s, call.purge),
			"TagQueue":                     op(s, call.tag),
			"UntagQueue":                   op(s, call.untag),
			"ListQueueTags":                op(s, call.tags),
			"SendMessage":                  op(s, call.send),
			"SendMessageBatch":             op(s, call.sendBatch),
			"ReceiveMessage":               wire.OpRequest(s.receive),
			"DeleteMessage":                op(s, call.deleteMessage),
			"DeleteMessageBatch":           op(s, call.deleteBatch),
			"ChangeMessageVisibility":      op(s, call.changeVisibility),
			"ChangeMessageVisibilityBatch": op(s, call.changeVisibilityBatch),
		},
	}
}

// call is one request while the service is locked for it.
type call struct {
	*Service
	caller wire.Caller
	host   string
	now    time.Time // inside of AWS
	client time.Time // of the consumer
}

func (s *Service) begin(r *wire.Request) call {
	return call{Service: s, caller: r.Caller, host: r.Host, now: s.clock.Now(), client: s.client.Now()}
}

// op makes an operation of a function that has the service for itself.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.OpRequest(func(_ context.Context, r *wire.Request, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(s.begin(r), in)
	})
}

// nothing is the answer of an operation that has none.
type nothing struct{}

// refuse makes an error with the names that it has in the JSON protocol and in the query protocol
// before it, which clients still show.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
func refuse(code, format string, args ...any) *wire.Error {
	e := wire.Errorf(code, format, args...)
	switch code {
	case "QueueDoesNotExist":
		e.Query = "AWS.SimpleQueueService.NonExistentQueue"
	case "QueueNameExists":
		e.Query = "QueueAlreadyExists"
	case "InvalidParameterValueException":
		e.Query = "InvalidParameterValue"
	case "MissingRequiredParameterException":
		e.Query = "MissingParameter"
	case "AccessDeniedException":
		e.Query, e.Status = "AccessDenied", http.StatusForbidden
	case "ReceiptHandleIsInvalid", "InvalidAddress":
		e.Status = http.StatusNotFound
	case "OverLimit":
		e.Status = http.StatusForbidden
	case "InvalidAttributeName", "InvalidAttributeValue", "InvalidMessageContents":
	case "PurgeQueueInProgress":
		e.Query, e.Status = "AWS.SimpleQueueService."+code, http.StatusForbidden
	default:
		e.Query = "AWS.SimpleQueueService." + code
	}
	return e
}

func badValue(format string, args ...any) *wire.Error {
	return refuse("InvalidParameterValueException", format, args...)
}

// badNumber is how SQS words a number out of range.
func badNumber(value int, parameter, reason string) *wire.Error {
	return badValue("Value %d for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func missing(parameter string) *wire.Error {
	return refuse("MissingRequiredParameterException", "The request must contain the parameter %s.", parameter)
}

// state is what Save returns.
type state struct {
	Queues  []*queue
	Deleted map[string]time.Time
}

// Save returns all state as a value that encodes as JSON and that later calls do not change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.Frozen("queues", state{s.sorted(func(*queue) bool { return true }), s.deleted})
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	loaded := state{Deleted: map[string]time.Time{}}
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading queues: %w", err)
	}
	queues := map[string]*queue{}
	for i, q := range loaded.Queues {
		if q == nil || q.Name == "" {
			return fmt.Errorf("loading queues: number %d has no name", i)
		}
		if err := q.restore(); err != nil {
			return fmt.Errorf("loading queue %q: %w", q.Name, err)
		}
		queues[q.arn()] = q
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queues, s.deleted = queues, loaded.Deleted
	return nil
}
