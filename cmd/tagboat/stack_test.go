package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// stack is CloudFormation as far as a story needs it: parameters, a custom resource, a
// task definition and a service that refer to each other by Ref and Fn::GetAtt. As
// there, a resource is touched only where its properties changed.
type stack struct {
	properties map[string]any            // by logical id, as they were at the last update
	ids        map[string]string         // what Ref gives
	attributes map[string]map[string]any // what Fn::GetAtt gives
}

type stackKey struct{}

type template struct {
	Parameters map[string]struct{ Type, Default string }
	Resources  map[string]struct {
		Type       string
		Properties map[string]any
	}
}

// updateStack creates or updates the story's stack: stack update FILE [NAME=VALUE...].
func updateStack(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 || args[0] != "update" {
		ts.Fatalf("usage: stack update FILE [NAME=VALUE...]")
	}
	s := ts.Value(stackKey{}).(*stack)
	if s.properties == nil {
		*s = stack{map[string]any{}, map[string]string{}, map[string]map[string]any{}}
	}
	var t template
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &t))
	values := map[string]string{}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		values[name] = value
	}
	for name, parameter := range t.Parameters {
		s.ids[name] = parameterValue(ts, parameter.Type, parameter.Default)
		if value, ok := values[name]; ok {
			s.ids[name] = parameterValue(ts, parameter.Type, value)
		}
	}
	for _, kind := range []string{"Custom::", "AWS::ECS::TaskDefinition", "AWS::ECS::Service"} {
		for id, resource := range t.Resources {
			if strings.HasPrefix(resource.Type, kind) {
				s.update(ts, id, resource.Type, s.fill(ts, resource.Properties))
			}
		}
	}
}

// parameterValue resolves a parameter's key in Parameter Store, at every operation anew.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
func parameterValue(ts *testscript.TestScript, typ, value string) string {
	if typ != "AWS::SSM::Parameter::Value<String>" {
		return value
	}
	var out struct{ Parameter struct{ Value string } }
	ts.Check(json.Unmarshal(call(ts, "AmazonSSM.GetParameter", map[string]any{"Name": value}), &out))
	return out.Parameter.Value
}

// fill puts in what Ref and Fn::GetAtt stand for.
func (s *stack) fill(ts *testscript.TestScript, value any) any {
	switch v := value.(type) {
	case []any:
		filled := make([]any, len(v))
		for i := range v {
			filled[i] = s.fill(ts, v[i])
		}
		return filled
	case map[string]any:
		if name, ok := v["Ref"].(string); ok {
			return s.ids[name]
		}
		if path, ok := v["Fn::GetAtt"].([]any); ok {
			found, ok := s.attributes[fmt.Sprint(path[0])][fmt.Sprint(path[1])]
			if !ok {
				ts.Fatalf("%v has no attribute %v", path[0], path[1])
			}
			return found
		}
		filled := map[string]any{}
		for key, inner := range v {
			filled[key] = s.fill(ts, inner)
		}
		return filled
	default:
		return value
	}
}

func (s *stack) update(ts *testscript.TestScript, id, typ string, properties any) {
	before, exists := s.properties[id]
	if exists && reflect.DeepEqual(before, properties) {
		return
	}
	s.properties[id] = properties
	switch typ {
	case "AWS::ECS::TaskDefinition":
		var out struct {
			TaskDefinition struct{ TaskDefinitionArn string }
		}
		ts.Check(json.Unmarshal(call(ts, ecsTarget+"RegisterTaskDefinition", members(properties)), &out))
		s.ids[id] = out.TaskDefinition.TaskDefinitionArn
	case "AWS::ECS::Service":
		s.service(ts, exists, members(properties).(map[string]any))
	default:
		s.custom(ts, id, typ, exists, properties)
	}
}

const ecsTarget = "AmazonEC2ContainerServiceV20141113."

func (s *stack) service(ts *testscript.TestScript, exists bool, properties map[string]any) {
	if !exists {
		call(ts, ecsTarget+"CreateService", properties)
		return
	}
	call(ts, ecsTarget+"UpdateService", map[string]any{
		"cluster": properties["cluster"], "service": properties["serviceName"], "taskDefinition": properties["taskDefinition"],
	})
}

func (s *stack) custom(ts *testscript.TestScript, id, typ string, exists bool, properties any) {
	request := map[string]any{"RequestType": "Create", "ResourceType": typ, "LogicalResourceId": id, "ResourceProperties": properties}
	if exists {
		request["RequestType"], request["PhysicalResourceId"] = "Update", s.ids[id]
	}
	answer, err := theFunction(ts).resource(request)
	ts.Check(err)
	if answer.Status != "SUCCESS" {
		ts.Fatalf("the custom resource failed: %s", answer.Reason)
	}
	if exists && answer.PhysicalResourceID != s.ids[id] {
		ts.Fatalf("the update would replace the resource: %s became %s", s.ids[id], answer.PhysicalResourceID)
	}
	s.ids[id], s.attributes[id] = answer.PhysicalResourceID, answer.Data
}

// members writes names as ECS's API has them: CloudFormation's begin with a capital.
func members(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = members(v[i])
		}
		return v
	case map[string]any:
		lower := map[string]any{}
		for key, inner := range v {
			lower[strings.ToLower(key[:1])+key[1:]] = members(inner)
		}
		return lower
	default:
		return value
	}
}

// call makes one call as CloudFormation would.
func call(ts *testscript.TestScript, target string, in any) []byte {
	var body bytes.Buffer
	ts.Check(json.NewEncoder(&body).Encode(in))
	return aws(ts, "123456789012", target, body.String())
}

// putParameter writes a parameter as somebody else would: parameter NAME TYPE VALUE.
func putParameter(ts *testscript.TestScript, _ bool, args []string) {
	call(ts, "AmazonSSM.PutParameter", map[string]any{"Name": args[0], "Type": args[1], "Value": args[2], "Overwrite": true})
}

// callAWS makes a call as somebody else would, in an account, or with the identity that the story has,
// and writes the answer: aws TARGET INPUT|@FILE [ACCOUNT|as-we-are].
func callAWS(ts *testscript.TestScript, _ bool, args []string) {
	as := accountOf(args, 2)
	if as == "as-we-are" {
		as = ts.Getenv("AWS_ACCESS_KEY_ID")
	}
	input := args[1]
	if name, isFile := strings.CutPrefix(input, "@"); isFile {
		input = ts.ReadFile(name)
	}
	_, err := ts.Stdout().Write(aws(ts, as, args[0], input))
	ts.Check(err)
}

// checkStored compares a parameter's value as anybody reads it: stored NAME VALUE.
func checkStored(ts *testscript.TestScript, neg bool, args []string) {
	got := parameterValue(ts, "AWS::SSM::Parameter::Value<String>", args[0])
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(got)) == nil { // spaces mean nothing in JSON
		got = compact.String()
	}
	if (got == args[1]) == neg {
		ts.Fatalf("%s holds %s", args[0], got)
	}
}

// editFile replaces text in a file, which must be there: edit FILE OLD NEW.
func editFile(ts *testscript.TestScript, _ bool, args []string) {
	before := ts.ReadFile(args[0])
	after := strings.ReplaceAll(before, args[1], strings.ReplaceAll(args[2], `\n`, "\n"))
	if after == before {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(after), 0o600))
}
