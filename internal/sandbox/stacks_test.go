package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// stacks is a World with a client of CloudFormation.
type stacks struct {
	*sandboxtest.World
	*cfn.Client
}

func withStacks(t *testing.T, story func(s stacks)) {
	t.Helper()
	sandboxtest.Run(t, sandbox.Config{Clusters: []string{"dev"}}, func(w *sandboxtest.World) { story(stacks{w, cfnClient(w, "sandbox")}) })
}

func cfnClient(w *sandboxtest.World, key string) *cfn.Client {
	return cfn.New(cfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + sandboxtest.Host), HTTPClient: &http.Client{Transport: sandboxtest.Carrier{Handler: w.Server}},
		Credentials: credentials.NewStaticCredentialsProvider(key, "sandbox", ""),
		Retryer:     wiretest.Once{},
	})
}

// given returns parameters as KEY=VALUE says them; KEY alone keeps its previous value.
func given(parameters ...string) []types.Parameter {
	var all []types.Parameter
	for _, p := range parameters {
		key, value, has := strings.Cut(p, "=")
		one := types.Parameter{ParameterKey: &key}
		if has {
			one.ParameterValue = &value
		} else {
			one.UsePreviousValue = aws.Bool(true)
		}
		all = append(all, one)
	}
	return all
}

func (s stacks) create(name, template string, parameters ...string) error {
	return expect.Err(s.CreateStack(s.Context(), &cfn.CreateStackInput{StackName: &name, TemplateBody: &template, Parameters: given(parameters...)}))
}

// update updates a stack; no template keeps the one that it has.
func (s stacks) update(name, template string, parameters ...string) error {
	in := &cfn.UpdateStackInput{StackName: &name, Parameters: given(parameters...), TemplateBody: &template}
	if template == "" {
		in.TemplateBody, in.UsePreviousTemplate = nil, aws.Bool(true)
	}
	return expect.Err(s.UpdateStack(s.Context(), in))
}

func (s stacks) stack(name string) types.Stack {
	s.Helper()
	return expect.Value(s.DescribeStacks(s.Context(), &cfn.DescribeStacksInput{StackName: &name}))(s).Stacks[0]
}

// ends waits until nothing goes on with a stack, and holds its status.
func (s stacks) ends(name string, want types.StackStatus) {
	s.Helper()
	for range 1000 {
		st := s.stack(name)
		if !strings.HasSuffix(string(st.StackStatus), "IN_PROGRESS") {
			if st.StackStatus != want {
				s.Fatalf("%s is %s, want %s:\n%s", name, st.StackStatus, want, strings.Join(s.events(name, 0), "\n"))
			}
			return
		}
		s.Later(time.Second)
	}
	s.Fatalf("%s does not end", name)
}

// events returns what happened to a stack after the first so many, oldest first.
func (s stacks) events(name string, after int) []string {
	s.Helper()
	var all []string
	pages := cfn.NewDescribeStackEventsPaginator(s.Client, &cfn.DescribeStackEventsInput{StackName: &name})
	for pages.HasMorePages() {
		for _, e := range expect.Value(pages.NextPage(s.Context()))(s).StackEvents {
			line := *e.LogicalResourceId + " " + string(e.ResourceStatus)
			if reason := aws.ToString(e.ResourceStatusReason); reason != "" {
				line += ": " + anyID.ReplaceAllString(reason, "ID")
			}
			all = append(all, strings.TrimSpace(line))
		}
	}
	slices.Reverse(all)
	return all[after:]
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// resources returns the physical ids of a stack's resources.
func (s stacks) resources(name string) map[string]string {
	s.Helper()
	all := map[string]string{}
	for _, r := range expect.Value(s.ListStackResources(s.Context(), &cfn.ListStackResourcesInput{StackName: &name}))(s).StackResourceSummaries {
		all[*r.LogicalResourceId] = aws.ToString(r.PhysicalResourceId)
	}
	return all
}

// running returns the task definition of a service, by its family and revision, and its image.
func (s stacks) running(service string) string {
	s.Helper()
	described := s.AWS("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{service}})
	arn := described["services"].([]any)[0].(map[string]any)["taskDefinition"].(string)
	definition := s.AWS("ecs.DescribeTaskDefinition", map[string]any{"taskDefinition": arn})["taskDefinition"].(map[string]any)
	image := definition["containerDefinitions"].([]any)[0].(map[string]any)["image"].(string)
	return arn[strings.LastIndex(arn, "/")+1:] + " " + strings.TrimPrefix(image, sandboxtest.Host+"/")
}

// revision returns the status of a revision.
func (s stacks) revision(name string) string {
	s.Helper()
	return s.AWS("ecs.DescribeTaskDefinition", map[string]any{"taskDefinition": name})["taskDefinition"].(map[string]any)["status"].(string)
}

// shop is a service whose image is a parameter.
const shop = `
AWSTemplateFormatVersion: "2010-09-09"
Description: the shop
Metadata: {Manifest: "name: web"}
Parameters:
  Image: {Type: String, AllowedPattern: ".+"}
  Count: {Type: Number, Default: 1, MaxValue: 9}
Conditions:
  Many: !Not [!Equals [!Ref Count, "1"]]
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/ecs/${AWS::StackName}", RetentionInDays: 7}
  Role:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      Cpu: 256
      Memory: "512"
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      ExecutionRoleArn: arn:aws:iam::123456789012:role/execution
      ContainerDefinitions:
      - Name: app
        Image: !Ref Image
        Essential: true
        PortMappings: [{ContainerPort: "8080"}]
        Environment: [{Name: MANY, Value: !If [Many, "yes", !Ref "AWS::NoValue"]}, {Name: LEVEL, Value: 3}]
        LogConfiguration:
          LogDriver: awslogs
          Options: {awslogs-group: !Ref Logs, awslogs-region: !Ref "AWS::Region", awslogs-stream-prefix: app}
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: dev
      ServiceName: web
      DesiredCount: !Ref Count
      LaunchType: FARGATE
      TaskDefinition: !Ref Definition
      DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: true, Rollback: true}}
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1], AssignPublicIp: ENABLED}}
Outputs:
  Name: {Value: !GetAtt Service.Name, Description: of the service, Export: {Name: !Sub "${AWS::StackName}-name"}}
  Queue: {Value: !GetAtt Role.Arn}
`

// TestStackLife is a stack from its creation over an update, a bad one and a change set to its end.
func TestStackLife(t *testing.T) {
	withStacks(t, func(s stacks) {
		for _, tag := range []string{"v1", "v2", "v3"} {
			s.Push("shop/web:" + tag)
		}
		s.Push("shop/web:bad", "exit=1")
		image := func(tag string) string { return "Image=" + sandboxtest.Host + "/shop/web:" + tag }

		expect.OK(s, s.create("shop", shop, image("v1")))
		expect.Equal(s, types.StackStatusCreateInProgress, s.stack("shop").StackStatus)
		wiretest.WantFailure(s, s.create("shop", shop, image("v1")), "AlreadyExistsException: Stack [shop] already exists")
		wiretest.WantFailure(s, s.update("shop", "", image("v2")), "ValidationError: Stack:"+*s.stack("shop").StackId+" is in CREATE_IN_PROGRESS state and can not be updated.")
		s.ends("shop", types.StackStatusCreateComplete)
		expect.Equal(s, []string{
			"shop CREATE_IN_PROGRESS: User Initiated",
			"Logs CREATE_IN_PROGRESS", "Logs CREATE_IN_PROGRESS: Resource creation Initiated", "Logs CREATE_COMPLETE",
			"Definition CREATE_IN_PROGRESS", "Definition CREATE_IN_PROGRESS: Resource creation Initiated", "Definition CREATE_COMPLETE",
			"Role CREATE_IN_PROGRESS", "Role CREATE_IN_PROGRESS: Resource creation Initiated", "Role CREATE_COMPLETE: The sandbox keeps this resource as a stand-in",
			"Service CREATE_IN_PROGRESS", "Service CREATE_IN_PROGRESS: Resource creation Initiated", "Service CREATE_COMPLETE",
			"shop CREATE_COMPLETE",
		}, s.events("shop", 0))
		expect.Equal(s, "web:1 shop/web:v1", s.running("web"))
		st := s.stack("shop")
		expect.Equal(s, "web", *st.Outputs[0].OutputValue)
		expect.Equal(s, "shop-name", *st.Outputs[0].ExportName)
		expect.Equal(s, true, strings.HasPrefix(*st.Outputs[1].OutputValue, "arn:aws:sqs:us-east-1:123456789012:shop-Role-"))
		expect.Equal(s, []string{"Count=1", image("v1")}, shown(st.Parameters))

		wiretest.WantFailure(s, s.update("shop", "", "Image", "Count"), "ValidationError: No updates are to be performed.")

		seen := len(s.events("shop", 0))
		expect.OK(s, s.update("shop", "", image("v2"), "Count=2"))
		s.ends("shop", types.StackStatusUpdateComplete)
		expect.Equal(s, []string{
			"shop UPDATE_IN_PROGRESS: User Initiated",
			"Definition UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.",
			"Definition UPDATE_IN_PROGRESS: Resource creation Initiated", "Definition UPDATE_COMPLETE",
			"Service UPDATE_IN_PROGRESS", "Service UPDATE_COMPLETE",
			"shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
			"Definition DELETE_IN_PROGRESS", "Definition DELETE_COMPLETE",
			"shop UPDATE_COMPLETE",
		}, s.events("shop", seen))
		expect.Equal(s, "web:2 shop/web:v2", s.running("web"))
		expect.Equal(s, "INACTIVE", s.revision("web:1"))

		seen = len(s.events("shop", 0))
		expect.OK(s, s.update("shop", "", image("bad"), "Count"))
		s.ends("shop", types.StackStatusUpdateRollbackComplete)
		expect.Equal(s, []string{
			"shop UPDATE_IN_PROGRESS: User Initiated",
			"Definition UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.",
			"Definition UPDATE_IN_PROGRESS: Resource creation Initiated", "Definition UPDATE_COMPLETE",
			"Service UPDATE_IN_PROGRESS",
			`Service UPDATE_FAILED: Resource handler returned message: "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'." (RequestToken: ID, HandlerErrorCode: GeneralServiceException)`,
			"shop UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) failed to update: [Service].",
			"Definition UPDATE_IN_PROGRESS", "Definition UPDATE_COMPLETE", "Service UPDATE_IN_PROGRESS", "Service UPDATE_COMPLETE",
			"shop UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
			"Definition DELETE_IN_PROGRESS", "Definition DELETE_COMPLETE",
			"shop UPDATE_ROLLBACK_COMPLETE",
		}, s.events("shop", seen))
		expect.Equal(s, "web:2 shop/web:v2", s.running("web"))
		expect.Equal(s, []string{"ACTIVE", "INACTIVE"}, []string{s.revision("web:2"), s.revision("web:3")})
		expect.Equal(s, []string{"Count=2", image("v2")}, shown(s.stack("shop").Parameters))

		expect.OK(s, expect.Err(s.DeleteStack(s.Context(), &cfn.DeleteStackInput{StackName: aws.String("shop")})))
		id := *s.stack("shop").StackId
		s.ends(id, types.StackStatusDeleteComplete)
		wiretest.WantFailure(s, expect.Err(s.DescribeStacks(s.Context(), &cfn.DescribeStacksInput{StackName: aws.String("shop")})), "ValidationError: Stack with id shop does not exist")
		expect.Equal(s, []string{
			"Service DELETE_IN_PROGRESS", "Service DELETE_COMPLETE", "Role DELETE_SKIPPED",
			"Definition DELETE_IN_PROGRESS", "Definition DELETE_COMPLETE", "Logs DELETE_IN_PROGRESS", "Logs DELETE_COMPLETE", "shop DELETE_COMPLETE",
		}, s.events(id, len(s.events(id, 0))-8))
		expect.Equal(s, "INACTIVE", s.revision("web:2"))
	})
}

func shown(parameters []types.Parameter) []string {
	all := []string{}
	for _, p := range parameters {
		line := *p.ParameterKey + "=" + *p.ParameterValue
		if p.ResolvedValue != nil {
			line += " → " + *p.ResolvedValue
		}
		all = append(all, line)
	}
	return all
}

// TestFirstDeploymentFails holds that a stack whose creation was rolled back can only be deleted.
func TestFirstDeploymentFails(t *testing.T) {
	withStacks(t, func(s stacks) {
		s.Push("shop/web:bad", "exit=1")
		expect.OK(s, s.create("shop", shop, "Image="+sandboxtest.Host+"/shop/web:bad"))
		s.ends("shop", types.StackStatusRollbackComplete)
		events := s.events("shop", 0)
		expect.Equal(s, []string{
			`Service CREATE_FAILED: Resource handler returned message: "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'." (RequestToken: ID, HandlerErrorCode: GeneralServiceException)`,
			"shop ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [Service]. Rollback requested by user.",
			"Service DELETE_IN_PROGRESS", "Service DELETE_COMPLETE", "Role DELETE_SKIPPED", "Definition DELETE_IN_PROGRESS", "Definition DELETE_COMPLETE",
			"Logs DELETE_IN_PROGRESS", "Logs DELETE_COMPLETE", "shop ROLLBACK_COMPLETE",
		}, events[len(events)-10:])
		wiretest.WantFailure(s, s.update("shop", "", "Image=x"), "ValidationError: Stack:"+*s.stack("shop").StackId+" is in ROLLBACK_COMPLETE state and can not be updated.")
		expect.OK(s, expect.Err(s.DeleteStack(s.Context(), &cfn.DeleteStackInput{StackName: aws.String("shop")})))
		s.Later(time.Minute)
		wiretest.WantFailure(s, expect.Err(s.DescribeStacks(s.Context(), &cfn.DescribeStacksInput{StackName: aws.String("shop")})), "ValidationError: Stack with id shop does not exist")
	})
}

// TestChangeSet holds what a change set foresees, that it freezes values, and what its execution does.
func TestChangeSet(t *testing.T) {
	withStacks(t, func(s stacks) {
		s.Push("shop/web:v1")
		s.Push("shop/web:v2")
		change := func(name string, in cfn.CreateChangeSetInput) *cfn.DescribeChangeSetOutput {
			s.Helper()
			in.StackName, in.ChangeSetName = aws.String("shop"), &name
			made := expect.Value(s.CreateChangeSet(s.Context(), &in))(s)
			s.Later(5 * time.Second)
			return expect.Value(s.DescribeChangeSet(s.Context(), &cfn.DescribeChangeSetInput{ChangeSetName: made.Id}))(s)
		}
		execute := func(name string) error {
			return expect.Err(s.ExecuteChangeSet(s.Context(), &cfn.ExecuteChangeSetInput{StackName: aws.String("shop"), ChangeSetName: &name}))
		}
		template := aws.String(shop)
		first := change("first", cfn.CreateChangeSetInput{ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: template, Parameters: given("Image=" + sandboxtest.Host + "/shop/web:v1")})
		expect.Equal(s, []string{"Add Definition", "Add Logs", "Add Role", "Add Service"}, changes(first))
		expect.Equal(s, types.StackStatusReviewInProgress, s.stack("shop").StackStatus)
		expect.OK(s, execute("first"))
		s.ends("shop", types.StackStatusCreateComplete)

		second := change("second", cfn.CreateChangeSetInput{UsePreviousTemplate: aws.Bool(true), Parameters: given("Image="+sandboxtest.Host+"/shop/web:v2", "Count")})
		expect.Equal(s, []string{
			"Modify Definition True [Properties] ContainerDefinitions Static ParameterReference Image Always, ContainerDefinitions Dynamic DirectModification Always",
			"Modify Service False [Properties] TaskDefinition Dynamic ResourceReference Definition Never",
		}, changes(second))
		expect.Equal(s, types.ExecutionStatusAvailable, second.ExecutionStatus)
		change("third", cfn.CreateChangeSetInput{UsePreviousTemplate: aws.Bool(true), Parameters: given("Image", "Count=2")})
		none := change("none", cfn.CreateChangeSetInput{UsePreviousTemplate: aws.Bool(true), Parameters: given("Image", "Count")})
		expect.Equal(s, "FAILED UNAVAILABLE The submitted information didn't contain changes. Submit different information to create a change set.",
			fmt.Sprint(none.Status, " ", none.ExecutionStatus, " ", *none.StatusReason))
		wiretest.WantFailure(s, execute("none"), "InvalidChangeSetStatus: ChangeSet ["+*none.ChangeSetId+"] cannot be executed in its current status of [FAILED]")
		expect.OK(s, execute("second"))
		s.ends("shop", types.StackStatusUpdateComplete)
		expect.Equal(s, *second.ChangeSetId, *s.stack("shop").ChangeSetId)
		expect.Equal(s, "web:2 shop/web:v2", s.running("web"))
		wiretest.WantFailure(s, execute("third"), "ChangeSetNotFound: ChangeSet [third] does not exist")
		expect.Equal(s, 0, len(expect.Value(s.ListChangeSets(s.Context(), &cfn.ListChangeSetsInput{StackName: aws.String("shop")}))(s).Summaries))
	})
}

// changes returns the changes of a change set, one in a line.
func changes(out *cfn.DescribeChangeSetOutput) []string {
	var all []string
	for _, c := range out.Changes {
		r := c.ResourceChange
		line := string(r.Action) + " " + *r.LogicalResourceId
		if r.Action == types.ChangeActionModify {
			line += fmt.Sprint(" ", r.Replacement, " ", r.Scope, " ")
		}
		var details []string
		for _, d := range r.Details {
			details = append(details, strings.Join(strings.Fields(fmt.Sprint(aws.ToString(d.Target.Name), " ", d.Evaluation, " ", d.ChangeSource, " ", aws.ToString(d.CausingEntity), " ", d.Target.RequiresRecreation)), " "))
		}
		all = append(all, line+strings.Join(details, ", "))
	}
	return all
}

// TestParameterStore holds that a parameter of the type AWS::SSM::Parameter::Value is read anew at
// every update, and a dynamic reference without a version only where its resource's text changes.
func TestParameterStore(t *testing.T) {
	withStacks(t, func(s stacks) {
		put := func(name, value string) {
			s.AWS("ssm.PutParameter", map[string]any{"Name": name, "Value": value, "Type": "String", "Overwrite": true})
		}
		values := func() string {
			s.Helper()
			got := s.AWS("ssm.GetParameters", map[string]any{"Names": []string{"/typed", "/dynamic", "/versioned"}})["Parameters"].([]any)
			var all []string
			for _, p := range got {
				all = append(all, p.(map[string]any)["Value"].(string))
			}
			return strings.Join(all, " ")
		}
		const template = `
Parameters:
  Pin: {Type: "AWS::SSM::Parameter::Value<String>", Default: /pin}
  Other: {Type: String, Default: a}
Resources:
  Typed: {Type: AWS::SSM::Parameter, Properties: {Name: /typed, Type: String, Value: !Sub "${Pin} ${Other}"}}
  Dynamic: {Type: AWS::SSM::Parameter, Properties: {Name: /dynamic, Type: String, Value: "{{resolve:ssm:/pin}}"}}
  Versioned: {Type: AWS::SSM::Parameter, Properties: {Name: /versioned, Type: String, Value: "{{resolve:ssm:/pin:1}}"}}
`
		wiretest.WantFailure(s, s.create("pins", template), "ValidationError: Unable to fetch parameters [/pin] from parameter store for this account.")
		put("/pin", "one")
		expect.OK(s, s.create("pins", template))
		s.ends("pins", types.StackStatusCreateComplete)
		expect.Equal(s, "one a one one", values())
		expect.Equal(s, []string{"Other=a", "Pin=/pin → one"}, shown(s.stack("pins").Parameters))
		wiretest.WantFailure(s, s.update("pins", "", "Pin", "Other"), "ValidationError: No updates are to be performed.")

		put("/pin", "two")
		set := expect.Value(s.CreateChangeSet(s.Context(), &cfn.CreateChangeSetInput{StackName: aws.String("pins"), ChangeSetName: aws.String("frozen"), UsePreviousTemplate: aws.Bool(true), Parameters: given("Pin", "Other")}))(s)
		s.Later(5 * time.Second)
		put("/pin", "three")
		expect.OK(s, expect.Err(s.ExecuteChangeSet(s.Context(), &cfn.ExecuteChangeSetInput{ChangeSetName: set.Id})))
		s.ends("pins", types.StackStatusUpdateComplete)
		expect.Equal(s, "two a one one", values())

		expect.OK(s, s.update("pins", "", "Pin", "Other=b")) // an unrelated change picks the newest
		s.ends("pins", types.StackStatusUpdateComplete)
		expect.Equal(s, "three b one one", values())
		expect.Equal(s, []string{"Other=b", "Pin=/pin → three"}, shown(s.stack("pins").Parameters))

		expect.OK(s, s.update("pins", strings.Replace(template, "Name: /dynamic,", "Name: /dynamic, Description: x,", 1), "Other=b"))
		s.ends("pins", types.StackStatusUpdateComplete)
		expect.Equal(s, "three b three one", values())
	})
}

// custom is a stack with a custom resource.
const custom = `
Parameters: {Serial: {Type: String, Default: 1}}
Resources:
  Pins:
    Type: Custom::Pins
    Properties: {ServiceToken: "arn:aws:lambda:us-east-1:123456789012:function:pins", ServiceTimeout: 60, Serial: !Ref Serial}
  Image: {Type: AWS::SSM::Parameter, Properties: {Name: /image, Type: String, Value: !GetAtt Pins.image}}
`

// TestCustomResource holds the requests of custom resources and what becomes of their answers.
func TestCustomResource(t *testing.T) {
	withStacks(t, func(s stacks) {
		request := func() map[string]any {
			s.Helper()
			var listed struct{ Requests []sandboxRequest }
			expect.OK(s, json.Unmarshal(s.Control(http.MethodGet, "functions", "").Body.Bytes(), &listed))
			if len(listed.Requests) != 1 {
				s.Fatalf("%d requests wait", len(listed.Requests))
			}
			return listed.Requests[0].Event
		}
		answer := func(event map[string]any, members map[string]any) int {
			for _, key := range []string{"StackId", "RequestId", "LogicalResourceId"} {
				members[key] = event[key]
			}
			body := expect.Value(json.Marshal(members))(s)
			out := httptest.NewRecorder()
			s.Server.ServeHTTP(out, httptest.NewRequestWithContext(s.Context(), http.MethodPut, event["ResponseURL"].(string), strings.NewReader(string(body))))
			return out.Code
		}
		value := func() string {
			return s.AWS("ssm.GetParameter", map[string]any{"Name": "/image"})["Parameter"].(map[string]any)["Value"].(string)
		}

		expect.OK(s, s.create("pins", custom))
		s.Later(10 * time.Second)
		event := request()
		expect.Equal(s, map[string]any{
			"RequestType": "Create", "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:pins", "ResponseURL": event["ResponseURL"],
			"StackId": *s.stack("pins").StackId, "RequestId": event["RequestId"], "LogicalResourceId": "Pins", "ResourceType": "Custom::Pins",
			"ResourceProperties": map[string]any{"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:pins", "ServiceTimeout": "60", "Serial": "1"},
		}, event)
		expect.Equal(s, http.StatusOK, answer(event, map[string]any{"Status": "SUCCESS", "PhysicalResourceId": "pins", "Data": map[string]any{"image": "v1"}}))
		expect.Equal(s, http.StatusForbidden, answer(event, map[string]any{"Status": "SUCCESS"})) // once
		s.ends("pins", types.StackStatusCreateComplete)
		expect.Equal(s, "v1", value())

		expect.OK(s, s.update("pins", "", "Serial=2"))
		s.Later(10 * time.Second)
		event = request()
		expect.Equal(s, "Update pins 1", fmt.Sprint(event["RequestType"], " ", event["PhysicalResourceId"], " ", event["OldResourceProperties"].(map[string]any)["Serial"]))
		expect.Equal(s, http.StatusOK, answer(event, map[string]any{"Status": "FAILED", "Reason": "no pins", "PhysicalResourceId": "pins"}))
		s.Control(http.MethodPost, "functions", `{"function": "*:pins", "stage": "Custom::*", "status": "SUCCEEDED", "data": {"image": "v2"}}`)
		s.ends("pins", types.StackStatusUpdateRollbackComplete)
		events := s.events("pins", 0)
		expect.Equal(s, true, slices.Contains(events, "Pins UPDATE_FAILED: Received response status [FAILED] from custom resource. Message returned: no pins (RequestId: ID)"))

		expect.OK(s, s.update("pins", "", "Serial=3"))
		s.ends("pins", types.StackStatusUpdateComplete)
		expect.Equal(s, "v2", value())
		s.Control(http.MethodDelete, "functions", "")
		expect.OK(s, s.update("pins", "", "Serial=4"))
		s.Later(80 * time.Second)
		events = s.events("pins", 0)
		expect.Equal(s, true, slices.ContainsFunc(events, func(e string) bool {
			return strings.HasPrefix(e, "Pins UPDATE_FAILED: CloudFormation did not receive a response from your Custom Resource.")
		}))
	})
}

type sandboxRequest struct {
	Function string
	Event    map[string]any
}

// balanced is a service behind a load balancer, with a cluster and a role of its own.
const balanced = `
Parameters: {Path: {Type: String, Default: /}, Grace: {Type: Number, Default: 30}}
Resources:
  Vpc: {Type: AWS::EC2::VPC}
  One: {Type: AWS::EC2::Subnet}
  Two: {Type: AWS::EC2::Subnet}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Cluster: {Type: AWS::ECS::Cluster, Properties: {CapacityProviders: [FARGATE], ClusterSettings: [{Name: containerInsights, Value: enabled}], Tags: [{Key: a, Value: b}]}}
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref One, !Ref Two]}}
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Port: 80
      Protocol: HTTP
      TargetType: ip
      VpcId: !Ref Vpc
      HealthCheckPath: !Ref Path
      TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: 5}]
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {LoadBalancerArn: !Ref Balancer, Port: 80, Protocol: HTTP, DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]}
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties: {ListenerArn: !Ref Listener, Priority: 1, Conditions: [{Field: path-pattern, Values: ["*"]}], Actions: [{Type: forward, TargetGroupArn: !Ref Group}]}
  Definition:
    Type: AWS::ECS::TaskDefinition
    UpdateReplacePolicy: Retain
    Properties:
      Cpu: 256
      Memory: 512
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      TaskRoleArn: !GetAtt Role.Arn
      ContainerDefinitions: [{Name: app, Image: "127.0.0.1:4510/shop/web:v1", PortMappings: [{ContainerPort: 80}], StopTimeout: !Ref Grace}]
  Service:
    Type: AWS::ECS::Service
    DependsOn: Rule
    Properties:
      Cluster: !Ref Cluster
      LaunchType: FARGATE
      TaskDefinition: !Ref Definition
      HealthCheckGracePeriodSeconds: !Ref Grace
      LoadBalancers: [{TargetGroupArn: !Ref Group, ContainerName: app, ContainerPort: 80}]
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref One]}}
Outputs: {Address: {Value: !Sub "http://${Balancer.DNSName}"}, Group: {Value: !GetAtt Group.TargetGroupFullName}}
`

// TestBalancedService holds that a whole stack behind a load balancer comes, changes and goes.
func TestBalancedService(t *testing.T) {
	withStacks(t, func(s stacks) {
		s.Push("shop/web:v1")
		expect.OK(s, expect.Err(s.CreateStack(s.Context(), &cfn.CreateStackInput{StackName: aws.String("whole"), TemplateBody: aws.String(balanced), Capabilities: []types.Capability{types.CapabilityCapabilityIam}})))
		s.ends("whole", types.StackStatusCreateComplete)
		before := s.resources("whole")
		revision := func(arn string) string { return s.revision(arn[strings.LastIndex(arn, "/")+1:]) }

		// What was deployed past the template stays where the template's revision does not change.
		definition := s.AWS("ecs.DescribeTaskDefinition", map[string]any{"taskDefinition": before["Definition"]})["taskDefinition"].(map[string]any)
		expect.Equal(s, "arn:aws:iam::123456789012:role/"+before["Role"], definition["taskRoleArn"].(string))
		past := map[string]any{}
		for _, key := range []string{"family", "cpu", "memory", "networkMode", "requiresCompatibilities", "containerDefinitions"} {
			past[key] = definition[key]
		}
		arn := s.AWS("ecs.RegisterTaskDefinition", past)["taskDefinition"].(map[string]any)["taskDefinitionArn"].(string)
		s.AWS("ecs.UpdateService", map[string]any{"cluster": before["Cluster"], "service": before["Service"], "taskDefinition": arn})
		s.Later(10 * time.Minute)
		iam := func(parameters ...string) {
			s.Helper()
			expect.OK(s, expect.Err(s.UpdateStack(s.Context(), &cfn.UpdateStackInput{StackName: aws.String("whole"), UsePreviousTemplate: aws.Bool(true), Parameters: given(parameters...), Capabilities: []types.Capability{types.CapabilityCapabilityIam}})))
			s.ends("whole", types.StackStatusUpdateComplete)
		}
		runs := func() string {
			return s.AWS("ecs.DescribeServices", map[string]any{"cluster": before["Cluster"], "services": []string{before["Service"]}})["services"].([]any)[0].(map[string]any)["taskDefinition"].(string)
		}
		iam("Path=/health", "Grace")
		expect.Equal(s, before, s.resources("whole"))
		expect.Equal(s, arn, runs())

		iam("Path", "Grace=40") // changes the revision, too
		after := s.resources("whole")
		expect.Equal(s, after["Definition"], runs())
		expect.Equal(s, "ACTIVE", revision(before["Definition"])) // as its UpdateReplacePolicy says

		expect.OK(s, expect.Err(s.DeleteStack(s.Context(), &cfn.DeleteStackInput{StackName: aws.String("whole")})))
		id := *s.stack("whole").StackId
		s.ends(id, types.StackStatusDeleteComplete)
		expect.Equal(s, 0, len(s.AWS("ecs.ListServices", map[string]any{})["serviceArns"].([]any)))
	})
}

// TestWholeAnswers holds whole answers, but for random ids, to a file.
func TestWholeAnswers(t *testing.T) {
	withStacks(t, func(s stacks) {
		ctx, name := s.Context(), aws.String("pins")
		const template = `
AWSTemplateFormatVersion: "2010-09-09"
Description: two parameters
Metadata: {Manifest: "name: pins"}
Parameters:
  Pin: {Type: "AWS::SSM::Parameter::Value<String>", Default: /pin, Description: what is pinned}
  Secret: {Type: String, NoEcho: true, AllowedValues: [hush, b]}
Resources:
  Copy: {Type: AWS::SSM::Parameter, Metadata: {Owner: shop}, Properties: {Name: /copy, Type: String, Value: !Ref Pin}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}, Description: !Sub "is ${Secret}"}}
Outputs: {Role: {Value: !GetAtt Role.Arn, Export: {Name: role}}}
`
		s.AWS("ssm.PutParameter", map[string]any{"Name": "/pin", "Value": "v1", "Type": "String"})
		iam := []types.Capability{types.CapabilityCapabilityIam}
		all := map[string]any{}
		all["ValidateTemplate"] = expect.Value(s.ValidateTemplate(ctx, &cfn.ValidateTemplateInput{TemplateBody: aws.String(template)}))(s)
		all["GetTemplateSummary"] = expect.Value(s.GetTemplateSummary(ctx, &cfn.GetTemplateSummaryInput{TemplateBody: aws.String(template)}))(s)
		all["CreateStack"] = expect.Value(s.CreateStack(ctx, &cfn.CreateStackInput{
			StackName: name, TemplateBody: aws.String(template), Parameters: given("Secret=hush"), Capabilities: iam, ClientRequestToken: aws.String("token"),
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
		}))(s)
		s.ends("pins", types.StackStatusCreateComplete)
		s.AWS("ssm.PutParameter", map[string]any{"Name": "/pin", "Value": "v2", "Type": "String", "Overwrite": true})
		all["CreateChangeSet"] = expect.Value(s.CreateChangeSet(ctx, &cfn.CreateChangeSetInput{
			StackName: name, ChangeSetName: aws.String("next"), UsePreviousTemplate: aws.Bool(true), Parameters: given("Pin", "Secret"), Capabilities: iam, Description: aws.String("x"),
		}))(s)
		s.Later(5 * time.Second)
		all["DescribeChangeSet"] = expect.Value(s.DescribeChangeSet(ctx, &cfn.DescribeChangeSetInput{StackName: name, ChangeSetName: aws.String("next")}))(s)
		all["ListChangeSets"] = expect.Value(s.ListChangeSets(ctx, &cfn.ListChangeSetsInput{StackName: name}))(s)
		all["DeleteChangeSet"] = expect.Value(s.DeleteChangeSet(ctx, &cfn.DeleteChangeSetInput{StackName: name, ChangeSetName: aws.String("next")}))(s)
		all["DescribeStacks"] = expect.Value(s.DescribeStacks(ctx, &cfn.DescribeStacksInput{}))(s)
		all["ListStacks"] = expect.Value(s.ListStacks(ctx, &cfn.ListStacksInput{StackStatusFilter: []types.StackStatus{types.StackStatusCreateComplete}}))(s)
		all["DescribeStackEvents"] = expect.Value(s.DescribeStackEvents(ctx, &cfn.DescribeStackEventsInput{StackName: name}))(s)
		all["DescribeStackResource"] = expect.Value(s.DescribeStackResource(ctx, &cfn.DescribeStackResourceInput{StackName: name, LogicalResourceId: aws.String("Copy")}))(s)
		all["DescribeStackResources"] = expect.Value(s.DescribeStackResources(ctx, &cfn.DescribeStackResourcesInput{PhysicalResourceId: aws.String("/copy")}))(s)
		all["ListStackResources"] = expect.Value(s.ListStackResources(ctx, &cfn.ListStackResourcesInput{StackName: name}))(s)
		all["GetTemplate"] = expect.Value(s.GetTemplate(ctx, &cfn.GetTemplateInput{StackName: name}))(s)
		all["ListExports"] = expect.Value(s.ListExports(ctx, &cfn.ListExportsInput{}))(s)
		text := string(expect.Value(json.MarshalIndent(all, "", " "))(s))
		text = regexp.MustCompile(`(?m)^.*(null|"ResultMetadata": \{\}),?\n`).ReplaceAllString(anyID.ReplaceAllString(text, "ID"), "")
		casetest.Golden(s, "testdata/stacks.golden", []byte(regexp.MustCompile(`-[0-9A-F]{12}\b`).ReplaceAllString(text, "-RANDOM")))
	})
}

// TestTaskDefinitionAsByHand holds that a template's properties reach ECS as the same ones do that
// somebody registers by hand, numbers and booleans too where the template has texts.
func TestTaskDefinitionAsByHand(t *testing.T) {
	withStacks(t, func(s stacks) {
		const properties = `{
			"Family": "rich", "Cpu": 1024, "Memory": "2048", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
			"ExecutionRoleArn": "arn:aws:iam::123456789012:role/e", "TaskRoleArn": "arn:aws:iam::123456789012:role/t", "PidMode": "task",
			"RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}, "EphemeralStorage": {"SizeInGiB": "30"},
			"Volumes": [{"Name": "data", "EFSVolumeConfiguration": {"FilesystemId": "fs-12345678", "RootDirectory": "/", "TransitEncryption": "ENABLED",
				"TransitEncryptionPort": "2999", "AuthorizationConfig": {"AccessPointId": "fsap-1", "IAM": "ENABLED"}}}, {"Name": "scratch"}],
			"ContainerDefinitions": [
				{"Name": "app", "Image": "app:1", "Cpu": "256", "MemoryReservation": 128, "Essential": "true", "ReadonlyRootFilesystem": true, "StopTimeout": "60",
				 "PortMappings": [{"ContainerPort": 80, "Name": "web", "AppProtocol": "http", "Protocol": "tcp"}],
				 "Environment": [{"Name": "A", "Value": 1}], "EnvironmentFiles": [{"Type": "s3", "Value": "arn:aws:s3:::b/x.env"}],
				 "Secrets": [{"Name": "S", "ValueFrom": "/secret"}], "MountPoints": [{"SourceVolume": "data", "ContainerPath": "/data", "ReadOnly": "false"}],
				 "Ulimits": [{"Name": "nofile", "SoftLimit": 1024, "HardLimit": "4096"}], "DockerLabels": {"Com.Example": "x"},
				 "LinuxParameters": {"InitProcessEnabled": true, "Capabilities": {"Drop": ["ALL"]}}, "Command": ["a", "b"], "SystemControls": [{"Namespace": "net.core.somaxconn", "Value": "1024"}],
				 "DependsOn": [{"ContainerName": "log", "Condition": "START"}], "HealthCheck": {"Command": ["CMD", "x"], "Interval": "10", "Retries": 2},
				 "RestartPolicy": {"Enabled": "true", "IgnoredExitCodes": ["0"], "RestartAttemptPeriod": "60"},
				 "LogConfiguration": {"LogDriver": "awsfirelens", "Options": {"Name": "cloudwatch", "Log_Group": "x"}}},
				{"Name": "log", "Image": "fluent-bit:1", "Essential": false, "FirelensConfiguration": {"Type": "fluentbit", "Options": {"Enable-ecs-log-metadata": "true"}}}]}`
		byHand := `{
			"family": "rich", "cpu": "1024", "memory": "2048", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
			"executionRoleArn": "arn:aws:iam::123456789012:role/e", "taskRoleArn": "arn:aws:iam::123456789012:role/t", "pidMode": "task",
			"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, "ephemeralStorage": {"sizeInGiB": 30},
			"volumes": [{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-12345678", "rootDirectory": "/", "transitEncryption": "ENABLED",
				"transitEncryptionPort": 2999, "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"}}}, {"name": "scratch"}],
			"containerDefinitions": [
				{"name": "app", "image": "app:1", "cpu": 256, "memoryReservation": 128, "essential": true, "readonlyRootFilesystem": true, "stopTimeout": 60,
				 "portMappings": [{"containerPort": 80, "name": "web", "appProtocol": "http", "protocol": "tcp"}],
				 "environment": [{"name": "A", "value": "1"}], "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::b/x.env"}],
				 "secrets": [{"name": "S", "valueFrom": "/secret"}], "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": false}],
				 "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}], "dockerLabels": {"Com.Example": "x"},
				 "linuxParameters": {"initProcessEnabled": true, "capabilities": {"drop": ["ALL"]}}, "command": ["a", "b"], "systemControls": [{"namespace": "net.core.somaxconn", "value": "1024"}],
				 "dependsOn": [{"containerName": "log", "condition": "START"}], "healthCheck": {"command": ["CMD", "x"], "interval": 10, "retries": 2},
				 "restartPolicy": {"enabled": true, "ignoredExitCodes": [0], "restartAttemptPeriod": 60},
				 "logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "cloudwatch", "Log_Group": "x"}}},
				{"name": "log", "image": "fluent-bit:1", "essential": false, "firelensConfiguration": {"type": "fluentbit", "options": {"Enable-ecs-log-metadata": "true"}}}]}`
		expect.OK(s, s.create("rich", `{"Resources": {"D": {"Type": "AWS::ECS::TaskDefinition", "Properties": `+properties+`}}}`))
		s.ends("rich", types.StackStatusCreateComplete)
		s.AWS("ecs.RegisterTaskDefinition", json.RawMessage(byHand))
		described := func(name string) map[string]any {
			definition := s.AWS("ecs.DescribeTaskDefinition", map[string]any{"taskDefinition": name})["taskDefinition"].(map[string]any)
			for _, key := range []string{"taskDefinitionArn", "revision", "registeredAt"} {
				delete(definition, key)
			}
			return definition
		}
		expect.Equal(s, described("rich:2"), described("rich:1"))
	})
}

// TestDeletedWhileCreated holds that a stack can be deleted before it is complete.
func TestDeletedWhileCreated(t *testing.T) {
	withStacks(t, func(s stacks) {
		s.Push("shop/web:v1")
		expect.OK(s, s.create("shop", shop, "Image="+sandboxtest.Host+"/shop/web:v1"))
		s.Later(15 * time.Second)
		id := *s.stack("shop").StackId
		expect.OK(s, expect.Err(s.DeleteStack(s.Context(), &cfn.DeleteStackInput{StackName: &id})))
		s.ends(id, types.StackStatusDeleteComplete)
		expect.Equal(s, 0, len(s.AWS("ecs.ListServices", map[string]any{"cluster": "dev"})["serviceArns"].([]any)))
	})
}
