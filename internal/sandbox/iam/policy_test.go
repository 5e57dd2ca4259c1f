package iam_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/iam"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const deployer = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "Read", "Effect": "Allow", "Action": ["ssm:GetParameter*", "ssm:DescribeParameters"], "Resource": "*"},
	{"Sid": "Pin", "Effect": "Allow", "Action": "ssm:putparameter", "Resource": ["arn:aws:ssm:us-east-1:123456789012:parameter/shop/*", "arn:aws:ssm:us-east-1:123456789012:parameter/one?"]},
	{"Sid": "NotThis", "Effect": "Deny", "Action": "ssm:*", "Resource": "arn:aws:ssm:*:*:parameter/shop/secret"},
	{"Sid": "Roll", "Effect": "Allow", "Action": ["ecs:UpdateService", "cloudwatch:DescribeAlarms"], "Resource": "arn:aws:ecs:us-east-1:123456789012:service/dev/web",
		"Condition": {"ArnEquals": {"ecs:cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/dev"}}}
]}`

func TestPermit(t *testing.T) {
	service := expect.Value(iam.New(iam.Policy{Role: "deployer", Document: []byte(deployer)}))(t)
	const no, implicit, explicit = "is not authorized to perform: ", " because no identity-based policy allows the ", " with an explicit deny in an identity-based policy"
	const put = "ssm:PutParameter on resource: arn:aws:ssm:us-east-1:123456789012:parameter/"
	for name, c := range map[string]struct{ caller, call, input, want string }{
		"a path":                 {"deployer", "ssm.PutParameter", `{"Name": "/shop/a/b"}`, ""},
		"its ARN":                {"deployer", "ssm.PutParameter", `{"Name": "arn:aws:ssm:us-east-1:123456789012:parameter/shop/a:3"}`, ""},
		"one character":          {"deployer", "ssm.PutParameter", `{"Name": "one1"}`, ""},
		"two characters":         {"deployer", "ssm.PutParameter", `{"Name": "one12"}`, no + put + "one12" + implicit + "ssm:PutParameter action"},
		"beside the path":        {"deployer", "ssm.PutParameter", `{"Name": "/shop2/a"}`, no + put + "shop2/a" + implicit + "ssm:PutParameter action"},
		"another account":        {"deployer", "ssm.PutParameter", `{"Name": "arn:aws:ssm:us-east-1:111111111111:parameter/shop/a"}`, "111111111111:parameter/shop/a because"},
		"denied":                 {"deployer", "ssm.GetParameter", `{"Name": "/shop/secret:2"}`, no + "ssm:GetParameter on resource: arn:aws:ssm:us-east-1:123456789012:parameter/shop/secret" + explicit},
		"one of many is denied":  {"deployer", "ssm.GetParameters", `{"Names": ["/a", "/shop/secret"]}`, "parameter/shop/secret" + explicit},
		"another case":           {"deployer", "ssm.PutParameter", `{"Name": "/shop2/a", "name": "/shop/a"}`, "parameter/shop2/a because"},
		"by path":                {"deployer", "ssm.GetParametersByPath", `{"Path": "/shop/secret/"}`, "parameter/shop/secret" + explicit},
		"nothing named":          {"deployer", "ssm.DescribeParameters", `{}`, ""},
		"an action it lacks":     {"deployer", "ssm.DeleteParameter", `{"Name": "/shop/a"}`, "allows the ssm:DeleteParameter action"},
		"another service":        {"deployer", "ecs.UpdateService", `{}`, ""},
		"another service's name": {"deployer", "monitoring.DescribeAlarms", ``, ""},
		"and what it lacks":      {"deployer", "ecs.CreateService", `{}`, "ecs:CreateService on resource: * because"},
		"who am I":               {"deployer", "sts.GetCallerIdentity", ``, ""},
		"a role":                 {"deployer", "sts.AssumeRole", ``, "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/other because"},
		"a role without policy":  {"other", "ssm.DeleteParameter", `{"Name": "/shop/secret"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			target, operation, _ := strings.Cut(c.call, ".")
			caller := wire.Caller{Scope: wire.Scope{Account: "123456789012", Region: "us-east-1"}, ARN: "arn:aws:sts::123456789012:assumed-role/" + c.caller + "/ann"}
			r := &wire.Request{Caller: caller, Operation: operation, JSON: json.RawMessage(c.input), Form: url.Values{"RoleArn": {"arn:aws:iam::123456789012:role/other"}}}
			err := service.Permit(wire.Service{Name: target}, r)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			var refused *wire.Error
			if errors.As(err, &refused) {
				expect.EqualIn(t, "code", "AccessDeniedException", refused.Code)
				expect.EqualIn(t, "beginning", true, strings.HasPrefix(refused.Message, "User: "+caller.ARN+" is not authorized to perform: "))
			}
			r.Caller.ARN = "arn:aws:iam::123456789012:user/deployer"
			expect.OK(t, service.Permit(wire.Service{Name: target}, r))
		})
	}
}

// TestPoliciesThatAreNotEvaluated holds that nothing of a policy is ignored.
func TestPoliciesThatAreNotEvaluated(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"no JSON":           {deployer, `nothing`, "reading the policy"},
		"version":           {"2012-10-17", "2008-10-17", "version"},
		"no statements":     {deployer, `{"Version": "2012-10-17", "Statement": []}`, "statements"},
		"NotAction":         {`"Action": "ssm:putparameter"`, `"NotAction": "ssm:putparameter"`, "NotAction"},
		"NotResource":       {`"Resource": "*"`, `"NotResource": "*"`, "NotResource"},
		"principal":         {`"Sid": "Pin"`, `"Principal": "*"`, "Principal"},
		"effect":            {`"Sid": "Pin", "Effect": "Allow"`, `"Sid": "Pin", "Effect": "allow"`, "neither Allow nor Deny"},
		"condition":         {`"ecs:cluster"`, `"aws:SourceIp"`, "condition aws:SourceIp"},
		"condition of ssm":  {`"Action": ["ecs:UpdateService"`, `"Action": ["ssm:GetParameter"`, "condition ecs:cluster"},
		"variable":          {`parameter/shop/*`, `parameter/${aws:username}/*`, "variables"},
		"deny of a service": {`"Action": "ssm:*", "Resource": "arn:aws:ssm:*:*:parameter/shop/secret"`, `"Action": "ecs:*", "Resource": "arn:aws:ecs:*:*:service/x"`, "statement 3 (NotThis) denies"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(deployer, c.old, c.new, 1)
			if changed == deployer {
				t.Fatal("nothing is changed")
			}
			if _, err := iam.New(iam.Policy{Role: "deployer", Document: []byte(changed)}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
