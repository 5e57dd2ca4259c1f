package sqs

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type receiptInput struct {
	ReceiptHandle string
}

type deleteInput struct {
	urlInput
	receiptInput
}

// deleteMessage deletes what a receipt stands for, even once it can be received again. A receipt
// of an earlier time than the last one deletes nothing, and that is no error.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
func (c call) deleteMessage(in deleteInput) (nothing, error) {
	q, err := c.queue(in.QueueURL, "sqs:DeleteMessage")
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, q.drop(in.receiptInput)
}

func (q *queue) drop(in receiptInput) error {
	m, err := q.byReceipt(in.ReceiptHandle)
	if m != nil && m.Receipt == in.ReceiptHandle {
		q.Messages = slices.DeleteFunc(q.Messages, func(other *message) bool { return other == m })
	}
	return err
}

type visibility struct {
	receiptInput
	VisibilityTimeout *int
}

type changeInput struct {
	urlInput
	visibility
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
func (c call) changeVisibility(in changeInput) (nothing, error) {
	q, err := c.queue(in.QueueURL, "sqs:ChangeMessageVisibility")
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, c.hide(q, in.visibility)
}

// hide changes how long the consumer that received a message last still has it: from now on, and
// up to twelve hours after it received the message.
func (c call) hide(q *queue, in visibility) error {
	m, err := q.byReceipt(in.ReceiptHandle)
	switch {
	case err != nil:
		return err
	case in.VisibilityTimeout == nil:
		return missing("VisibilityTimeout")
	case *in.VisibilityTimeout < 0 || *in.VisibilityTimeout > maxVisibility:
		return badNumber(*in.VisibilityTimeout, "VisibilityTimeout", "Must be between 0 and 43200.")
	case m == nil || m.Receipt != in.ReceiptHandle:
		return badValue("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", in.ReceiptHandle)
	case !m.Hidden.After(c.client):
		return refuse("MessageNotInflight", "The specified message isn't in flight.")
	}
	until := c.client.Add(time.Duration(*in.VisibilityTimeout) * time.Second)
	if until.After(m.Received.Add(maxVisibility * time.Second)) {
		return badNumber(*in.VisibilityTimeout, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	m.Hidden = until
	q.wake()
	return nil
}

type failure struct {
	ID          string `json:"Id"`
	SenderFault bool
	Code        string
	Message     string `json:",omitempty"`
}

// done is what a batch answers: what succeeded, and what did not.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
type done[T any] struct {
	Successful []T
	Failed     []failure
}

func (d *done[T]) add(id string, out T, err error) {
	var e *wire.Error
	switch {
	case err == nil:
		d.Successful = append(d.Successful, out)
	case errors.As(err, &e):
		d.Failed = append(d.Failed, failure{id, e.Status < http.StatusInternalServerError, cmp.Or(e.Query, e.Code), e.Message})
	}
}

func newDone[T any]() done[T] { return done[T]{Successful: []T{}, Failed: []failure{}} }

const maxEntries = 10

var entryID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`) })

// checkBatch looks at the names of the entries of a batch.
func checkBatch(kind string, ids []string) error {
	switch {
	case len(ids) == 0:
		return refuse("EmptyBatchRequest", "There should be at least one %s in the request.", kind)
	case len(ids) > maxEntries:
		return refuse("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(ids))
	}
	for i, id := range ids {
		switch {
		case !entryID().MatchString(id):
			return refuse("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		case slices.Contains(ids[:i], id):
			return refuse("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
	}
	return nil
}

type sendEntry struct {
	ID string `json:"Id"`
	draft
}

type sent struct {
	ID string `json:"Id"`
	sendOutput
}

type sendBatchInput struct {
	urlInput
	Entries []sendEntry
}

func (c call) sendBatch(in sendBatchInput) (done[sent], error) {
	out := newDone[sent]()
	q, err := c.queue(in.QueueURL, "sqs:SendMessage")
	if err != nil {
		return out, err
	}
	ids, size := []string{}, 0
	for _, e := range in.Entries {
		ids, size = append(ids, e.ID), size+e.size()
	}
	if err := checkBatch("SendMessageBatchRequestEntry", ids); err != nil {
		return out, err
	}
	if size > maxSize {
		return out, refuse("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxSize, size)
	}
	for _, e := range in.Entries {
		one, err := c.put(q, e.draft, cmp.Or(c.caller.UserID, c.caller.Account))
		out.add(e.ID, sent{e.ID, one}, err)
	}
	return out, nil
}

type named struct {
	ID string `json:"Id"`
}

type deleteEntry struct {
	named
	receiptInput
}

type deleteBatchInput struct {
	urlInput
	Entries []deleteEntry
}

func (c call) deleteBatch(in deleteBatchInput) (done[named], error) {
	return batch(c, in.QueueURL, "sqs:DeleteMessage", "DeleteMessageBatchRequestEntry", in.Entries,
		func(e deleteEntry) named { return e.named }, func(q *queue, e deleteEntry) error { return q.drop(e.receiptInput) })
}

type changeEntry struct {
	named
	visibility
}

type changeBatchInput struct {
	urlInput
	Entries []changeEntry
}

func (c call) changeVisibilityBatch(in changeBatchInput) (done[named], error) {
	return batch(c, in.QueueURL, "sqs:ChangeMessageVisibility", "ChangeMessageVisibilityBatchRequestEntry", in.Entries,
		func(e changeEntry) named { return e.named }, func(q *queue, e changeEntry) error { return c.hide(q, e.visibility) })
}

// batch does something to each entry by itself.
func batch[E any](c call, url, action, kind string, entries []E, name func(E) named, do func(*queue, E) error) (done[named], error) {
	out := newDone[named]()
	q, err := c.queue(url, action)
	if err != nil {
		return out, err
	}
	ids := []string{}
	for _, e := range entries {
		ids = append(ids, name(e).ID)
	}
	if err := checkBatch(kind, ids); err != nil {
		return out, err
	}
	for _, e := range entries {
		out.add(name(e).ID, name(e), do(q, e))
	}
	return out, nil
}
