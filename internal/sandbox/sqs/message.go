package sqs

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// message is one message in a queue.
type message struct {
	ID         string
	Body       string
	Attributes map[string]attribute `json:",omitempty"`
	Trace      *attribute           `json:",omitempty"` // AWSTraceHeader
	Group      string               `json:",omitempty"`
	Sender     string
	Sent       time.Time
	From       time.Time // it can be received from then on, by the sandbox's clock
	Hidden     time.Time // until when a consumer has it, by the client's clock; zero for never
	Received   time.Time // last, by the client's clock; zero for never
	First      time.Time // when it was received first, by the sandbox's clock
	Receives   int       // how often it was received
	Here       int       // of these, in this queue
	Receipt    string    `json:",omitempty"` // of the last time it was received
	Source     string    `json:",omitempty"` // ARN of the queue that it was moved from
}

// attribute is a value beside the body.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html
type attribute struct {
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
	DataType    string
}

func (a attribute) size() int {
	n := len(a.DataType) + len(a.BinaryValue)
	if a.StringValue != nil {
		n += len(*a.StringValue)
	}
	return n
}

// expire drops what has been in the queue for longer than its messages are kept.
func (q *queue) expire(now time.Time) {
	oldest := now.Add(-q.seconds("MessageRetentionPeriod"))
	q.Messages = slices.DeleteFunc(q.Messages, func(m *message) bool { return m.Sent.Before(oldest) })
}

// count counts messages that can be received, that consumers have, and that are delayed.
func (q *queue) count(now, client time.Time) (visible, hidden, delayed int) {
	for _, m := range q.Messages {
		switch {
		case m.From.After(now):
			delayed++
		case m.Hidden.After(client):
			hidden++
		default:
			visible++
		}
	}
	return visible, hidden, delayed
}

// draft is a message as it is sent.
type draft struct {
	Body             string               `json:"MessageBody"`
	Delay            *int                 `json:"DelaySeconds"`
	Attributes       map[string]attribute `json:"MessageAttributes"`
	SystemAttributes map[string]attribute `json:"MessageSystemAttributes"`
	GroupID          string               `json:"MessageGroupId"`
	Deduplication    string               `json:"MessageDeduplicationId"`
}

func (d draft) size() int {
	n := len(d.Body)
	for name, a := range d.Attributes {
		n += len(name) + a.size()
	}
	return n
}

type sendInput struct {
	urlInput
	draft
}

type sendOutput struct {
	MessageID                    string `json:"MessageId"`
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func (c call) send(in sendInput) (sendOutput, error) {
	q, err := c.queue(in.QueueURL, "sqs:SendMessage")
	if err != nil {
		return sendOutput{}, err
	}
	return c.put(q, in.draft, cmp.Or(c.caller.UserID, c.caller.Account))
}

// put adds a message to a queue.
func (c call) put(q *queue, d draft, sender string) (sendOutput, error) {
	if err := d.check(q); err != nil {
		return sendOutput{}, err
	}
	delay := q.seconds("DelaySeconds")
	if d.Delay != nil {
		delay = time.Duration(*d.Delay) * time.Second
	}
	m := &message{ID: wire.NewID(), Body: d.Body, Attributes: d.Attributes, Group: d.GroupID, Sender: sender, Sent: c.now, From: c.now.Add(delay)}
	out := sendOutput{MessageID: m.ID, MD5OfMessageBody: digest(d.Body), MD5OfMessageAttributes: digestOf(d.Attributes)}
	if trace, ok := d.SystemAttributes["AWSTraceHeader"]; ok {
		m.Trace, out.MD5OfMessageSystemAttributes = &trace, digestOf(d.SystemAttributes)
	}
	q.Messages = append(q.Messages, m)
	q.wake()
	return out, nil
}

const (
	maxAttributes = 10
	maxDelay      = 900
)

// check refuses what SQS does not take.
func (d draft) check(q *queue) error {
	switch {
	case d.Body == "":
		return missing("MessageBody")
	case d.size() > q.number("MaximumMessageSize"):
		return badValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.number("MaximumMessageSize"))
	case strings.ContainsFunc(d.Body, isForbidden) || !utf8.ValidString(d.Body):
		return refuse("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	case d.Delay != nil && (*d.Delay < 0 || *d.Delay > maxDelay):
		return badNumber(*d.Delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	case d.Deduplication != "":
		return badValue("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", d.Deduplication)
	case len(d.Attributes) > maxAttributes:
		return badValue("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(d.Attributes), maxAttributes)
	}
	for name := range d.SystemAttributes {
		if name != "AWSTraceHeader" {
			return badValue("Message system attribute name '%s' is invalid.", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		if err := checkAttribute(name, d.Attributes[name]); err != nil {
			return err
		}
	}
	return nil
}

// isForbidden reports whether a message must not have a character.
// https://www.w3.org/TR/REC-xml/#charsets
func isForbidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

var attributeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`) })

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func checkAttribute(name string, a attribute) error {
	kind, _, _ := strings.Cut(a.DataType, ".")
	lower := strings.ToLower(name)
	const longest = 256
	switch {
	case !attributeName().MatchString(name) || len(name) > longest || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return badValue("Message (user) attribute name '%s' is invalid.", name)
	case a.DataType == "":
		return badValue("The message attribute '%s' must contain a non-empty message attribute type.", name)
	case kind != "String" && kind != "Number" && kind != "Binary":
		return badValue("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && (a.StringValue == nil || *a.StringValue == ""):
		return badValue("The message attribute '%s' must contain a non-empty message attribute value for message attribute type '%s'.", name, kind)
	}
	return nil
}

func digest(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// digestOf is the digest of attributes, "" for none.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func digestOf(attributes map[string]attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var text []byte
	add := func(value string) {
		text = binary.BigEndian.AppendUint32(text, uint32(len(value))) //nolint:gosec // no longer than a message
		text = append(text, value...)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		add(name)
		add(a.DataType)
		if strings.HasPrefix(a.DataType, "Binary") {
			text = append(text, 2)
			add(string(a.BinaryValue))
		} else {
			text = append(text, 1)
			add(*a.StringValue)
		}
	}
	return digest(string(text))
}

const receiptPrefix = "AQEB"

// receipt names a message that was received once, and where.
func (q *queue) receipt(m *message) string {
	return receiptPrefix + base64.StdEncoding.EncodeToString([]byte(q.arn()+" "+m.ID+" "+wire.NewID()))
}

// byReceipt returns the message of a receipt, nil for one that is gone. A receipt of another queue,
// or of none, is an error.
func (q *queue) byReceipt(receipt string) (*message, error) {
	text, ok := strings.CutPrefix(receipt, receiptPrefix)
	plain, err := base64.StdEncoding.DecodeString(text)
	parts := strings.Split(string(plain), " ")
	switch {
	case receipt == "":
		return nil, missing("ReceiptHandle")
	case !ok || err != nil || len(parts) != 3:
		return nil, refuse("ReceiptHandleIsInvalid", `The input receipt handle "%s" is not a valid receipt handle.`, receipt)
	case parts[0] != q.arn():
		return nil, refuse("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
	}
	if i := slices.IndexFunc(q.Messages, func(m *message) bool { return m.ID == parts[1] }); i >= 0 {
		return q.Messages[i], nil
	}
	return nil, nil
}
