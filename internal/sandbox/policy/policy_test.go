package policy_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/policy"
)

const (
	queue = "arn:aws:sqs:eu-west-1:111111111111:pushes"
	rule  = "arn:aws:events:eu-west-1:111111111111:rule/pushes"
	role  = "arn:aws:sts::222222222222:assumed-role/watch/session"
)

func TestDecide(t *testing.T) {
	events := policy.Request{
		Service: "events.amazonaws.com", Account: "111111111111", Action: "sqs:SendMessage", Resource: queue,
		Keys: map[string]string{"aws:sourcearn": rule},
	}
	watch := policy.Request{Principal: role, Account: "222222222222", Action: "sqs:ReceiveMessage", Resource: queue}
	statement := func(principal, action, rest string) string {
		return `{"Effect": "Allow", "Principal": ` + principal + `, "Action": ` + action + `, "Resource": "` + queue + `"` + rest + `}`
	}
	service := `{"Service": "events.amazonaws.com"}`
	tests := map[string]struct {
		request    policy.Request
		statements string
		want       policy.Decision
	}{
		"the service":                 {events, statement(service, `"sqs:SendMessage"`, ``), policy.Allowed},
		"another service":             {events, statement(`{"Service": "sns.amazonaws.com"}`, `"sqs:SendMessage"`, ``), policy.Silent},
		"another action":              {events, statement(service, `["sqs:ReceiveMessage"]`, ``), policy.Silent},
		"actions in any case":         {events, statement(service, `"SQS:send*"`, ``), policy.Allowed},
		"another resource":            {events, `{"Effect": "Allow", "Principal": ` + service + `, "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:other"}`, policy.Silent},
		"the rule":                    {events, statement(service, `"sqs:*"`, `, "Condition": {"ArnEquals": {"aws:SourceArn": "`+rule+`"}}`), policy.Allowed},
		"a rule like it":              {events, statement(service, `"sqs:*"`, `, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:111111111111:rule/*"}}`), policy.Allowed},
		"another rule":                {events, statement(service, `"sqs:*"`, `, "Condition": {"ArnEquals": {"aws:SourceArn": "`+rule+`2"}}`), policy.Silent},
		"a key that is not there":     {events, statement(service, `"sqs:*"`, `, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}`), policy.Silent},
		"if it exists":                {events, statement(service, `"sqs:*"`, `, "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}`), policy.Allowed},
		"negated":                     {events, statement(service, `"sqs:*"`, `, "Condition": {"StringNotEquals": {"aws:SourceArn": ["`+rule+`", "x"]}}`), policy.Silent},
		"two conditions":              {events, statement(service, `"sqs:*"`, `, "Condition": {"ArnLike": {"aws:SourceArn": "*"}, "StringEquals": {"aws:SourceArn": "x"}}`), policy.Silent},
		"an account":                  {watch, statement(`{"AWS": "222222222222"}`, `"sqs:*"`, ``), policy.Allowed},
		"an account's root":           {watch, statement(`{"AWS": ["arn:aws:iam::222222222222:root"]}`, `"sqs:*"`, ``), policy.Allowed},
		"a role":                      {watch, statement(`{"AWS": "arn:aws:iam::222222222222:role/path/watch"}`, `"sqs:*"`, ``), policy.Allowed},
		"another role":                {watch, statement(`{"AWS": "arn:aws:iam::222222222222:role/watch2"}`, `"sqs:*"`, ``), policy.Silent},
		"a role of another account":   {watch, statement(`{"AWS": "arn:aws:iam::333333333333:role/watch"}`, `"sqs:*"`, ``), policy.Silent},
		"everybody":                   {watch, statement(`"*"`, `"sqs:*"`, ``), policy.Allowed},
		"everybody, but not services": {events, statement(`{"AWS": "*"}`, `"sqs:*"`, ``), policy.Silent},
		"denied after all": {watch, statement(`"*"`, `"sqs:*"`, ``) + `, {"Effect": "Deny", "Principal": {"AWS": "222222222222"}, "Action": "sqs:Receive*"}`,
			policy.Denied},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := expect.Value(policy.Parse(`{"Version": "2012-10-17", "Statement": [` + tt.statements + `]}`))(t)
			expect.Equal(t, tt.want, p.Decide(tt.request))
		})
	}
	expect.Equal(t, policy.Silent, (*policy.Policy)(nil).Decide(events))
}

// TestParseRefusesWhatItWouldNotEvaluate holds that no member of a policy is passed over.
func TestParseRefusesWhatItWouldNotEvaluate(t *testing.T) {
	for document, want := range map[string]string{
		`{`:                  "unexpected EOF",
		`{"Statement": []}`:  "has no statement",
		`{"Statements": []}`: "unknown field",
		`{"Statement": {"Effect": "Perhaps", "Principal": "*", "Action": "sqs:*"}}`:                                                         "neither Allow nor Deny",
		`{"Statement": {"Effect": "Allow", "Action": "sqs:*"}}`:                                                                             "needs a principal",
		`{"Statement": {"Effect": "Allow", "Principal": "*"}}`:                                                                              "needs a principal and actions",
		`{"Statement": {"Effect": "Allow", "Principal": "*", "NotAction": "sqs:*"}}`:                                                        "unknown field",
		`{"Statement": {"Effect": "Allow", "Principal": {"Federated": "x"}, "Action": "sqs:*"}}`:                                            "unknown field",
		`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.1"}}}}`: "does not evaluate the condition IpAddress",
	} {
		_, err := policy.Parse(document)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", document, err, want)
		}
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"*", "abc", true},
		{"a*c", "abbc", true}, {"a*c", "abb", false}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"*a*b", "xaxab", true},
		{"a**", "a", true}, {"*.b*", "a.b", true}, {"A", "a", false},
	} {
		expect.EqualIn(t, tt.pattern+" "+tt.text, tt.want, policy.Like(tt.pattern, tt.text))
	}
}
