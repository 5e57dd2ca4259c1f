package sqs

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const (
	maxWait       = 20
	maxVisibility = 43200
	maxReceived   = 10
	maxInFlight   = 120_000
)

type receiveInput struct {
	urlInput
	AttributeNames              []string // the older name of the next
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	ReceiveRequestAttemptID     string `json:"ReceiveRequestAttemptId"`
}

func (in receiveInput) check() error {
	outside := func(n *int, least, most int) bool { return n != nil && (*n < least || *n > most) }
	switch {
	case outside(in.MaxNumberOfMessages, 1, maxReceived):
		return badNumber(*in.MaxNumberOfMessages, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
	case outside(in.WaitTimeSeconds, 0, maxWait):
		return badNumber(*in.WaitTimeSeconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
	case outside(in.VisibilityTimeout, 0, maxVisibility):
		return badNumber(*in.VisibilityTimeout, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.")
	case in.ReceiveRequestAttemptID != "":
		return badValue("Value %s for parameter ReceiveRequestAttemptId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", in.ReceiveRequestAttemptID)
	}
	return nil
}

// received is a message as a consumer sees it.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Message.html
type received struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
	MessageAttributes      map[string]attribute `json:",omitempty"`
}

type receiveOutput struct {
	Messages []received `json:",omitempty"`
}

// receive takes messages. Where there is none it waits for as long as the request or the queue
// says, or until the consumer has gone, which then gets none.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
func (s *Service) receive(ctx context.Context, r *wire.Request, in receiveInput) (receiveOutput, error) {
	begun := s.clock.Now()
	for {
		s.mu.Lock()
		c := s.begin(r)
		q, err := c.queue(in.QueueURL, "sqs:ReceiveMessage")
		if err == nil {
			err = in.check()
		}
		if err != nil {
			s.mu.Unlock()
			return receiveOutput{}, err
		}
		wait := q.seconds("ReceiveMessageWaitTimeSeconds")
		if in.WaitTimeSeconds != nil {
			wait = time.Duration(*in.WaitTimeSeconds) * time.Second
		}
		out, err := c.take(q, in)
		next, changed := c.next(q, begun.Add(wait)), q.changed
		s.mu.Unlock()
		if err != nil || len(out.Messages) > 0 || !c.now.Before(begun.Add(wait)) || !s.sleep(ctx, next, changed) {
			return out, err
		}
	}
}

// moment is when to look at a queue again, by each clock; zero where that does not matter.
type moment struct{ inside, client time.Time }

// next returns when a message can be received next, or the wait is over.
func (c call) next(q *queue, over time.Time) moment {
	next := moment{inside: over}
	for _, m := range q.Messages {
		if m.From.After(c.now) && m.From.Before(next.inside) {
			next.inside = m.From
		}
		if m.Hidden.After(c.client) && (next.client.IsZero() || m.Hidden.Before(next.client)) {
			next.client = m.Hidden
		}
	}
	return next
}

// sleep waits for a moment or a change and reports whether the consumer is still there.
func (s *Service) sleep(ctx context.Context, until moment, changed <-chan struct{}) bool {
	inside, stop := s.clock.Wait(until.inside)
	defer stop()
	var client <-chan time.Time
	if !until.client.IsZero() {
		var stopClient func()
		client, stopClient = s.client.Wait(until.client)
		defer stopClient()
	}
	select {
	case <-ctx.Done():
		return false
	case <-inside:
	case <-client:
	case <-changed:
	}
	return ctx.Err() == nil
}

// take gives visible messages to a consumer. One that was received too often goes to the queue's
// dead-letter queue instead, as long as that is there.
func (c call) take(q *queue, in receiveInput) (receiveOutput, error) {
	var out receiveOutput
	most, visibility := 1, q.seconds("VisibilityTimeout")
	if in.MaxNumberOfMessages != nil {
		most = *in.MaxNumberOfMessages
	}
	if in.VisibilityTimeout != nil {
		visibility = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	_, inFlight, _ := q.count(c.now, c.client)
	for _, m := range slices.Clone(q.Messages) {
		if len(out.Messages) == most {
			break
		}
		if m.From.After(c.now) || m.Hidden.After(c.client) || c.bury(q, m) {
			continue
		}
		if inFlight++; inFlight > maxInFlight {
			return out, refuse("OverLimit", "The maximum number of in flight messages is reached.")
		}
		m.Received, m.Hidden, m.Receipt = c.client, c.client.Add(visibility), q.receipt(m)
		m.Receives, m.Here = m.Receives+1, m.Here+1
		if m.First.IsZero() {
			m.First = c.now
		}
		out.Messages = append(out.Messages, m.shown(in))
	}
	return out, nil
}

// bury moves a message to the dead-letter queue if it was received as often as it may be. It keeps
// its age there.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (c call) bury(q *queue, m *message) bool {
	if q.redrive == nil || m.Here < q.redrive.max {
		return false
	}
	dead := c.queues[q.redrive.Target]
	if dead == nil {
		return false
	}
	q.Messages = slices.DeleteFunc(q.Messages, func(other *message) bool { return other == m })
	m.Source, m.Here, m.Receipt, m.Hidden = q.arn(), 0, "", time.Time{}
	dead.Messages = append(dead.Messages, m)
	dead.wake()
	return true
}

func (m *message) shown(in receiveInput) received {
	out := received{MessageID: m.ID, ReceiptHandle: m.Receipt, MD5OfBody: digest(m.Body), Body: m.Body}
	attributes := map[string]string{
		"SenderId": m.Sender, "SentTimestamp": millis(m.Sent), "ApproximateReceiveCount": strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": millis(m.First), "MessageGroupId": m.Group, "DeadLetterQueueSourceArn": m.Source,
	}
	if m.Trace != nil && m.Trace.StringValue != nil {
		attributes["AWSTraceHeader"] = *m.Trace.StringValue
	}
	names := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	maps.DeleteFunc(attributes, func(name, value string) bool {
		return value == "" || !slices.Contains(names, "All") && !slices.Contains(names, name)
	})
	out.Attributes = attributes
	for name, a := range m.Attributes {
		if slices.ContainsFunc(in.MessageAttributeNames, func(wanted string) bool {
			prefix, isPrefix := strings.CutSuffix(wanted, ".*")
			return wanted == "All" || wanted == name || isPrefix && strings.HasPrefix(name, prefix)
		}) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]attribute{}
			}
			out.MessageAttributes[name] = a
		}
	}
	out.MD5OfMessageAttributes = digestOf(out.MessageAttributes)
	return out
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
