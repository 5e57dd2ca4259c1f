package sqs

import (
	"github.com/tagboat/tagboat/internal/sandbox/policy"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Delivery is a message that a service of AWS sends to a queue, as itself or by a role.
type Delivery struct {
	Service    string // events.amazonaws.com; "" where Role sends
	Role       string // ARN of a role's session
	Account    string // of the rule or the like that it is sent for
	Source     string // its ARN: aws:SourceArn
	Body       string
	Attributes map[string]string
}

// Deliver puts a message into a queue, known by its ARN. The queue's policy has to allow it,
// unless a role of the queue's own account sends it. The error is AWS's: QueueDoesNotExist,
// AccessDeniedException, or what SendMessage refuses.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
func (s *Service) Deliver(queueARN string, d Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[queueARN]
	if q == nil {
		return refuse("QueueDoesNotExist", "The specified queue does not exist.")
	}
	c := call{Service: s, now: s.clock.Now(), client: s.client.Now(), caller: wire.Caller{ARN: d.Service + d.Role}}
	decided := q.policy.Decide(policy.Request{
		Service: d.Service, Principal: d.Role, Account: d.Account, Action: "sqs:SendMessage", Resource: queueARN,
		Keys: map[string]string{"aws:sourcearn": d.Source, "aws:sourceaccount": d.Account},
	})
	if own := d.Service == "" && d.Account == q.Scope.Account; decided == policy.Denied || decided == policy.Silent && !own {
		return c.denied("sqs:SendMessage", q, "because no resource-based policy allows the sqs:sendmessage action")
	}
	q.expire(c.now)
	attributes := map[string]attribute{}
	for name, value := range d.Attributes {
		attributes[name] = attribute{StringValue: &value, DataType: "String"}
	}
	_, err := c.put(q, draft{Body: d.Body, Attributes: attributes}, d.Account)
	return err
}
