package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/rogpeppe/go-internal/testscript"
)

// updateStack creates or updates the story's stack, hands the requests of custom resources to the
// function, and waits until the stack is complete: stack update FILE [NAME=VALUE...].
func updateStack(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 || args[0] != "update" {
		ts.Fatalf("usage: stack update FILE [NAME=VALUE...]")
	}
	endpoint, name, body := ts.Getenv("AWS_ENDPOINT_URL"), "shop", ts.ReadFile(args[1])
	client := cloudformation.New(cloudformation.Options{
		Region: ts.Getenv("AWS_REGION"), BaseEndpoint: &endpoint, Retryer: retry.NewStandard(),
		Credentials: credentials.NewStaticCredentialsProvider("123456789012", "sandbox", ""),
	})
	var parameters []types.Parameter
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		parameters = append(parameters, types.Parameter{ParameterKey: &key, ParameterValue: &value})
	}
	ctx, cancel := context.WithTimeout(context.Background(), functionTimeout)
	defer cancel()
	_, err := client.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &body, Parameters: parameters})
	if refused := (smithy.APIError)(nil); errors.As(err, &refused) && refused.ErrorCode() == "AlreadyExistsException" {
		_, err = client.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: &name, TemplateBody: &body, Parameters: parameters})
	}
	ts.Check(err)
	for {
		answerResources(ts)
		out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		ts.Check(err)
		switch status := out.Stacks[0].StackStatus; {
		case status == types.StackStatusCreateComplete || status == types.StackStatusUpdateComplete:
			return
		case strings.Contains(string(status), "ROLLBACK"):
			ts.Fatalf("the stack is %s: %s", status, *out.Stacks[0].StackStatusReason)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// answerResources hands the requests of custom resources that wait for an answer to the function,
// whose answer goes through a bucket of HTTPS, as it does on AWS.
func answerResources(ts *testscript.TestScript) {
	response, err := http.Get(ts.Getenv("AWS_ENDPOINT_URL") + "/_sandbox/functions")
	ts.Check(err)
	defer response.Body.Close()
	var waiting struct {
		Requests []struct{ Event map[string]any }
	}
	ts.Check(json.NewDecoder(response.Body).Decode(&waiting))
	for _, request := range waiting.Requests {
		to := request.Event["ResponseURL"].(string)
		answer, err := theFunction(ts).resource(request.Event)
		ts.Check(err)
		put, err := http.NewRequest(http.MethodPut, to, bytes.NewReader(answer.raw))
		ts.Check(err)
		taken, err := http.DefaultClient.Do(put)
		ts.Check(err)
		ts.Check(taken.Body.Close())
		if taken.StatusCode != http.StatusOK {
			ts.Fatalf("the sandbox did not take the answer: %s", taken.Status)
		}
	}
}

const ecsTarget = "AmazonEC2ContainerServiceV20141113."

// call makes one call in the default account.
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
	var out struct{ Parameter struct{ Value string } }
	ts.Check(json.Unmarshal(call(ts, "AmazonSSM.GetParameter", map[string]any{"Name": args[0]}), &out))
	got := out.Parameter.Value
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
