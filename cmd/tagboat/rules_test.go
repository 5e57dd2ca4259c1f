package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/rogpeppe/go-internal/testscript"
)

// rules is CloudFormation as far as the templates of tagboat generate watch need it: queues, event
// buses and rules, in one account.
type rules struct {
	ts              *testscript.TestScript
	account, region string
	resources       map[string]any
	parameters      map[string]any
}

// createRules makes what a template has, in an account: rules FILE [ACCOUNT].
func createRules(ts *testscript.TestScript, _ bool, args []string) {
	file, err := parser.ParseBytes([]byte(ts.ReadFile(args[0])), 0)
	ts.Check(err)
	template := plainValue(file.Docs[0].Body).(map[string]any)
	r := rules{ts: ts, account: accountOf(args, 1), region: ts.Getenv("AWS_REGION"), resources: template["Resources"].(map[string]any)}
	r.parameters, _ = template["Parameters"].(map[string]any)
	for _, kind := range []string{"SQS::Queue", "Events::EventBus", "Events::EventBusPolicy", "Events::Rule", "SQS::QueuePolicy"} {
		for _, id := range slices.Sorted(maps.Keys(r.resources)) {
			resource := r.resources[id].(map[string]any)
			if resource["Type"] == "AWS::"+kind {
				r.create(id, kind, r.fill(resource["Properties"]).(map[string]any))
			}
		}
	}
}

func (r rules) create(id, kind string, p map[string]any) {
	switch kind {
	case "SQS::Queue":
		attributes := map[string]string{}
		for name, value := range p {
			if name != "QueueName" {
				attributes[name] = text(value)
			}
		}
		r.call("AmazonSQS.CreateQueue", map[string]any{"QueueName": p["QueueName"], "Attributes": attributes})
	case "SQS::QueuePolicy":
		for _, queue := range p["Queues"].([]any) {
			r.call("AmazonSQS.SetQueueAttributes", map[string]any{"QueueUrl": queue, "Attributes": map[string]string{"Policy": text(p["PolicyDocument"])}})
		}
	case "Events::EventBus":
		r.call("AWSEvents.CreateEventBus", p)
	case "Events::EventBusPolicy":
		statement := p["Statement"].(map[string]any)
		statement["Sid"] = p["StatementId"]
		r.call("AWSEvents.PutPermission", map[string]any{
			"EventBusName": p["EventBusName"], "Policy": text(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}}),
		})
	default:
		in := map[string]any{"Name": id}
		for name, value := range p {
			if name != "Targets" {
				in[name] = value
			}
		}
		if pattern, ok := in["EventPattern"]; ok {
			in["EventPattern"] = text(pattern)
		}
		r.call("AWSEvents.PutRule", in)
		targets := map[string]any{"Rule": id, "Targets": p["Targets"]}
		if bus, ok := in["EventBusName"]; ok {
			targets["EventBusName"] = bus
		}
		r.call("AWSEvents.PutTargets", targets)
	}
}

func (r rules) call(target string, in any) { aws(r.ts, r.account, target, text(in)) }

// text writes a value as JSON, and what is text as it is.
func text(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// plainValue turns YAML into values, with CloudFormation's short forms as the long ones.
func plainValue(n ast.Node) any {
	switch n := n.(type) {
	case *ast.TagNode:
		return map[string]any{n.Start.Value: plainValue(n.Value)}
	case *ast.MappingNode:
		all := map[string]any{}
		for _, entry := range n.Values {
			all[entry.Key.GetToken().Value] = plainValue(entry.Value)
		}
		return all
	case *ast.MappingValueNode:
		return map[string]any{n.Key.GetToken().Value: plainValue(n.Value)}
	case *ast.SequenceNode:
		var all []any
		for _, item := range n.Values {
			all = append(all, plainValue(item))
		}
		return all
	case ast.ScalarNode:
		return n.GetValue()
	default:
		panic(fmt.Sprintf("%T", n))
	}
}

// fill puts in what short forms stand for.
func (r rules) fill(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = r.fill(v[i])
		}
	case map[string]any:
		if name, ok := v["!Ref"].(string); ok {
			return r.ref(name)
		}
		if path, ok := v["!GetAtt"].(string); ok {
			return r.arn(strings.TrimSuffix(path, ".Arn"))
		}
		if pattern, ok := v["!Sub"].(string); ok {
			return strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::Region}", r.region, "${AWS::AccountId}", r.account).Replace(pattern)
		}
		for key := range v {
			v[key] = r.fill(v[key])
		}
	}
	return value
}

// ref is what Ref gives: the URL of a queue, the name of a bus, the value of a parameter.
func (r rules) ref(id string) any {
	if parameter, ok := r.parameters[id].(map[string]any); ok {
		return parameter["Default"]
	}
	properties := r.resources[id].(map[string]any)["Properties"].(map[string]any)
	if name, ok := properties["QueueName"]; ok {
		return r.ts.Getenv("AWS_ENDPOINT_URL") + "/" + r.account + "/" + name.(string)
	}
	return properties["Name"]
}

func (r rules) arn(id string) string {
	resource := r.resources[id].(map[string]any)
	properties, _ := resource["Properties"].(map[string]any)
	at := ":" + r.region + ":" + r.account + ":"
	switch resource["Type"] {
	case "AWS::SQS::Queue":
		return "arn:aws:sqs" + at + properties["QueueName"].(string)
	case "AWS::Events::EventBus":
		return "arn:aws:events" + at + "event-bus/" + properties["Name"].(string)
	case "AWS::IAM::Role":
		return "arn:aws:iam::" + r.account + ":role/" + id
	default:
		rule := "rule/"
		if _, ok := properties["EventBusName"]; ok {
			rule += "tagboat-shop/"
		}
		return "arn:aws:events" + at + rule + id
	}
}

// receiveAll writes the bodies of a queue's messages into a file, one a line: received ACCOUNT/NAME FILE.
func receiveAll(ts *testscript.TestScript, _ bool, args []string) {
	account, _, _ := strings.Cut(args[0], "/")
	var bodies strings.Builder
	for {
		var got struct{ Messages []struct{ Body string } }
		in := map[string]any{"QueueUrl": ts.Getenv("AWS_ENDPOINT_URL") + "/" + args[0], "MaxNumberOfMessages": 10}
		ts.Check(json.Unmarshal(aws(ts, account, "AmazonSQS.ReceiveMessage", text(in)), &got))
		if len(got.Messages) == 0 {
			break
		}
		for _, m := range got.Messages {
			bodies.WriteString(m.Body + "\n")
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(bodies.String()), 0o600))
}
