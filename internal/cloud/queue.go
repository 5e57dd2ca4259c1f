package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/tagboat/tagboat/internal/watch/queue"
)

// Queue is a queue of SQS. It is safe for concurrent use.
type Queue struct {
	client  *sqs.Client
	session *Session
	url     string
}

var _ queue.SQS = (*Queue)(nil)

// Queue returns the queue with a URL, in the region that the URL names. One that names none, as
// that of an emulator, is in the region of the AWS configuration. It makes no call.
func (c *Cloud) Queue(url string) *Queue {
	s := c.At(Place{Region: queueRegion(url)})
	return &Queue{client: s.sqs(), session: s, url: url}
}

// queueRegion returns the region of a queue of AWS; "" where the URL is not of AWS's form:
// sqs.REGION.amazonaws.com, or REGION.queue.amazonaws.com as it was before 2014, also in China.
// https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
func queueRegion(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	host, ok := strings.CutSuffix(strings.TrimSuffix(u.Hostname(), ".cn"), ".amazonaws.com")
	switch first, second, _ := strings.Cut(host, "."); {
	case !ok:
		return ""
	case host == "queue":
		return "us-east-1"
	case first == "sqs" || first == "sqs-fips":
		return second
	case second == "queue":
		return first
	}
	return ""
}

// Now returns the time by AWS's clock.
func (q *Queue) Now() time.Time { return q.session.Now() }

// attempts is how often a call is made before it fails: who works on a queue calls again and
// again anyway, and has to know soon that it is away.
const attempts = 3

func soonGivesUp(o *sqs.Options) { o.Retryer = retry.AddWithMaxAttempts(o.Retryer, attempts) }

// Receive implements queue.SQS.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func (q *Queue) Receive(ctx context.Context, visibility time.Duration) ([]queue.Message, error) {
	const longest, most = 20, 10 // seconds, messages
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: most, WaitTimeSeconds: longest, VisibilityTimeout: seconds(visibility),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, translate(err)
	}
	return each(out.Messages, received), nil
}

func received(m types.Message) queue.Message {
	count, _ := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	sent, _ := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	return queue.Message{
		ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
		Received: count, Sent: time.UnixMilli(sent).UTC(),
	}
}

func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) } //nolint:gosec // at most twelve hours

// Extend implements queue.SQS.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
func (q *Queue) Extend(ctx context.Context, receipts []string, visibility time.Duration) (failed []string, err error) {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url}
	for i, receipt := range receipts {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(receipt), VisibilityTimeout: seconds(visibility),
		})
	}
	out, err := q.client.ChangeMessageVisibilityBatch(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	return failedOf(receipts, out.Failed)
}

// Delete implements queue.SQS.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
func (q *Queue) Delete(ctx context.Context, receipts []string) (failed []string, err error) {
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.url}
	for i, receipt := range receipts {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(receipt)})
	}
	out, err := q.client.DeleteMessageBatch(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	return failedOf(receipts, out.Failed)
}

// failedOf returns the receipts of the entries of a batch that failed.
func failedOf(receipts []string, entries []types.BatchResultErrorEntry) (failed []string, err error) {
	for _, entry := range entries {
		i, err := strconv.Atoi(aws.ToString(entry.Id))
		if err != nil || i < 0 || i >= len(receipts) {
			return nil, fmt.Errorf("SQS answers of entry %q, which was not sent", aws.ToString(entry.Id))
		}
		failed = append(failed, receipts[i])
	}
	return failed, nil
}

// MaxReceives implements queue.SQS.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
func (q *Queue) MaxReceives(ctx context.Context) (int, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		return 0, translate(err)
	}
	text := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]
	if text == "" {
		return 0, nil
	}
	var policy struct {
		Most json.RawMessage `json:"maxReceiveCount"` // a number, or one in quotation marks
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return 0, fmt.Errorf("reading the queue's redrive policy: %w", err)
	}
	most, err := strconv.Atoi(strings.Trim(string(policy.Most), `"`))
	if err != nil {
		return 0, fmt.Errorf("reading the queue's redrive policy: %w", err)
	}
	return most, nil
}
