package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch/hint"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

// desk is a queue with a dead-letter queue in a sandbox, and somebody who works on it.
type desk struct {
	*sandboxtest.World
	url, dead string
	away      atomic.Bool // whether calls of SQS get lost
	log       lines
	ages      []time.Duration
	dropped   int
	source    queue.Source
}

// lines is a log that is written from several goroutines.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// all returns the messages of the log, each with its level.
func (l *lines) all() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		_, line, _ = strings.Cut(line, "level=")
		level, rest, _ := strings.Cut(line, " msg=")
		rest, _, _ = strings.Cut(strings.TrimPrefix(rest, `"`), `"`)
		all = append(all, level+" "+rest)
	}
	return all
}

func run(t *testing.T, maxReceives int, story func(d *desk)) {
	t.Helper()
	sandboxtest.Run(t, sandbox.Config{}, func(w *sandboxtest.World) {
		d := &desk{World: w}
		d.dead = w.AWS("sqs.CreateQueue", map[string]any{"QueueName": "dead"})["QueueUrl"].(string)
		attributes := map[string]string{}
		if maxReceives > 0 {
			attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead","maxReceiveCount":%d}`, maxReceives)
		}
		d.url = w.AWS("sqs.CreateQueue", map[string]any{"QueueName": "pushes", "Attributes": attributes})["QueueUrl"].(string)
		d.source = queue.Source{
			SQS: d.queue(), Log: slog.New(slog.NewTextHandler(&d.log, nil)), Grace: 10 * time.Second,
			Age: func(age time.Duration) { d.ages = append(d.ages, age) }, Dropped: func() { d.dropped++ },
		}
		story(d)
	})
}

// queue returns the queue as a process that was just started reaches it.
func (d *desk) queue() *cloud.Queue {
	d.Helper()
	c, err := cloud.New(d.Context(), cloud.Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if d.away.Load() {
			return nil, sandboxtest.ErrReset
		}
		return sandboxtest.Carrier{Handler: d.Server}.RoundTrip(r)
	})})
	expect.OK(d, err)
	return c.Queue(d.url)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// start runs the source. The function that it returns ends that, and returns how it ended.
func (d *desk) start() (messages <-chan hint.Message, stop func() error) {
	ctx, cancel := context.WithCancel(d.Context())
	out, ended := make(chan hint.Message), make(chan error, 1)
	source := d.source.Reading(read)
	go func() { ended <- source.Run(ctx, out) }()
	return out, func() error {
		cancel()
		return <-ended
	}
}

// read reads what tests send: the names of repositories that were pushed to.
func read(body []byte) (hints []hint.Hint, err error) {
	switch text := string(body); text {
	case "nonsense":
		return nil, errors.New("it is nonsense")
	case "poison":
		panic("poison")
	case "unknown":
		return nil, nil
	default:
		for name := range strings.FieldsSeq(text) {
			hints = append(hints, hint.Hint{Kind: hint.Pushed, Repository: name})
		}
		return hints, nil
	}
}

func (d *desk) send(bodies ...string) {
	d.Helper()
	for _, body := range bodies {
		d.AWS("sqs.SendMessage", map[string]any{"QueueUrl": d.url, "MessageBody": body})
	}
}

// left returns how many messages a queue has that can be received, and that somebody has.
func (d *desk) left(url string) string {
	d.Helper()
	got := d.AWS("sqs.GetQueueAttributes", map[string]any{"QueueUrl": url, "AttributeNames": []string{"All"}})["Attributes"].(map[string]any)
	return fmt.Sprintf("%s+%s", got["ApproximateNumberOfMessages"], got["ApproximateNumberOfMessagesNotVisible"])
}

func names(m hint.Message) string {
	var all []string
	for _, h := range m.Hints {
		all = append(all, h.Repository)
	}
	return strings.Join(all, " ")
}

// TestDone deletes what is done with, in batches.
func TestDone(t *testing.T) {
	run(t, 3, func(d *desk) {
		messages, stop := d.start()
		for i := range 10 {
			d.send(fmt.Sprint("shop/", i))
		}
		for range 10 {
			go func() { (<-messages).Done(nil) }()
		}
		d.Later(5 * time.Second)
		expect.Equal(t, "0+0", d.left(d.url))
		expect.OK(t, stop())
		if n := d.Calls("sqs.DeleteMessageBatch"); n > 2 {
			t.Errorf("%d calls deleted ten messages", n)
		}
		expect.Equal(t, nil, d.log.all())
	})
}

// TestLongWork keeps messages from others for as long as there is work, and 12 hours at most.
func TestLongWork(t *testing.T) {
	run(t, 3, func(d *desk) {
		d.send("a", "b c")
		messages, stop := d.start()
		first, second := <-messages, <-messages
		expect.Equal(t, []string{"a", "b c"}, []string{names(first), names(second)})
		d.Later(3 * time.Hour)
		expect.Equal(t, "0+2", d.left(d.url))
		first.Done(nil)
		d.Later(time.Second)
		expect.Equal(t, "0+1", d.left(d.url))
		begun := time.Now()
		again := <-messages
		expect.Equal(t, "b c", names(again))
		if waited := time.Since(begun); waited < 8*time.Hour || waited > 9*time.Hour {
			t.Errorf("it came again after %s", waited)
		}
		second.Done(nil)
		d.Later(time.Minute)
		expect.Equal(t, "0+1", d.left(d.url))
		again.Done(nil)
		expect.OK(t, stop())
		expect.Equal(t, "0+0", d.left(d.url))
		if most := d.ages[0]; len(d.ages) < 100 || most > time.Second {
			t.Errorf("%d ages, first %s", len(d.ages), most)
		}
	})
}

// TestPoison: what fails again and again goes to the dead-letter queue, and each time says why.
func TestPoison(t *testing.T) {
	for _, body := range []string{"a", "poison"} {
		run(t, 3, func(d *desk) {
			messages, stop := d.start()
			d.send(body)
			begun := time.Now()
			for range 3 {
				if body == "a" {
					(<-messages).Done(errors.New("poison"))
				}
			}
			d.Later(2 * time.Minute)
			expect.Equal(t, "0+0", d.left(d.url))
			expect.Equal(t, "1+0", d.left(d.dead))
			expect.OK(t, stop())
			expect.Equal(t, []string{
				"WARN a message failed and comes again", "WARN a message failed and comes again",
				"ERROR a message failed, and this was the last time: it goes to the dead-letter queue",
			}, d.log.all())
			if text := d.log.text.String(); strings.Count(text, "poison") != 3 {
				t.Errorf("it does not say why: %s", text)
			}
			if took := time.Since(begun); took < 30*time.Second {
				t.Errorf("it came again at once: %s", took)
			}
		})
	}
}

// TestDropped: what nobody knows is deleted, and counted.
func TestDropped(t *testing.T) {
	run(t, 0, func(d *desk) {
		d.send("nonsense", "unknown")
		_, stop := d.start()
		d.Later(time.Second)
		expect.Equal(t, "0+0", d.left(d.url))
		expect.OK(t, stop())
		expect.Equal(t, 2, d.dropped)
		expect.Equal(t, []string{
			"WARN the queue has no dead-letter queue: a message that cannot be handled comes back until its retention ends",
			"WARN dropped a message that is no event", "INFO dropped an event that says nothing of a repository or a service",
		}, d.log.all())
	})
}

// TestHandBack: at the end others get at once what is not done, and what is done within the grace
// is deleted.
func TestHandBack(t *testing.T) {
	run(t, 5, func(d *desk) {
		d.send("a", "b", "c", "d")
		messages, stop := d.start()
		a, b, _ := <-messages, <-messages, <-messages
		go func() {
			d.Later(5 * time.Second)
			a.Done(nil)
			b.Done(hint.ErrUndone)
		}()
		begun := time.Now()
		expect.OK(t, stop())
		if took := time.Since(begun); took != d.source.Grace {
			t.Errorf("it took %s", took)
		}
		expect.Equal(t, "3+0", d.left(d.url))
		expect.Equal(t, nil, d.log.all())
	})
}

// TestEndsAtOnce: where all is done, nobody waits for the grace to pass.
func TestEndsAtOnce(t *testing.T) {
	run(t, 5, func(d *desk) {
		d.send("a")
		messages, stop := d.start()
		m := <-messages
		m.Done(hint.ErrUndone)
		m.Done(nil) // the first word counts
		begun := time.Now()
		expect.OK(t, stop())
		if took := time.Since(begun); took > time.Second {
			t.Errorf("it took %s", took)
		}
		expect.Equal(t, "1+0", d.left(d.url))
	})
}

// TestFull: who has enough in hand receives no more until there is room.
func TestFull(t *testing.T) {
	run(t, 5, func(d *desk) {
		for i := range 25 {
			d.send(fmt.Sprint("shop/", i))
		}
		d.source.Most = 20
		messages, stop := d.start()
		var inHand []hint.Message
		for range 20 {
			inHand = append(inHand, <-messages)
		}
		d.Later(10 * time.Minute)
		expect.Equal(t, "5+20", d.left(d.url))
		inHand[3].Done(nil)
		inHand = append(inHand, <-messages)
		for _, m := range inHand {
			m.Done(nil)
		}
		for range 4 {
			(<-messages).Done(nil)
		}
		d.Later(time.Second)
		expect.OK(t, stop())
		expect.Equal(t, "0+0", d.left(d.url))
	})
}

// TestQueueAway: an outage is said once when it begins and once when it is over, and what lapsed
// meanwhile is not handed over twice.
func TestQueueAway(t *testing.T) {
	run(t, 5, func(d *desk) {
		messages, stop := d.start()
		d.send("a", "b")
		a, b := <-messages, <-messages
		d.Later(time.Minute)
		d.away.Store(true)
		a.Done(nil)
		d.Later(10 * time.Minute)
		d.away.Store(false)
		d.send("c")
		begun := time.Now()
		again, c := <-messages, <-messages // the deletion of a was lost
		expect.Equal(t, []string{"a", "c"}, []string{names(again), names(c)})
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("it was back %s later", took)
		}
		for _, m := range []hint.Message{again, b, c} {
			m.Done(nil)
		}
		d.Later(3 * time.Minute)
		expect.Equal(t, "0+0", d.left(d.url))
		expect.OK(t, stop())
		expect.Equal(t, []string{"WARN the queue cannot be used; trying again", "INFO the queue can be used again"}, d.log.all())
	})
}

// TestNoQueue: a queue that is not there ends the run, unless it was there before.
func TestNoQueue(t *testing.T) {
	run(t, 5, func(d *desk) {
		d.AWS("sqs.DeleteQueue", map[string]any{"QueueUrl": d.url})
		_, stop := d.start()
		d.Later(time.Minute)
		if err := stop(); err == nil || !strings.Contains(err.Error(), "queue "+d.url+" is not in ") {
			t.Errorf("the error is %v", err)
		}
		expect.Equal(t, nil, d.log.all())
	})
	run(t, 5, func(d *desk) {
		_, stop := d.start()
		d.Later(time.Minute)
		d.AWS("sqs.DeleteQueue", map[string]any{"QueueUrl": d.url})
		d.Later(time.Minute)
		expect.OK(t, stop())
		expect.Equal(t, []string{"WARN the queue cannot be used; trying again"}, d.log.all())
	})
}
