package apptest

import (
	"fmt"
)

// Inbox is a queue that gets the events of ECR, and of the ECS of a Family's accounts, and its
// dead-letter queue.
type Inbox struct {
	w         *World
	URL, dead string
}

// Inbox makes one. A message may be received so often.
func (w *World) Inbox(maxReceives int) Inbox {
	w.Helper()
	const arn = "arn:aws:sqs:us-east-1:123456789012:"
	dead := w.AWS("sqs.CreateQueue", map[string]any{"QueueName": "dead"})
	inbox := w.AWS("sqs.CreateQueue", map[string]any{"QueueName": "tagboat", "Attributes": map[string]string{
		"Policy":        `{"Statement": {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}}`,
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn": %q, "maxReceiveCount": %d}`, arn+"dead", maxReceives),
	}})
	rule := func(key string, target map[string]string) {
		target["Id"] = "tagboat"
		w.AWSAs(key, "events.PutRule", map[string]any{"Name": "tagboat", "EventPattern": `{"source": ["aws.ecr", "aws.ecs"], "detail-type": [{"anything-but": ["ECS Task State Change"]}]}`})
		w.AWSAs(key, "events.PutTargets", map[string]any{"Rule": "tagboat", "Targets": []map[string]string{target}})
	}
	rule("sandbox", map[string]string{"Arn": arn + "tagboat"})
	for _, account := range []string{ProdAccount, TenantAccount} {
		w.AWS("events.PutPermission", map[string]any{"Action": "events:PutEvents", "Principal": account, "StatementId": "of" + account})
		rule(account, map[string]string{"Arn": "arn:aws:events:us-east-1:123456789012:event-bus/default", "RoleArn": "arn:aws:iam::" + account + ":role/events"})
	}
	return Inbox{w, inbox["QueueUrl"].(string), dead["QueueUrl"].(string)}
}

// Left returns how many messages the queue has, and its dead-letter queue.
func (i Inbox) Left() (waiting, dead int) {
	i.w.Helper()
	count := func(url string) (n int) {
		got := i.w.AWS("sqs.GetQueueAttributes", map[string]any{"QueueUrl": url, "AttributeNames": []string{"All"}})["Attributes"].(map[string]any)
		for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
			var some int
			if _, err := fmt.Sscan(got[name].(string), &some); err != nil {
				i.w.Fatal(err)
			}
			n += some
		}
		return n
	}
	return count(i.URL), count(i.dead)
}

// Received is a message that somebody received.
type Received struct{ ID, Receipt, Body, Count string }

// Receive receives messages, as Lambda does for a function.
func (i Inbox) Receive() (all []Received) {
	i.w.Helper()
	got := i.w.AWS("sqs.ReceiveMessage", map[string]any{
		"QueueUrl": i.URL, "MaxNumberOfMessages": 10, "VisibilityTimeout": 90, "MessageSystemAttributeNames": []string{"All"},
	})
	messages, _ := got["Messages"].([]any)
	for _, m := range messages {
		m := m.(map[string]any)
		count := m["Attributes"].(map[string]any)["ApproximateReceiveCount"].(string)
		all = append(all, Received{m["MessageId"].(string), m["ReceiptHandle"].(string), m["Body"].(string), count})
	}
	return all
}

// Delete deletes a message.
func (i Inbox) Delete(m Received) {
	i.w.Helper()
	i.w.AWS("sqs.DeleteMessage", map[string]any{"QueueUrl": i.URL, "ReceiptHandle": m.Receipt})
}
