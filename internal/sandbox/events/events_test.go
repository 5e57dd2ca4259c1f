package events_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	queues "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/events"
	"github.com/tagboat/tagboat/internal/sandbox/sqs"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

const (
	other  = "222222222222"
	third  = "333333333333"
	opened = `{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage"}}`
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// world is EventBridge and the SQS that it sends to, and the SDK's client of an account.
type world struct {
	*testing.T
	*sdk.Client
	clock         *clock.Manual
	service       *events.Service
	queues        *sqs.Service
	endpoint, sqs string
	disturb       func(string) events.Disturbance
	roles         roles
}

// roles are those that may do nothing.
type roles map[string]bool

func (r roles) Allows(role, _, _ string) bool { return !r[role] }

type deliverer struct{ *sqs.Service }

func (d deliverer) Deliver(queue string, in events.Delivery) error {
	out := sqs.Delivery{Role: in.Role, Account: in.Account, Source: in.Rule, Body: in.Body, Attributes: in.Attributes}
	if in.Role == "" {
		out.Service = "events.amazonaws.com"
	}
	return d.Service.Deliver(queue, out)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, clock: clock.NewManual(start), roles: roles{}}
	w.queues = sqs.New(w.clock, w.clock)
	w.service = events.New(events.Deps{Clock: w.clock, Queues: deliverer{w.queues}, Roles: w.roles, Disturb: func(detailType string) events.Disturbance {
		if w.disturb == nil {
			return events.Disturbance{}
		}
		return w.disturb(detailType)
	}})
	w.endpoint, w.sqs = wiretest.Serve(t, w.service.Service()), wiretest.Serve(t, w.queues.Service())
	w.Client = w.as(wiretest.Account, wiretest.Region)
	go func() { _ = w.service.Run(t.Context()) }()
	return w
}

func (w *world) as(account, region string) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &w.endpoint, Region: region, Retryer: wiretest.Once{}, Credentials: credentials.NewStaticCredentialsProvider(account, "secret", ""),
	})
}

func (w *world) sqsAs(account string) *queues.Client {
	return queues.New(queues.Options{
		BaseEndpoint: &w.sqs, Region: wiretest.Region, Retryer: wiretest.Once{}, Credentials: credentials.NewStaticCredentialsProvider(account, "secret", ""),
	})
}

func arn(service, account, resource string) string {
	return wire.Scope{Account: account, Region: wiretest.Region}.ARN(service, resource)
}

// queue makes one in an account and returns its ARN.
func (w *world) queue(account, name, policy string) string {
	w.Helper()
	attributes := map[string]string{"Policy": policy}
	if policy == "" {
		attributes = nil
	}
	expect.OK(w, expect.Err(w.sqsAs(account).CreateQueue(w.Context(), &queues.CreateQueueInput{QueueName: &name, Attributes: attributes})))
	return arn("sqs", account, name)
}

// bodies returns the messages of a queue, which are taken.
func (w *world) bodies(account, name string) []string {
	w.Helper()
	client := w.sqsAs(account)
	var all []string
	for {
		url := w.sqs + "/" + account + "/" + name
		got := expect.Value(client.ReceiveMessage(w.Context(), &queues.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}}))(w)
		for _, m := range got.Messages {
			text := *m.Body
			if code, ok := m.MessageAttributes["ERROR_CODE"]; ok {
				text = *code.StringValue + " " + text
			}
			all = append(all, text)
		}
		if len(got.Messages) == 0 {
			return all
		}
	}
}

// details returns the details of the events in a queue.
func (w *world) details(account, name string) string {
	w.Helper()
	var all []string
	for _, body := range w.bodies(account, name) {
		code := ""
		if before, after, ok := strings.Cut(body, " {"); ok && !strings.HasPrefix(body, "{") {
			code, body = before+" ", "{"+after
		}
		var e struct{ Detail json.RawMessage }
		expect.OK(w, json.Unmarshal([]byte(body), &e))
		all = append(all, code+string(e.Detail))
	}
	return strings.Join(all, " ")
}

// rule makes one of a client's account with a pattern and targets.
func (w *world) rule(client *sdk.Client, bus, name, pattern string, targets ...types.Target) error {
	w.Helper()
	expect.OK(w, expect.Err(client.PutRule(w.Context(), &sdk.PutRuleInput{Name: &name, EventPattern: &pattern, EventBusName: aws.String(bus)})))
	if len(targets) == 0 {
		return nil
	}
	for i := range targets {
		targets[i].Id = aws.String(string(rune('a' + i)))
	}
	return expect.Err(client.PutTargets(w.Context(), &sdk.PutTargetsInput{Rule: &name, Targets: targets, EventBusName: aws.String(bus)}))
}

func (w *world) put(client *sdk.Client, bus, detail string) *sdk.PutEventsOutput {
	w.Helper()
	return expect.Value(client.PutEvents(w.Context(), &sdk.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: &detail, EventBusName: aws.String(bus)},
	}}))(w)
}

func to(arn string) types.Target { return types.Target{Arn: &arn} }

func toBy(arn, role string) types.Target { return types.Target{Arn: &arn, RoleArn: &role} }

const shop = `{"source": ["shop"]}`

// TestEmitted holds the whole of an event that a service of AWS sends to a queue.
func TestEmitted(t *testing.T) {
	w := newWorld(t)
	expect.OK(t, w.rule(w.Client, "default", "pushes", `{"source":["aws.ecr"],"detail":{"action-type":["PUSH"]}}`, to(w.queue(wiretest.Account, "pushes", opened))))
	scope := wire.Scope{Account: wiretest.Account, Region: wiretest.Region}
	w.clock.Advance(1500 * time.Millisecond)
	w.service.Emit(scope, "aws.ecr", w.clock.Now(), "ECR Image Action", map[string]string{"action-type": "PUSH"}, nil)
	w.service.Emit(scope, "aws.ecr", start, "ECR Image Action", map[string]string{"action-type": "DELETE"}, nil)
	w.service.Emit(wire.Scope{Account: other, Region: wiretest.Region}, "aws.ecr", start, "ECR Image Action", map[string]string{"action-type": "PUSH"}, nil)
	got := w.bodies(wiretest.Account, "pushes")
	if len(got) != 1 {
		t.Fatalf("got %q", got)
	}
	var id struct{ ID string }
	expect.OK(t, json.Unmarshal([]byte(got[0]), &id))
	expect.Equal(t, `{"version":"0","id":"`+id.ID+`","detail-type":"ECR Image Action","source":"aws.ecr","account":"111111111111","time":"2026-11-20T12:00:01Z",`+
		`"region":"eu-west-1","resources":[],"detail":{"action-type":"PUSH"}}`, got[0])
	expect.Equal(t, events.Report{
		Emitted: map[string]int{"ECR Image Action": 3}, Matched: map[string]int{arn("events", wiretest.Account, "rule/pushes"): 1},
		Delivered: map[string]int{arn("sqs", wiretest.Account, "pushes"): 1}, Dropped: []events.Drop{},
	}, w.service.Report())
}

// TestWhatIsToCome holds that an event that a service tells of before it happens is sent when it does,
// and to the rules of then.
func TestWhatIsToCome(t *testing.T) {
	w := newWorld(t)
	w.service.Emit(wire.Scope{Account: wiretest.Account, Region: wiretest.Region}, "aws.ecr", start.Add(10*time.Second), "ECR Image Scan", map[string]int{"n": 1}, nil)
	expect.OK(t, w.rule(w.Client, "default", "scans", `{"source":["aws.ecr"]}`, to(w.queue(wiretest.Account, "scans", opened))))
	expect.Equal(t, 0, w.service.Report().Emitted["ECR Image Scan"])
	w.clock.Advance(10 * time.Second)
	w.eventually(func() bool { return w.service.Report().Emitted["ECR Image Scan"] == 1 })
	expect.Equal(t, `{"n":1}`, w.details(wiretest.Account, "scans"))
}

// TestUndelivered holds that what cannot be delivered is dropped or goes to the dead-letter queue, and
// is counted with its reason.
func TestUndelivered(t *testing.T) {
	w := newWorld(t)
	dead := &types.DeadLetterConfig{Arn: aws.String(w.queue(wiretest.Account, "dead", opened))}
	closed, gone := to(w.queue(wiretest.Account, "closed", "")), to(arn("sqs", wiretest.Account, "gone"))
	gone.DeadLetterConfig = dead
	expect.OK(t, w.rule(w.Client, "default", "orders", shop, closed, gone))
	w.put(w.Client, "default", `{"n": 1}`)
	w.put(w.Client, "default", `{"n": 2}`)
	expect.Equal(t, `NO_RESOURCE {"n":1} NO_RESOURCE {"n":2}`, w.details(wiretest.Account, "dead"))
	expect.Equal(t, "", w.details(wiretest.Account, "closed"))
	rule := arn("events", wiretest.Account, "rule/orders")
	expect.Equal(t, []events.Drop{
		{Rule: rule, Target: *closed.Arn, Code: "NO_PERMISSIONS", Count: 2, Reason: "User: events.amazonaws.com is not authorized to perform: sqs:sendmessage on resource: " +
			*closed.Arn + " because no resource-based policy allows the sqs:sendmessage action"},
		{Rule: rule, Target: *gone.Arn, Code: "NO_RESOURCE", Reason: "The specified queue does not exist.", Dead: *dead.Arn, Count: 2},
	}, w.service.Report().Dropped)
	w.service.ResetReport()
	expect.Equal(t, 0, len(w.service.Report().Dropped))
}

// TestAcrossAccounts brings events of two tenants' default buses to the bus of the watching account.
func TestAcrossAccounts(t *testing.T) {
	w := newWorld(t)
	watching, region := w.Client, wiretest.Region
	expect.OK(t, expect.Err(watching.CreateEventBus(t.Context(), &sdk.CreateEventBusInput{Name: aws.String("tenants")})))
	bus := arn("events", wiretest.Account, "event-bus/tenants")
	expect.OK(t, w.rule(watching, "tenants", "all", shop, to(w.queue(wiretest.Account, "inbox", opened))))
	for _, account := range []string{other, third} {
		tenant := w.as(account, region)
		wiretest.WantFailure(t, w.rule(tenant, "default", "out", shop, to(bus)), "ValidationException: RoleArn is required for target "+bus+".")
		expect.OK(t, w.rule(tenant, "default", "out", shop, toBy(bus, "arn:aws:iam::"+account+":role/events")))
	}
	permit := func(account string) {
		expect.OK(t, expect.Err(watching.PutPermission(t.Context(), &sdk.PutPermissionInput{
			EventBusName: aws.String("tenants"), Action: aws.String("events:PutEvents"), Principal: &account, StatementId: aws.String("of" + account),
		})))
	}
	permit(other)
	w.put(w.as(other, region), "default", `{"of":2}`)
	w.put(w.as(third, region), "default", `{"of":3}`)
	expect.Equal(t, `{"of":2}`, w.details(wiretest.Account, "inbox"))
	expect.Equal(t, "NO_PERMISSIONS", w.service.Report().Dropped[0].Code)

	permit(third)
	w.roles["events"] = true
	w.put(w.as(third, region), "default", `{"of":3}`)
	expect.Equal(t, "", w.details(wiretest.Account, "inbox"))
	delete(w.roles, "events")
	w.put(w.as(third, region), "default", `{"of":3}`)
	expect.Equal(t, `{"of":3}`, w.details(wiretest.Account, "inbox"))

	// From another region, straight to the bus, and no longer once the permission is gone.
	expect.OK(t, w.rule(w.as(third, "us-west-2"), "default", "out", shop, toBy(bus, "arn:aws:iam::"+third+":role/events")))
	w.put(w.as(third, "us-west-2"), "default", `{"from":"west"}`)
	w.put(w.as(third, region), bus, `{"straight":1}`)
	expect.Equal(t, `{"from":"west"} {"straight":1}`, w.details(wiretest.Account, "inbox"))
	expect.OK(t, expect.Err(watching.RemovePermission(t.Context(), &sdk.RemovePermissionInput{EventBusName: aws.String("tenants"), StatementId: aws.String("of" + third)})))
	refused := w.put(w.as(third, region), bus, `{"straight":2}`)
	expect.Equal(t, "1 AccessDeniedException", fmt.Sprint(refused.FailedEntryCount)+" "+*refused.Entries[0].ErrorCode)
	expect.Equal(t, "", w.details(wiretest.Account, "inbox"))
}

// TestNoThirdHop holds that an event that came from another bus goes to no further bus.
func TestNoThirdHop(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"one", "two"} {
		expect.OK(t, expect.Err(w.CreateEventBus(t.Context(), &sdk.CreateEventBusInput{Name: &name})))
	}
	inbox := to(w.queue(wiretest.Account, "inbox", opened))
	expect.OK(t, w.rule(w.Client, "default", "first", shop, to(arn("events", wiretest.Account, "event-bus/one"))))
	expect.OK(t, w.rule(w.Client, "one", "second", shop, to(arn("events", wiretest.Account, "event-bus/two")), inbox))
	expect.OK(t, w.rule(w.Client, "two", "last", shop, inbox))
	w.put(w.Client, "default", `{"n":1}`)
	expect.Equal(t, `{"n":1}`, w.details(wiretest.Account, "inbox"))
	expect.Equal(t, "THIRD_ACCOUNT_HOP_DETECTED", w.service.Report().Dropped[0].Code)
	w.put(w.Client, "one", `{"n":2}`)
	expect.Equal(t, `{"n":2} {"n":2}`, w.details(wiretest.Account, "inbox"))
}

func TestQueueOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	role := "arn:aws:iam::" + wiretest.Account + ":role/path/send"
	theirs := w.queue(other, "inbox", `{"Statement":{"Effect":"Allow","Principal":{"AWS":"`+role+`"},"Action":"sqs:SendMessage"}}`)
	wiretest.WantFailure(t, w.rule(w.Client, "default", "r", shop, to(theirs)), "ValidationException: RoleArn is required for target "+theirs+".")
	expect.OK(t, w.rule(w.Client, "default", "r", shop, toBy(theirs, role)))
	w.put(w.Client, "default", `{"n":1}`)
	expect.Equal(t, `{"n":1}`, w.details(other, "inbox"))
}

func TestInput(t *testing.T) {
	w := newWorld(t)
	inbox := w.queue(wiretest.Account, "inbox", opened)
	constant, path, deep, nothing := to(inbox), to(inbox), to(inbox), to(inbox)
	constant.Input, path.InputPath, deep.InputPath, nothing.InputPath = aws.String(`{"go": 1}`), aws.String("$.detail"), aws.String("$.detail.a.b"), aws.String("$.detail.x")
	expect.OK(t, w.rule(w.Client, "default", "r", shop, constant, path, deep, nothing))
	w.put(w.Client, "default", `{"a": {"b": [1]}}`)
	expect.Equal(t, []string{`{"go": 1}`, `{"a":{"b":[1]}}`, `[1]`, `{}`}, w.bodies(wiretest.Account, "inbox"))
}

// TestDisturbed holds what faults do to deliveries, and that what is late survives a restart.
func TestDisturbed(t *testing.T) {
	w := newWorld(t)
	expect.OK(t, w.rule(w.Client, "default", "r", shop, to(w.queue(wiretest.Account, "inbox", opened))))
	with := func(d events.Disturbance, detail string) {
		w.disturb = func(string) events.Disturbance { return d }
		w.put(w.Client, "default", detail)
	}
	with(events.Disturbance{Drop: true}, `{"n":0}`)
	with(events.Disturbance{Copies: 1}, `{"n":1}`)
	with(events.Disturbance{Delay: time.Minute}, `{"n":2}`)
	with(events.Disturbance{}, `{"n":3}`)
	expect.Equal(t, `{"n":1} {"n":1} {"n":3}`, w.details(wiretest.Account, "inbox"))
	expect.Equal(t, "FAULT", w.service.Report().Dropped[0].Code)
	saved := expect.Value(json.Marshal(expect.Value(w.service.Save())(t)))(t)

	again := newWorld(t)
	again.queue(wiretest.Account, "inbox", opened)
	expect.OK(t, again.service.Load(saved))
	expect.Equal(t, string(saved), string(expect.Value(json.Marshal(expect.Value(again.service.Save())(t)))(t)))
	again.put(again.Client, "default", `{"n":4}`)
	again.clock.Advance(time.Minute)
	again.eventually(func() bool { return again.service.Report().Delivered[arn("sqs", wiretest.Account, "inbox")] == 2 })
	expect.Equal(t, `{"n":4} {"n":2}`, again.details(wiretest.Account, "inbox"))
}

// eventually waits for what Run does in its own goroutine.
func (w *world) eventually(holds func() bool) {
	w.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatal("it did not happen")
		}
	}
}

func TestSchedule(t *testing.T) {
	w := newWorld(t)
	inbox := to(w.queue(wiretest.Account, "inbox", opened))
	inbox.Id = aws.String("1")
	for name, expression := range map[string]string{"minutely": "rate(1 minute)", "hourly": "cron(0/30 * * * ? *)"} {
		expect.OK(t, expect.Err(w.PutRule(t.Context(), &sdk.PutRuleInput{Name: &name, ScheduleExpression: &expression})))
		expect.OK(t, expect.Err(w.PutTargets(t.Context(), &sdk.PutTargetsInput{Rule: &name, Targets: []types.Target{inbox}})))
	}
	minutely, hourly := arn("events", wiretest.Account, "rule/minutely"), arn("events", wiretest.Account, "rule/hourly")
	for n := 1; n <= 30; n++ {
		w.clock.Advance(time.Minute)
		w.eventually(func() bool { return w.service.Report().Matched[minutely] == n })
	}
	w.eventually(func() bool { return w.service.Report().Matched[hourly] == 1 })
	expect.OK(t, expect.Err(w.DisableRule(t.Context(), &sdk.DisableRuleInput{Name: aws.String("minutely")})))
	got := w.bodies(wiretest.Account, "inbox")
	expect.Equal(t, 31, len(got))
	var id struct{ ID string }
	expect.OK(t, json.Unmarshal([]byte(got[0]), &id))
	expect.Equal(t, `{"version":"0","id":"`+id.ID+`","detail-type":"Scheduled Event","source":"aws.events","account":"111111111111","time":"2026-11-20T12:01:00Z","region":"eu-west-1","resources":["`+minutely+`"],"detail":{}}`, got[0])
	w.clock.Advance(time.Hour)
	w.eventually(func() bool { return w.service.Report().Matched[hourly] == 2 }) // a leap fires once
	expect.Equal(t, 30, w.service.Report().Matched[minutely])
}
