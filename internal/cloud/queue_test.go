package cloud_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

func TestQueueRegion(t *testing.T) {
	for url, want := range map[string]string{
		"https://sqs.eu-central-1.amazonaws.com/123456789012/pushes":     "eu-central-1",
		"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/pushes":    "cn-north-1",
		"https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/p":    "us-gov-west-1",
		"https://eu-west-1.queue.amazonaws.com/123456789012/pushes":      "eu-west-1",
		"https://queue.amazonaws.com/123456789012/pushes":                "us-east-1",
		"http://127.0.0.1:4510/123456789012/pushes":                      "",
		"https://sqs.eu-west-1.amazonaws.com.example.org/123456789012/p": "",
		"https://example.org/sqs.eu-west-1.amazonaws.com/p":              "",
		"://": "",
	} {
		expect.EqualIn(t, url, want, cloud.QueueRegion(url))
	}
}

// TestQueue takes messages of the sandbox's queue through their lives, in its own time.
func TestQueue(t *testing.T) {
	sandboxtest.Run(t, sandbox.Config{}, func(w *sandboxtest.World) {
		dead := w.AWS("sqs.CreateQueue", map[string]any{"QueueName": "dead"})["QueueUrl"].(string)
		url := w.AWS("sqs.CreateQueue", map[string]any{"QueueName": "pushes"})["QueueUrl"].(string)
		c, err := cloud.New(w.Context(), cloud.Options{Transport: sandboxtest.Carrier{Handler: w.Server}})
		expect.OK(t, err)
		q := c.Queue(url)
		expect.Equal(t, 0, expect.Value(q.MaxReceives(w.Context()))(t))
		w.AWS("sqs.SetQueueAttributes", map[string]any{"QueueUrl": url, "Attributes": map[string]string{
			"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead","maxReceiveCount":"3"}`,
		}})
		expect.Equal(t, 3, expect.Value(q.MaxReceives(w.Context()))(t))

		begun := time.Now()
		if got := expect.Value(q.Receive(w.Context(), time.Minute))(t); len(got) > 0 || time.Since(begun).Round(time.Second) != 20*time.Second {
			t.Errorf("%d messages after %s", len(got), time.Since(begun))
		}
		sent := time.Now().UTC()
		w.AWS("sqs.SendMessage", map[string]any{"QueueUrl": url, "MessageBody": "first"})
		w.AWS("sqs.SendMessage", map[string]any{"QueueUrl": url, "MessageBody": "second"})
		got := expect.Value(q.Receive(w.Context(), time.Minute))(t)
		expect.Equal(t, []queue.Message{
			{ID: got[0].ID, Receipt: got[0].Receipt, Body: "first", Received: 1, Sent: sent.Truncate(time.Millisecond)},
			{ID: got[1].ID, Receipt: got[1].Receipt, Body: "second", Received: 1, Sent: sent.Truncate(time.Millisecond)},
		}, got)
		first, second := got[0].Receipt, got[1].Receipt

		w.Later(30 * time.Second)
		expect.Equal(t, 0, len(expect.Value(q.Extend(w.Context(), []string{first}, 2*time.Minute))(t)))
		w.Later(40 * time.Second)
		again := expect.Value(q.Receive(w.Context(), time.Minute))(t)
		expect.Equal(t, "second", again[0].Body)
		expect.Equal(t, 2, again[0].Received)
		expect.Equal(t, []string{second}, expect.Value(q.Extend(w.Context(), []string{second, first, again[0].Receipt}, 0))(t))
		expect.Equal(t, []string{"none"}, expect.Value(q.Delete(w.Context(), []string{"none"}))(t))

		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
		defer cancel()
		last := expect.Value(q.Receive(w.Context(), time.Minute))(t)
		expect.Equal(t, 0, len(expect.Value(q.Delete(w.Context(), []string{last[0].Receipt}))(t)))
		expect.Equal(t, []string{"first", "second"}, []string{last[0].Body, last[1].Body})
		begun = time.Now()
		if _, err := q.Receive(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun).Round(time.Second) != 5*time.Second {
			t.Errorf("a long poll ended with %v after %s", err, time.Since(begun))
		}
		w.Later(time.Minute)
		expect.Equal(t, 0, len(expect.Value(q.Receive(w.Context(), time.Minute))(t)))
		expect.Equal(t, "second", expect.Value(c.Queue(dead).Receive(w.Context(), time.Minute))(t)[0].Body)
	})
}

// TestQueueIsAway: who works on a queue hears of that soon, and not after minutes.
func TestQueueIsAway(t *testing.T) {
	f := aws(t, map[string][]answer{"sqs.ReceiveMessage": {{status: 503, code: "ServiceUnavailable"}}})
	if _, err := open(t).Queue("https://sqs.eu-west-1.amazonaws.com/111111111111/pushes").Receive(t.Context(), time.Minute); err == nil {
		t.Error("no error")
	}
	expect.Equal(t, 3, len(f.requests("sqs.ReceiveMessage")))
}
