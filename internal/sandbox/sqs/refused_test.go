package sqs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/sqs"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// expiring returns a context that ends soon.
func expiring(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// TestRefused holds errors to AWS's names and words.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	ctx, url := t.Context(), w.queue("there", "VisibilityTimeout=5")
	create := func(name string, attributes ...string) error {
		in := &sdk.CreateQueueInput{QueueName: &name, Attributes: map[string]string{}}
		for _, a := range attributes {
			key, value, _ := strings.Cut(a, "=")
			in.Attributes[key] = value
		}
		return expect.Err(w.CreateQueue(ctx, in))
	}
	send := func(change func(*sdk.SendMessageInput)) error {
		in := &sdk.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")}
		change(in)
		return expect.Err(w.SendMessage(ctx, in))
	}
	batch := func(ids ...string) error {
		in := &sdk.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{}}
		for _, id := range ids {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String(strings.Repeat("x", 200_000))})
		}
		return expect.Err(w.SendMessageBatch(ctx, in))
	}
	receive := func(in sdk.ReceiveMessageInput) error {
		in.QueueUrl = url
		return expect.Err(w.ReceiveMessage(ctx, &in))
	}
	attribute := func(name string, a types.MessageAttributeValue) error {
		return send(func(in *sdk.SendMessageInput) { in.MessageAttributes = map[string]types.MessageAttributeValue{name: a} })
	}
	text := types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("x")}
	redrive := func(target, most string) string {
		return `RedrivePolicy={"deadLetterTargetArn":"` + target + `","maxReceiveCount":` + most + `}`
	}
	here := "arn:aws:sqs:" + wiretest.Region + ":" + wiretest.Account + ":"
	w.queue("closed", `RedriveAllowPolicy={"redrivePermission":"denyAll"}`)
	w.queue("chosen", `RedriveAllowPolicy={"redrivePermission":"byQueue","sourceQueueArns":["`+here+`friend"]}`)
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"no such queue":             {send(func(in *sdk.SendMessageInput) { in.QueueUrl = aws.String(*url + "2") }), "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist."},
		"no address":                {send(func(in *sdk.SendMessageInput) { in.QueueUrl = aws.String("there") }), "InvalidAddress: The address there is not valid for this endpoint."},
		"a bad name":                {create("a b"), "InvalidParameterValue: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		"FIFO by name":              {create("a.fifo"), "AWS.SimpleQueueService.UnsupportedOperation: The sandbox has no FIFO queues."},
		"FIFO by attribute":         {create("a", "FifoQueue=true"), "AWS.SimpleQueueService.UnsupportedOperation"},
		"KMS":                       {create("a", "KmsMasterKeyId=alias/x"), "AWS.SimpleQueueService.UnsupportedOperation"},
		"an unknown attribute":      {create("a", "Colour=red"), "InvalidAttributeName: Unknown Attribute Colour."},
		"an attribute out of range": {create("a", "VisibilityTimeout=43201"), "InvalidAttributeValue: Invalid value for the parameter VisibilityTimeout."},
		"a policy that is none":     {create("a", "Policy={}"), "InvalidAttributeValue: Invalid value for the parameter Policy."},
		"made otherwise":            {create("there", "VisibilityTimeout=6"), "QueueAlreadyExists: A queue already exists with the same name and a different value for attribute VisibilityTimeout"},
		"made again":                {create("there", "VisibilityTimeout=5"), ""},
		"redrive to nowhere":        {create("a", redrive(here+"none", "3")), "InvalidParameterValue: Value {"},
		"redrive to others":         {create("a", redrive("arn:aws:sqs:"+wiretest.Region+":"+other+":there", "3")), "InvalidParameterValue: Value {"},
		"redrive never":             {create("a", redrive(here+"there", "0")), "InvalidParameterValue: Value {"},
		"redrive to who denies":     {create("a", redrive(here+"closed", "3")), "InvalidParameterValue: Value {"},
		"redrive to who has others": {create("a", redrive(here+"chosen", "3")), "InvalidParameterValue: Value {"},
		"redrive to a friend":       {create("friend", redrive(here+"chosen", `"3"`)), ""},
		"a message too long":        {send(func(in *sdk.SendMessageInput) { in.MessageBody = aws.String(strings.Repeat("x", 1<<20+1)) }), "InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."},
		"no message":                {send(func(in *sdk.SendMessageInput) { in.MessageBody = aws.String("") }), "MissingParameter: The request must contain the parameter MessageBody."},
		"a control character":       {send(func(in *sdk.SendMessageInput) { in.MessageBody = aws.String("\x00") }), "InvalidMessageContents: "},
		"deduplication":             {send(func(in *sdk.SendMessageInput) { in.MessageDeduplicationId = aws.String("x") }), "InvalidParameterValue: Value x for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type."},
		"AWS's attribute":           {attribute("AWS.x", text), "InvalidParameterValue: Message (user) attribute name 'AWS.x' is invalid."},
		"an attribute of no type":   {attribute("x", types.MessageAttributeValue{DataType: aws.String("Text"), StringValue: aws.String("x")}), "InvalidParameterValue: The message attribute 'x' has an invalid message attribute type"},
		"an empty attribute":        {attribute("x", types.MessageAttributeValue{DataType: aws.String("Number")}), "InvalidParameterValue: The message attribute 'x' must contain a non-empty message attribute value for message attribute type 'Number'."},
		"an empty batch":            {batch(), "AWS.SimpleQueueService.EmptyBatchRequest: There should be at least one SendMessageBatchRequestEntry in the request."},
		"the same twice":            {batch("a", "a"), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct: Id a repeated."},
		"a batch entry's bad name":  {batch("a b"), "AWS.SimpleQueueService.InvalidBatchEntryId: "},
		"eleven":                    {batch(strings.Split("abcdefghijk", "")...), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. You have sent 11."},
		"a batch too long":          {batch("a", "b", "c", "d", "e", "f"), "AWS.SimpleQueueService.BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes."},
		"eleven at once":            {receive(sdk.ReceiveMessageInput{MaxNumberOfMessages: 11}), "InvalidParameterValue: Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
		"waiting too long":          {receive(sdk.ReceiveMessageInput{WaitTimeSeconds: 21}), "InvalidParameterValue: Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."},
		"hidden too long":           {receive(sdk.ReceiveMessageInput{VisibilityTimeout: 43201}), "InvalidParameterValue: Value 43201 for parameter VisibilityTimeout is invalid."},
		"no receipt":                {expect.Err(w.DeleteMessage(ctx, &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("x")})), `ReceiptHandleIsInvalid: The input receipt handle "x" is not a valid receipt handle.`},
		"a queue's URL of another": {expect.Err(w.as(other).ReceiveMessage(ctx, &sdk.ReceiveMessageInput{QueueUrl: url})),
			"AccessDenied: User: arn:aws:iam::" + other + ":user/tester is not authorized to perform: sqs:receivemessage on resource: " + here + "there because no resource-based policy allows the sqs:receivemessage action"},
	} {
		t.Run(name, func(t *testing.T) { wiretest.WantFailure(t, tt.err, tt.want) })
	}
}

func TestReceiptOfAnotherQueue(t *testing.T) {
	w := newWorld(t)
	one, two := w.queue("one"), w.queue("two")
	w.send(one, "a")
	_, err := w.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: two, ReceiptHandle: w.receive(one)[0].ReceiptHandle})
	wiretest.WantFailure(t, err, "ReceiptHandleIsInvalid: The input receipt handle is invalid.")
}

// TestQueueComesAndGoes holds what takes a minute.
func TestQueueComesAndGoes(t *testing.T) {
	w := newWorld(t)
	url := w.queue("pushes")
	w.send(url, "a")
	purge := func() error { return expect.Err(w.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: url})) }
	expect.OK(t, purge())
	expect.Equal(t, "", bodies(w.receive(url)))
	wiretest.WantFailure(t, purge(), "AWS.SimpleQueueService.PurgeQueueInProgress: Only one PurgeQueue operation on pushes is allowed every 60 seconds.")
	w.inside.Advance(time.Minute)
	expect.OK(t, purge())

	remove := expect.Err(w.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: url}))
	expect.OK(t, remove)
	_, err := w.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("pushes")})
	wiretest.WantFailure(t, err, "AWS.SimpleQueueService.QueueDeletedRecently: You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	w.inside.Advance(time.Minute)
	w.queue("pushes")
}

// TestPolicyLetsOthersIn holds that a queue's policy is for other accounts, and can shut out its own.
func TestPolicyLetsOthersIn(t *testing.T) {
	w := newWorld(t)
	url := w.queue("pushes", `Policy={"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"`+other+`"},"Action":["sqs:SendMessage","sqs:GetQueueUrl"],"Resource":"*"},
		{"Effect":"Deny","Principal":"*","Action":"sqs:PurgeQueue"}]}`)
	theirs := w.as(other)
	found := expect.Value(theirs.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: aws.String("pushes"), QueueOwnerAWSAccountId: aws.String(wiretest.Account)}))(t)
	expect.Equal(t, *url, *found.QueueUrl)
	_, err := theirs.SendMessageBatch(t.Context(), &sdk.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{{Id: aws.String("1"), MessageBody: aws.String("theirs")}}})
	expect.OK(t, err)
	expect.Equal(t, "theirs", bodies(w.receive(url)))
	_, err = theirs.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: url})
	wiretest.WantFailure(t, err, "AccessDenied: ")
	_, err = w.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: url})
	wiretest.WantFailure(t, err, "AccessDenied: User: arn:aws:iam::"+wiretest.Account+":user/tester is not authorized to perform: sqs:purgequeue on resource: arn:aws:sqs:"+
		wiretest.Region+":"+wiretest.Account+":pushes with an explicit deny in a resource-based policy")
}

func TestDeliver(t *testing.T) {
	w := newWorld(t)
	here, rule := "arn:aws:sqs:"+wiretest.Region+":"+wiretest.Account+":", "arn:aws:events:"+wiretest.Region+":"+wiretest.Account+":rule/r"
	w.queue("silent")
	open := w.queue("open", `Policy={"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Condition":{"ArnEquals":{"aws:SourceArn":"`+rule+`"}}}}`)
	d := sqs.Delivery{Service: "events.amazonaws.com", Account: wiretest.Account, Source: rule, Body: "event", Attributes: map[string]string{"RULE_ARN": rule}}
	wiretest.WantFailure(t, w.service.Deliver(here+"none", d), "QueueDoesNotExist: ")
	wiretest.WantFailure(t, w.service.Deliver(here+"silent", d), "AccessDeniedException: ")
	expect.OK(t, w.service.Deliver(here+"open", d))
	got := w.receive(open)
	expect.Equal(t, "event", bodies(got))
	expect.Equal(t, rule, *got[0].MessageAttributes["RULE_ARN"].StringValue)
	d.Source += "2"
	wiretest.WantFailure(t, w.service.Deliver(here+"open", d), "AccessDeniedException: ")
	role := sqs.Delivery{Role: "arn:aws:sts::" + wiretest.Account + ":assumed-role/r/events", Account: wiretest.Account, Body: "by a role"}
	expect.OK(t, w.service.Deliver(here+"silent", role))
	role.Account = other
	wiretest.WantFailure(t, w.service.Deliver(here+"silent", role), "AccessDeniedException: ")
}

func TestListAndTags(t *testing.T) {
	w := newWorld(t)
	a, b := w.queue("a1"), w.queue("a2")
	w.queue("b")
	list := func(in sdk.ListQueuesInput) *sdk.ListQueuesOutput {
		return expect.Value(w.ListQueues(t.Context(), &in))(t)
	}
	expect.Equal(t, []string{*a, *b}, list(sdk.ListQueuesInput{QueueNamePrefix: aws.String("a")}).QueueUrls)
	page := list(sdk.ListQueuesInput{MaxResults: aws.Int32(2)})
	expect.Equal(t, 2, len(page.QueueUrls))
	expect.Equal(t, 1, len(list(sdk.ListQueuesInput{MaxResults: aws.Int32(2), NextToken: page.NextToken}).QueueUrls))
	expect.Equal(t, 0, len(expect.Value(w.as(other).ListQueues(t.Context(), &sdk.ListQueuesInput{}))(t).QueueUrls))

	expect.OK(t, expect.Err(w.TagQueue(t.Context(), &sdk.TagQueueInput{QueueUrl: a, Tags: map[string]string{"team": "web", "x": "y"}})))
	expect.OK(t, expect.Err(w.UntagQueue(t.Context(), &sdk.UntagQueueInput{QueueUrl: a, TagKeys: []string{"x"}})))
	expect.Equal(t, map[string]string{"team": "web"}, expect.Value(w.ListQueueTags(t.Context(), &sdk.ListQueueTagsInput{QueueUrl: a}))(t).Tags)
	all := w.attributes(a, "All")
	expect.Equal(t, map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
		"CreatedTimestamp": "1795176000", "DelaySeconds": "0", "LastModifiedTimestamp": "1795176000", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
		"QueueArn": "arn:aws:sqs:" + wiretest.Region + ":" + wiretest.Account + ":a1", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30",
	}, all)
}
