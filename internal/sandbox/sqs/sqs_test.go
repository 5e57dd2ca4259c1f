package sqs_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/sqs"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

const other = "222222222222"

// world is SQS with its two clocks, and the SDK's client of an account.
type world struct {
	*testing.T
	*sdk.Client
	service        *sqs.Service
	inside, client *clock.Manual
	endpoint       string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	w := &world{T: t, inside: clock.NewManual(start), client: clock.NewManual(start)}
	w.service = sqs.New(w.inside, w.client)
	w.endpoint = wiretest.Serve(t, w.service.Service())
	w.Client = w.as(wiretest.Account)
	return w
}

func (w *world) as(account string) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &w.endpoint, Region: wiretest.Region, Retryer: wiretest.Once{},
		Credentials: credentials.NewStaticCredentialsProvider(account, "secret", ""),
	})
}

// queue makes one with attributes NAME=VALUE and returns its URL.
func (w *world) queue(name string, attributes ...string) *string {
	w.Helper()
	in := &sdk.CreateQueueInput{QueueName: &name, Attributes: map[string]string{}}
	for _, a := range attributes {
		key, value, _ := strings.Cut(a, "=")
		in.Attributes[key] = value
	}
	return expect.Value(w.CreateQueue(w.Context(), in))(w).QueueUrl
}

func (w *world) send(url *string, body string) *sdk.SendMessageOutput {
	w.Helper()
	return expect.Value(w.SendMessage(w.Context(), &sdk.SendMessageInput{QueueUrl: url, MessageBody: &body}))(w)
}

// receive returns up to ten messages.
func (w *world) receive(url *string) []types.Message {
	w.Helper()
	return expect.Value(w.ReceiveMessage(w.Context(), &sdk.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
	}))(w).Messages
}

func bodies(messages []types.Message) string {
	var all []string
	for _, m := range messages {
		all = append(all, *m.Body)
	}
	return strings.Join(all, " ")
}

// attributes returns some of a queue, in the order of their names.
func (w *world) attributes(url *string, names ...types.QueueAttributeName) map[string]string {
	w.Helper()
	return expect.Value(w.GetQueueAttributes(w.Context(), &sdk.GetQueueAttributesInput{QueueUrl: url, AttributeNames: names}))(w).Attributes
}

func TestMessage(t *testing.T) {
	w := newWorld(t)
	url := w.queue("pushes")
	expect.Equal(t, w.endpoint+"/"+wiretest.Account+"/pushes", *url)
	sent := expect.Value(w.SendMessage(t.Context(), &sdk.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("hello"), MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("push")}, "raw": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
		},
	}))(t)
	expect.Equal(t, "5d41402abc4b2a76b9719d911017c592", *sent.MD5OfMessageBody)
	w.inside.Advance(1500 * time.Millisecond)
	got := w.receive(url)
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	expect.Equal(t, *sent.MessageId, *got[0].MessageId)
	expect.Equal(t, "hello", *got[0].Body)
	expect.Equal(t, *sent.MD5OfMessageAttributes, *got[0].MD5OfMessageAttributes)
	expect.Equal(t, "push", *got[0].MessageAttributes["kind"].StringValue)
	expect.Equal(t, []byte{1, 2}, got[0].MessageAttributes["raw"].BinaryValue)
	expect.Equal(t, map[string]string{
		"SenderId": wiretest.Account, "SentTimestamp": "1795176000000", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795176001500",
	}, got[0].Attributes)
	expect.Equal(t, 0, len(w.receive(url)))
	expect.OK(t, expect.Err(w.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle})))
	w.client.Advance(time.Minute)
	expect.Equal(t, 0, len(w.receive(url)))
}

// TestDigestOfAttributes holds the digest to one computed by the steps of AWS's documentation.
func TestDigestOfAttributes(t *testing.T) {
	w := newWorld(t)
	sent := expect.Value(w.SendMessage(t.Context(), &sdk.SendMessageInput{
		QueueUrl: w.queue("q"), MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
			"a": {DataType: aws.String("String"), StringValue: aws.String("b")},
		},
	}))(t)
	// md5 of 00000001 61 00000006 537472696e67 01 00000001 62
	expect.Equal(t, "bef8bf215374a0a228d67533b1a488be", *sent.MD5OfMessageAttributes)
}

// TestVisibility follows a message whose consumers come and go. The sandbox's clock does not count.
func TestVisibility(t *testing.T) {
	w := newWorld(t)
	url := w.queue("pushes", "VisibilityTimeout=60")
	w.send(url, "a")
	first := w.receive(url)
	w.inside.Advance(time.Hour)
	expect.Equal(t, "", bodies(w.receive(url)))
	change := func(m types.Message, seconds int32) error {
		return expect.Err(w.ChangeMessageVisibility(t.Context(), &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds}))
	}
	w.client.Advance(59 * time.Second)
	expect.OK(t, change(first[0], 60))
	w.client.Advance(59 * time.Second)
	expect.Equal(t, "", bodies(w.receive(url)))
	w.client.Advance(time.Second)
	wiretest.WantFailure(t, change(first[0], 60), "AWS.SimpleQueueService.MessageNotInflight: ")

	second := w.receive(url)
	expect.Equal(t, "2", second[0].Attributes["ApproximateReceiveCount"])
	if *first[0].ReceiptHandle == *second[0].ReceiptHandle {
		t.Error("the receipt handle is the same")
	}
	wiretest.WantFailure(t, change(first[0], 60), "InvalidParameterValue: Value "+*first[0].ReceiptHandle+
		" for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.")
	wiretest.WantFailure(t, change(second[0], 43200), "")
	w.client.Advance(time.Second)
	wiretest.WantFailure(t, change(second[0], 43200),
		"InvalidParameterValue: Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	expect.OK(t, change(second[0], 0))
	expect.Equal(t, "a", bodies(w.receive(url)))

	// The receipt of an earlier time deletes nothing, and the last one does after its time, too.
	deleted := func(m types.Message) {
		expect.OK(t, expect.Err(w.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle})))
	}
	deleted(second[0])
	w.client.Advance(time.Minute)
	last := w.receive(url)
	expect.Equal(t, "a", bodies(last))
	w.client.Advance(time.Minute)
	deleted(last[0])
	deleted(last[0])
	expect.Equal(t, "", bodies(w.receive(url)))
}

func TestDelayAndRetention(t *testing.T) {
	w := newWorld(t)
	url := w.queue("pushes", "DelaySeconds=10", "MessageRetentionPeriod=60")
	w.send(url, "late")
	expect.OK(t, expect.Err(w.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: url, MessageBody: aws.String("later"), DelaySeconds: 50})))
	counts := []types.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"}
	for _, step := range []struct {
		after time.Duration
		want  string
		count [3]string // visible, in flight, delayed; after receiving
	}{
		{9 * time.Second, "", [3]string{"0", "0", "2"}},
		{time.Second, "late", [3]string{"0", "1", "1"}},
		{40 * time.Second, "later", [3]string{"0", "2", "0"}},
		{11 * time.Second, "", [3]string{"0", "0", "0"}}, // nothing is kept longer
	} {
		w.inside.Advance(step.after)
		expect.Equal(t, step.want, bodies(w.receive(url)))
		got := w.attributes(url, counts...)
		expect.Equal(t, step.count, [3]string{got[string(counts[0])], got[string(counts[1])], got[string(counts[2])]})
	}
}

// TestLongPoll wakes a waiting consumer in each of the ways there are.
func TestLongPoll(t *testing.T) {
	tests := map[string]struct {
		happens func(w *world, url *string)
		want    string
	}{
		"a message comes":               {func(w *world, url *string) { w.send(url, "new") }, "new"},
		"a delay ends":                  {func(w *world, _ *string) { w.inside.Advance(5 * time.Second) }, "delayed"},
		"a visibility timeout ends":     {func(w *world, _ *string) { w.client.Advance(30 * time.Second) }, "taken"},
		"the wait ends":                 {func(w *world, _ *string) { w.inside.Advance(3 * time.Second) }, ""},
		"the queue is deleted meantime": {func(w *world, url *string) { _, _ = w.DeleteQueue(w.Context(), &sdk.DeleteQueueInput{QueueUrl: url}) }, "AWS.SimpleQueueService.NonExistentQueue"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			url := w.queue("pushes")
			w.send(url, "taken")
			w.receive(url)
			expect.OK(t, expect.Err(w.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: url, MessageBody: aws.String("delayed"), DelaySeconds: 5})))
			wait := int32(20)
			if tt.want == "" {
				wait = 3
			}
			got := make(chan string)
			go func() {
				out, err := w.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: wait})
				if err != nil {
					got <- strings.Split(wiretest.Failure(err), ":")[0]
					return
				}
				got <- bodies(out.Messages)
			}()
			select {
			case early := <-got:
				t.Fatalf("did not wait, and got %q", early)
			case <-time.After(50 * time.Millisecond):
			}
			tt.happens(w, url)
			expect.Equal(t, tt.want, <-got)
		})
	}
}

// TestConsumerThatLeavesTakesNothing holds that a poll that was given up does not hide the next
// message.
func TestConsumerThatLeavesTakesNothing(t *testing.T) {
	w := newWorld(t)
	url := w.queue("pushes")
	_, err := w.ReceiveMessage(expiring(t), &sdk.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
	if err == nil {
		t.Fatal("the poll did not wait")
	}
	<-time.After(500 * time.Millisecond) // the server hears of it a moment later
	w.send(url, "a")
	expect.Equal(t, "a", bodies(w.receive(url)))
}

func TestDeadLetterQueue(t *testing.T) {
	w := newWorld(t)
	dead := w.queue("dead")
	deadARN := "arn:aws:sqs:" + wiretest.Region + ":" + wiretest.Account + ":dead"
	url := w.queue("pushes", "VisibilityTimeout=1", `RedrivePolicy={"deadLetterTargetArn":"`+deadARN+`","maxReceiveCount":2}`)
	sources := expect.Value(w.ListDeadLetterSourceQueues(t.Context(), &sdk.ListDeadLetterSourceQueuesInput{QueueUrl: dead}))(t)
	expect.Equal(t, []string{*url}, sources.QueueUrls)
	sent := w.send(url, "poison")
	for range 2 {
		expect.Equal(t, "poison", bodies(w.receive(url)))
		w.client.Advance(time.Second)
	}
	expect.Equal(t, "", bodies(w.receive(url)))
	buried := w.receive(dead)
	expect.Equal(t, "poison", bodies(buried))
	expect.Equal(t, *sent.MessageId, *buried[0].MessageId)
	expect.Equal(t, "arn:aws:sqs:"+wiretest.Region+":"+wiretest.Account+":pushes", buried[0].Attributes["DeadLetterQueueSourceArn"])
	expect.Equal(t, "3", buried[0].Attributes["ApproximateReceiveCount"])
}

func TestBatches(t *testing.T) {
	w := newWorld(t)
	url := w.queue("pushes")
	entry := func(id, body string) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
	}
	sent := expect.Value(w.SendMessageBatch(t.Context(), &sdk.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{
		entry("1", "a"), {Id: aws.String("2"), MessageBody: aws.String("b"), DelaySeconds: 901}, entry("3", "\x01"), entry("4", "c"),
	}}))(t)
	var ids []string
	for _, s := range sent.Successful {
		ids = append(ids, *s.Id)
	}
	for _, f := range sent.Failed {
		ids = append(ids, *f.Id+" "+*f.Code)
	}
	expect.Equal(t, []string{"1", "4", "2 InvalidParameterValue", "3 InvalidMessageContents"}, ids)

	got := w.receive(url)
	expect.Equal(t, "a c", bodies(got))
	deleted := expect.Value(w.DeleteMessageBatch(t.Context(), &sdk.DeleteMessageBatchInput{QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle}, {Id: aws.String("b"), ReceiptHandle: aws.String("nonsense")},
	}}))(t)
	expect.Equal(t, "a", *deleted.Successful[0].Id)
	expect.Equal(t, "b ReceiptHandleIsInvalid true", *deleted.Failed[0].Id+" "+*deleted.Failed[0].Code+" "+map[bool]string{true: "true"}[deleted.Failed[0].SenderFault])
	changed := expect.Value(w.ChangeMessageVisibilityBatch(t.Context(), &sdk.ChangeMessageVisibilityBatchInput{QueueUrl: url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 5}, {Id: aws.String("c"), ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: 0},
	}}))(t)
	expect.Equal(t, "a InvalidParameterValue", *changed.Failed[0].Id+" "+*changed.Failed[0].Code)
	expect.Equal(t, "c", *changed.Successful[0].Id)
	expect.Equal(t, "c", bodies(w.receive(url)))
}

// TestStateSurvives holds that messages, receipts and who has them outlive the process.
func TestStateSurvives(t *testing.T) {
	w := newWorld(t)
	dead := "arn:aws:sqs:" + wiretest.Region + ":" + wiretest.Account + ":dead"
	w.queue("dead")
	url := w.queue("pushes", `RedrivePolicy={"deadLetterTargetArn":"`+dead+`","maxReceiveCount":1}`)
	w.send(url, "taken")
	taken := w.receive(url)
	w.send(url, "waits")
	data := expect.Value(json.Marshal(expect.Value(w.service.Save())(t)))(t)

	again := newWorld(t)
	expect.OK(t, again.service.Load(data))
	expect.Equal(t, string(data), string(expect.Value(json.Marshal(expect.Value(again.service.Save())(t)))(t)))
	expect.Equal(t, "waits", bodies(again.receive(url)))
	expect.OK(t, expect.Err(again.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: taken[0].ReceiptHandle})))
	again.client.Advance(time.Hour)
	again.receive(url)
	expect.Equal(t, "waits", bodies(again.receive(again.queue("dead"))))
	if err := again.service.Load([]byte(`{"Queues": [{}]}`)); err == nil {
		t.Error("a queue without a name was loaded")
	}
}
