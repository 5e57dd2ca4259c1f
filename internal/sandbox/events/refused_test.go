package events_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// TestRefused holds errors to AWS's names and words.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	rule := func(in sdk.PutRuleInput) error {
		if in.Name == nil {
			in.Name = aws.String("r")
		}
		return expect.Err(w.PutRule(ctx, &in))
	}
	queue := w.queue(wiretest.Account, "inbox", opened)
	expect.OK(t, w.rule(w.Client, "default", "there", shop, to(queue)))
	target := func(change func(*types.Target)) error {
		one := to(queue)
		one.Id = aws.String("x")
		change(&one)
		return expect.Err(w.PutTargets(ctx, &sdk.PutTargetsInput{Rule: aws.String("there"), Targets: []types.Target{one}}))
	}
	var many []types.Target
	for n := range 6 {
		one := to(queue)
		one.Id = aws.String(fmt.Sprint(n))
		many = append(many, one)
	}
	permission := func(in sdk.PutPermissionInput) error { return expect.Err(w.PutPermission(ctx, &in)) }
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a pattern that is none":        {rule(sdk.PutRuleInput{EventPattern: aws.String(`{"source":"aws.ecr"}`)}), `InvalidEventPatternException: Event pattern is not valid. Reason: "source" must be an object or an array at [Source: (String)"{"source":"aws.ecr"}"; line: 1, column: 12]`},
		"no pattern":                    {rule(sdk.PutRuleInput{}), "ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified."},
		"no schedule":                   {rule(sdk.PutRuleInput{ScheduleExpression: aws.String("rate(1 minutes)")}), "ValidationException: Parameter ScheduleExpression is not valid."},
		"no name":                       {rule(sdk.PutRuleInput{Name: aws.String("a b"), EventPattern: aws.String(shop)}), "ValidationException: 1 validation error detected: Value 'a b' at 'name' failed"},
		"no bus":                        {rule(sdk.PutRuleInput{EventPattern: aws.String(shop), EventBusName: aws.String("none")}), "ResourceNotFoundException: Event bus none does not exist."},
		"no rule":                       {expect.Err(w.DescribeRule(ctx, &sdk.DescribeRuleInput{Name: aws.String("none")})), "ResourceNotFoundException: Rule none does not exist on EventBus default."},
		"a rule with targets":           {expect.Err(w.DeleteRule(ctx, &sdk.DeleteRuleInput{Name: aws.String("there")})), "ValidationException: Rule can't be deleted since it has targets."},
		"no rule to delete":             {expect.Err(w.DeleteRule(ctx, &sdk.DeleteRuleInput{Name: aws.String("none")})), ""},
		"no ARN":                        {target(func(t *types.Target) { t.Arn = aws.String("queue") }), "ValidationException: Parameter queue is not valid. Reason: Provided Arn is not in correct format."},
		"a function":                    {target(func(t *types.Target) { t.Arn = aws.String("arn:aws:lambda:eu-west-1:111111111111:function:f") }), "ValidationException: The sandbox has no targets of lambda"},
		"a FIFO queue":                  {target(func(t *types.Target) { t.Arn = aws.String(queue + ".fifo") }), "ValidationException: The sandbox has no FIFO queues."},
		"a group of messages":           {target(func(t *types.Target) { t.SqsParameters = &types.SqsParameters{MessageGroupId: aws.String("g")} }), "ValidationException: The sandbox has no FIFO queues."},
		"a queue of another region":     {target(func(t *types.Target) { t.Arn = aws.String("arn:aws:sqs:us-west-2:111111111111:q") }), "ValidationException: Parameter arn:aws:sqs:us-west-2:111111111111:q is not valid."},
		"a role of another account":     {target(func(t *types.Target) { t.RoleArn = aws.String("arn:aws:iam::222222222222:role/r") }), "ValidationException: Parameter arn:aws:iam::222222222222:role/r is not valid."},
		"two inputs":                    {target(func(t *types.Target) { t.Input, t.InputPath = aws.String("{}"), aws.String("$.a") }), "ValidationException: Only one of Input, InputPath, or InputTransformer must be provided for target x."},
		"input that is no JSON":         {target(func(t *types.Target) { t.Input = aws.String("{") }), "ValidationException: JSON syntax error in input for target x : {"},
		"a path that is none":           {target(func(t *types.Target) { t.InputPath = aws.String("$['a']") }), "ValidationException: Invalid InputPath for target x : $['a']"},
		"a transformer":                 {target(func(t *types.Target) { t.InputTransformer = &types.InputTransformer{InputTemplate: aws.String("x")} }), "ValidationException: The sandbox has no input transformers"},
		"six targets":                   {expect.Err(w.PutTargets(ctx, &sdk.PutTargetsInput{Rule: aws.String("there"), Targets: many})), "LimitExceededException: The requested resource exceeds the maximum number allowed."},
		"retrying too often":            {target(func(t *types.Target) { t.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(186)} }), "ValidationException: RetryPolicy of target x is not valid"},
		"a bus that is there":           {expect.Err(w.CreateEventBus(ctx, &sdk.CreateEventBusInput{Name: aws.String("default")})), "ResourceAlreadyExistsException: Event bus default already exists."},
		"a partner's bus":               {expect.Err(w.CreateEventBus(ctx, &sdk.CreateEventBusInput{Name: aws.String("b"), EventSourceName: aws.String("aws.partner/x")})), "ValidationException: The sandbox has no partner event buses."},
		"the default bus":               {expect.Err(w.DeleteEventBus(ctx, &sdk.DeleteEventBusInput{Name: aws.String("default")})), "ValidationException: Cannot delete event bus default."},
		"another's bus":                 {expect.Err(w.as(other, wiretest.Region).ListRules(ctx, &sdk.ListRulesInput{EventBusName: aws.String(arn("events", wiretest.Account, "event-bus/default"))})), "AccessDeniedException: "},
		"an organization":               {permission(sdk.PutPermissionInput{Action: aws.String("events:PutEvents"), Principal: aws.String("*"), StatementId: aws.String("s"), Condition: &types.Condition{Type: aws.String("StringEquals"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String("o-1")}}), "ValidationException: The sandbox has no organizations."},
		"a principal that is none":      {permission(sdk.PutPermissionInput{Action: aws.String("events:PutEvents"), Principal: aws.String("me"), StatementId: aws.String("s")}), "ValidationException: 1 validation error detected: Value 'me' at 'principal'"},
		"another action":                {permission(sdk.PutPermissionInput{Action: aws.String("events:PutRule"), Principal: aws.String(other), StatementId: aws.String("s")}), "ValidationException: Provided value in parameter 'action' is not supported."},
		"a policy and a statement":      {permission(sdk.PutPermissionInput{Policy: aws.String("{}"), StatementId: aws.String("s")}), "ValidationException: Policy cannot be combined"},
		"a policy that is none":         {permission(sdk.PutPermissionInput{Policy: aws.String(`{"Statement":[]}`)}), "ValidationException: Invalid policy: "},
		"a policy too long":             {permission(sdk.PutPermissionInput{Policy: aws.String(`{"Statement":[{"Sid":"` + strings.Repeat("x", 11000) + `","Effect":"Allow","Principal":"*","Action":"events:PutEvents"}]}`)}), "PolicyLengthExceededException: "},
		"no statement":                  {expect.Err(w.RemovePermission(ctx, &sdk.RemovePermissionInput{StatementId: aws.String("none")})), "ResourceNotFoundException: Statement with the provided id does not exist."},
		"a test of half an event":       {expect.Err(w.TestEventPattern(ctx, &sdk.TestEventPatternInput{EventPattern: aws.String(shop), Event: aws.String(`{"source":"shop"}`)})), "ValidationException: Parameter Event is not valid. Reason: Missing mandatory field id."},
		"a page too large":              {expect.Err(w.ListRules(ctx, &sdk.ListRulesInput{Limit: aws.Int32(101)})), "ValidationException: 1 validation error detected: Value '101' at 'limit'"},
		"a schedule of one's own bus":   {rule(sdk.PutRuleInput{EventBusName: aws.String("mine"), ScheduleExpression: aws.String("rate(1 hour)")}), "ResourceNotFoundException: "},
		"a disabled rule of some state": {rule(sdk.PutRuleInput{EventPattern: aws.String(shop), State: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}), "ValidationException: 1 validation error detected"},
	} {
		t.Run(name, func(t *testing.T) { wiretest.WantFailure(t, tt.err, tt.want) })
	}
}

func TestSchedulesThatAreNone(t *testing.T) {
	w := newWorld(t)
	for expression, good := range map[string]bool{
		"rate(5 minutes)": true, "rate(1 hour)": true, "rate(2 days)": true, "rate(1 minutes)": false, "rate(2 minute)": false, "rate(0 minutes)": false,
		"rate(1 second)": false, "rate()": false, "rate(1 minute": false, "cron(0 12 * * ? *)": true, "cron(0/5 8-17 ? * MON-FRI *)": true,
		"cron(15,45 10 1 JAN ? 2027)": true, "cron(0 12 * * * *)": false, "cron(0 12 ? * ? *)": false, "cron(0 12 * *)": false, "cron(60 12 * * ? *)": false,
		"cron(? 12 * * ? *)": false, "cron(0 12 L * ? *)": false, "every day": false,
	} {
		err := expect.Err(w.PutRule(t.Context(), &sdk.PutRuleInput{Name: aws.String("r"), ScheduleExpression: &expression}))
		if (err == nil) != good {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

// TestPutEventsFailsOneByOne holds that an entry that is wrong leaves the others alone.
func TestPutEventsFailsOneByOne(t *testing.T) {
	w := newWorld(t)
	expect.OK(t, w.rule(w.Client, "default", "r", shop, to(w.queue(wiretest.Account, "inbox", opened))))
	entry := func(source, kind, detail string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: &source, DetailType: &kind, Detail: &detail}
	}
	out := expect.Value(w.PutEvents(t.Context(), &sdk.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entry("shop", "Order", `{"n":1}`), entry("aws.ecr", "Order", `{}`), entry("", "Order", `{}`), entry("shop", "", `{}`),
		entry("shop", "Order", ""), entry("shop", "Order", "[]"), entry("shop", "Order", `{"n":2}`),
		{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: aws.String(`{"n":3}`), EventBusName: aws.String("none")},
	}}))(t)
	var codes []string
	for _, e := range out.Entries {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	expect.Equal(t, []string{"", "NotAuthorizedForSourceException", "InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail", "", ""}, codes)
	expect.Equal(t, 5, int(out.FailedEntryCount))
	expect.Equal(t, `{"n":1} {"n":2}`, w.details(wiretest.Account, "inbox"))
	_, err := w.PutEvents(t.Context(), &sdk.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry("shop", "Order", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`)}})
	wiretest.WantFailure(t, err, "ValidationException: Total size of the entries in the request is over the limit.")
}

// TestDescribed holds what is answered of buses, rules and targets.
func TestDescribed(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	expect.OK(t, expect.Err(w.CreateEventBus(ctx, &sdk.CreateEventBusInput{Name: aws.String("mine"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})))
	expect.OK(t, expect.Err(w.PutPermission(ctx, &sdk.PutPermissionInput{EventBusName: aws.String("mine"), Action: aws.String("events:PutEvents"), Principal: aws.String(other), StatementId: aws.String("tenant")})))
	bus := expect.Value(w.DescribeEventBus(ctx, &sdk.DescribeEventBusInput{Name: aws.String("mine")}))(t)
	expect.Equal(t, arn("events", wiretest.Account, "event-bus/mine"), *bus.Arn)
	expect.Equal(t, `{"Statement":[{"Sid":"tenant","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"events:PutEvents","Resource":"`+*bus.Arn+`"}],"Version":"2012-10-17"}`, *bus.Policy)
	buses := expect.Value(w.ListEventBuses(ctx, &sdk.ListEventBusesInput{}))(t)
	expect.Equal(t, []string{"default", "mine"}, []string{*buses.EventBuses[0].Name, *buses.EventBuses[1].Name})

	queue := w.queue(wiretest.Account, "inbox", opened)
	expect.OK(t, w.rule(w.Client, "mine", "first", shop, to(queue)))
	expect.OK(t, w.rule(w.Client, "mine", "second", shop))
	expect.OK(t, expect.Err(w.DisableRule(ctx, &sdk.DisableRuleInput{Name: aws.String("first"), EventBusName: aws.String("mine")})))
	w.put(w.Client, "mine", `{"n":1}`)
	expect.Equal(t, "", w.details(wiretest.Account, "inbox"))
	rule := expect.Value(w.DescribeRule(ctx, &sdk.DescribeRuleInput{Name: aws.String("first"), EventBusName: bus.Arn}))(t)
	expect.Equal(t, &sdk.DescribeRuleOutput{
		Name: aws.String("first"), Arn: aws.String(arn("events", wiretest.Account, "rule/mine/first")), EventPattern: aws.String(shop),
		State: "DISABLED", EventBusName: aws.String("mine"), CreatedBy: aws.String(wiretest.Account),
	}, rule, cmpopts.IgnoreFields(sdk.DescribeRuleOutput{}, "ResultMetadata"), cmpopts.IgnoreUnexported(sdk.DescribeRuleOutput{}))
	names := expect.Value(w.ListRuleNamesByTarget(ctx, &sdk.ListRuleNamesByTargetInput{TargetArn: &queue, EventBusName: aws.String("mine")}))(t)
	expect.Equal(t, []string{"first"}, names.RuleNames)
	page := expect.Value(w.ListRules(ctx, &sdk.ListRulesInput{EventBusName: aws.String("mine"), Limit: aws.Int32(1)}))(t)
	expect.Equal(t, "first", *page.Rules[0].Name)
	page = expect.Value(w.ListRules(ctx, &sdk.ListRulesInput{EventBusName: aws.String("mine"), Limit: aws.Int32(1), NextToken: page.NextToken}))(t)
	expect.Equal(t, "second", *page.Rules[0].Name)

	removed := expect.Value(w.RemoveTargets(ctx, &sdk.RemoveTargetsInput{Rule: aws.String("first"), EventBusName: aws.String("mine"), Ids: []string{"a", "z"}}))(t)
	expect.Equal(t, "z", *removed.FailedEntries[0].TargetId)
	left := expect.Value(w.ListTargetsByRule(ctx, &sdk.ListTargetsByRuleInput{Rule: aws.String("first"), EventBusName: aws.String("mine")}))(t)
	expect.Equal(t, 0, len(left.Targets))
	_, err := w.DeleteEventBus(ctx, &sdk.DeleteEventBusInput{Name: aws.String("mine")})
	wiretest.WantFailure(t, err, "ValidationException: Event bus mine can't be deleted since it has rules.")

	matched := expect.Value(w.TestEventPattern(ctx, &sdk.TestEventPatternInput{EventPattern: aws.String(shop), Event: aws.String(
		`{"id":"1","account":"1","source":"shop","time":"2026-01-01T00:00:00Z","region":"eu-west-1","resources":[],"detail-type":"x","detail":{}}`)}))(t)
	expect.Equal(t, true, matched.Result)
	expect.OK(t, expect.Err(w.TagResource(ctx, &sdk.TagResourceInput{ResourceARN: rule.Arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})))
	tags := expect.Value(w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: rule.Arn}))(t)
	expect.Equal(t, "a=b", *tags.Tags[0].Key+"="+*tags.Tags[0].Value)
	expect.OK(t, expect.Err(w.UntagResource(ctx, &sdk.UntagResourceInput{ResourceARN: rule.Arn, TagKeys: []string{"a"}})))
	expect.Equal(t, 0, len(expect.Value(w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: rule.Arn}))(t).Tags))
}
