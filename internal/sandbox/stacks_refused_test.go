package sandbox_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

const queue = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 1}}}"

// TestStacksRefused holds errors to AWS's names and words, and that what is not built is refused by
// its name.
func TestStacksRefused(t *testing.T) {
	withStacks(t, func(s stacks) {
		ctx := s.Context()
		expect.OK(s, s.create("there", queue))
		s.ends("there", types.StackStatusCreateComplete)
		id := *s.stack("there").StackId
		made := func(in cfn.CreateStackInput) error {
			if in.StackName == nil {
				in.StackName = aws.String("new")
			}
			if in.TemplateBody == nil && in.TemplateURL == nil {
				in.TemplateBody = aws.String(queue)
			}
			return expect.Err(s.CreateStack(ctx, &in))
		}
		body := func(template string) error { return s.create("new", template) }
		set := func(in cfn.CreateChangeSetInput) error {
			if in.ChangeSetName == nil {
				in.ChangeSetName = aws.String("set")
			}
			if in.StackName == nil {
				in.StackName = aws.String("there")
			}
			in.TemplateBody = aws.String(queue)
			return expect.Err(s.CreateChangeSet(ctx, &in))
		}
		none := aws.String("none")
		for name, tt := range map[string]struct {
			err  error
			want string
		}{
			"a stack that is there":         {s.create("there", queue), "AlreadyExistsException: Stack [there] already exists"},
			"a name":                        {s.create("a_b", queue), "ValidationError: 1 validation error detected: Value 'a_b' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"},
			"no template":                   {expect.Err(s.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("new")})), "ValidationError: Either Template URL or Template Body must be specified."},
			"a template in S3":              {made(cfn.CreateStackInput{TemplateURL: aws.String("https://b.s3.amazonaws.com/t")}), "ValidationError: The sandbox does not have the parameter TemplateURL of CreateStack"},
			"a role":                        {made(cfn.CreateStackInput{RoleARN: aws.String("arn:aws:iam::123456789012:role/r")}), "ValidationError: The sandbox does not have the parameter RoleARN of CreateStack"},
			"a stack policy":                {made(cfn.CreateStackInput{StackPolicyBody: aws.String("{}")}), "ValidationError: The sandbox does not have the parameter StackPolicyBody of CreateStack"},
			"notifications":                 {made(cfn.CreateStackInput{NotificationARNs: []string{"arn:aws:sns:us-east-1:123456789012:t"}}), "ValidationError: The sandbox does not have the parameter NotificationARNs of CreateStack"},
			"a timeout":                     {made(cfn.CreateStackInput{TimeoutInMinutes: aws.Int32(5)}), "ValidationError: The sandbox does not have the parameter TimeoutInMinutes of CreateStack"},
			"protection":                    {made(cfn.CreateStackInput{EnableTerminationProtection: aws.Bool(true)}), "ValidationError: The sandbox does not have the parameter EnableTerminationProtection of CreateStack"},
			"rollback triggers":             {made(cfn.CreateStackInput{RollbackConfiguration: &types.RollbackConfiguration{MonitoringTimeInMinutes: aws.Int32(5)}}), "ValidationError: The sandbox does not have the parameter RollbackConfiguration of CreateStack"},
			"deletion on failure":           {made(cfn.CreateStackInput{OnFailure: types.OnFailureDelete}), "ValidationError: The sandbox does not have OnFailure DELETE"},
			"no capability":                 {body("Resources: {R: {Type: AWS::IAM::Role, Properties: {}}}"), "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"},
			"a named role":                  {made(cfn.CreateStackInput{TemplateBody: aws.String("Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}"), Capabilities: []types.Capability{types.CapabilityCapabilityIam}}), "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]"},
			"a nested stack":                {body("Resources: {S: {Type: AWS::CloudFormation::Stack}}"), "ValidationError: Template format error: the sandbox does not have resources of type AWS::CloudFormation::Stack"},
			"a type that is none":           {body("Resources: {S: {Type: AWS::Queue}}"), "ValidationError: Template format error: Unrecognized resource types: [AWS::Queue]"},
			"no stack to update":            {s.update("none", queue), "ValidationError: Stack [none] does not exist"},
			"nothing to update":             {s.update("there", queue), "ValidationError: No updates are to be performed."},
			"another type":                  {s.update("there", "Resources: {Queue: {Type: AWS::SNS::Topic}}"), "ValidationError: Update of resource type is not permitted. The new template modifies resource type of the following resources: [Queue]"},
			"a body and the previous one":   {expect.Err(s.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("there"), TemplateBody: aws.String(queue), UsePreviousTemplate: aws.Bool(true)})), "ValidationError: You can't specify both UsePreviousTemplate and a template body"},
			"no stack to describe":          {expect.Err(s.DescribeStacks(ctx, &cfn.DescribeStacksInput{StackName: none})), "ValidationError: Stack with id none does not exist"},
			"no stack with events":          {expect.Err(s.DescribeStackEvents(ctx, &cfn.DescribeStackEventsInput{StackName: none})), "ValidationError: Stack [none] does not exist"},
			"no stack with resources":       {expect.Err(s.DescribeStackResources(ctx, &cfn.DescribeStackResourcesInput{StackName: none})), "ValidationError: Stack with id none does not exist"},
			"no resource":                   {expect.Err(s.DescribeStackResource(ctx, &cfn.DescribeStackResourceInput{StackName: aws.String("there"), LogicalResourceId: none})), "ValidationError: Resource none does not exist for stack there"},
			"no stack with a template":      {expect.Err(s.GetTemplate(ctx, &cfn.GetTemplateInput{StackName: none})), "ValidationError: Stack with id none does not exist"},
			"a summary of a stack set":      {expect.Err(s.GetTemplateSummary(ctx, &cfn.GetTemplateSummaryInput{StackSetName: none})), "ValidationError: The sandbox does not have the parameter StackSetName of GetTemplateSummary"},
			"a template that is none":       {expect.Err(s.ValidateTemplate(ctx, &cfn.ValidateTemplateInput{TemplateBody: aws.String("Resources: {}")})), "ValidationError: Template format error: At least one Resources member must be defined."},
			"nothing to cancel":             {expect.Err(s.CancelUpdateStack(ctx, &cfn.CancelUpdateStackInput{StackName: aws.String("there")})), "ValidationError: CancelUpdateStack cannot be called from current stack status"},
			"nothing to continue":           {expect.Err(s.ContinueUpdateRollback(ctx, &cfn.ContinueUpdateRollbackInput{StackName: aws.String("there")})), "ValidationError: Stack:" + id + " is in CREATE_COMPLETE state and can not be rolled back."},
			"resources kept too soon":       {expect.Err(s.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: aws.String("there"), RetainResources: []string{"Queue"}})), "ValidationError: Invalid operation on stack [" + id + "]."},
			"no stack to delete":            {expect.Err(s.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: none})), ""},
			"a change set of no stack":      {set(cfn.CreateChangeSetInput{StackName: none}), "ValidationError: Stack [none] does not exist"},
			"a change set of a new stack":   {set(cfn.CreateChangeSetInput{ChangeSetType: types.ChangeSetTypeCreate}), "ValidationError: Stack [there] already exists and cannot be created again with the changeSet [set]."},
			"a change set that imports":     {set(cfn.CreateChangeSetInput{ChangeSetType: types.ChangeSetTypeImport}), "ValidationError: The sandbox does not have ChangeSetType IMPORT"},
			"a change set of nested stacks": {set(cfn.CreateChangeSetInput{IncludeNestedStacks: aws.Bool(true)}), "ValidationError: The sandbox does not have the parameter IncludeNestedStacks of CreateChangeSet"},
			"a change set's name":           {set(cfn.CreateChangeSetInput{ChangeSetName: aws.String("1")}), "ValidationError: 1 validation error detected: Value '1' at 'changeSetName' failed"},
			"no change set":                 {expect.Err(s.DescribeChangeSet(ctx, &cfn.DescribeChangeSetInput{StackName: aws.String("there"), ChangeSetName: none})), "ChangeSetNotFound: ChangeSet [none] does not exist"},
			"no change set to execute":      {expect.Err(s.ExecuteChangeSet(ctx, &cfn.ExecuteChangeSetInput{StackName: aws.String("there"), ChangeSetName: none})), "ChangeSetNotFound: ChangeSet [none] does not exist"},
			"no change set to delete":       {expect.Err(s.DeleteChangeSet(ctx, &cfn.DeleteChangeSetInput{StackName: aws.String("there"), ChangeSetName: none})), ""},
			"drift":                         {expect.Err(s.DetectStackDrift(ctx, &cfn.DetectStackDriftInput{StackName: aws.String("there")})), "InvalidAction: Could not find operation DetectStackDrift"},
			"a page that is none":           {expect.Err(s.ListStacks(ctx, &cfn.ListStacksInput{NextToken: none})), "ValidationError: Invalid token none"},
		} {
			if got := wiretest.Failure(tt.err); tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
				s.Errorf("%s: got %q, want %q", name, got, tt.want)
			}
		}
		expect.Equal(s, 1, len(expect.Value(s.ListStacks(ctx, &cfn.ListStacksInput{}))(s).StackSummaries))
	})
}

// fails creates or updates a stack whose last resource fails, and returns why.
func (s stacks) why(name, resource string) string {
	s.Helper()
	for _, e := range s.events(name, 0) {
		if rest, ok := strings.CutPrefix(e, resource+" "); ok && strings.Contains(rest, "_FAILED: ") {
			return rest
		}
	}
	return ""
}

// TestResourcesFail holds what events say of resources that fail.
func TestResourcesFail(t *testing.T) {
	withStacks(t, func(s stacks) {
		s.AWS("ssm.PutParameter", map[string]any{"Name": "/there", "Value": "x", "Type": "String"})
		s.AWS("ssm.PutParameter", map[string]any{"Name": "/secret", "Value": "x", "Type": "SecureString"})
		n := 0
		for resource, want := range map[string]string{
			"{Type: AWS::SSM::Parameter, Properties: {Name: /there, Type: String, Value: x}}":                                             `CREATE_FAILED: Resource handler returned message: "The parameter already exists. To overwrite this value, set the overwrite option in the request to true." (RequestToken: ID, HandlerErrorCode: AlreadyExists)`,
			"{Type: AWS::SSM::Parameter, Properties: {Name: /x, Type: String, Value: x, Extra: 1}}":                                       "CREATE_FAILED: Properties validation failed for resource R with message:\n#: extraneous key [Extra] is not permitted",
			"{Type: AWS::SSM::Parameter, Properties: {Name: /x, Type: SecureString, Value: x}}":                                           "CREATE_FAILED: Properties validation failed for resource R with message:\n#/Type: ",
			"{Type: AWS::SSM::Parameter, Properties: {Name: /x, Type: String, Value: '{{resolve:ssm:/none}}'}}":                           "CREATE_FAILED: Parameters: [ssm:/none] cannot be found.",
			"{Type: AWS::SSM::Parameter, Properties: {Name: /x, Type: String, Value: '{{resolve:ssm:/there:x}}'}}":                        "CREATE_FAILED: Incorrect format is used in the following SSM reference: [{{resolve:ssm:/there:x}}]",
			"{Type: AWS::SSM::Parameter, Properties: {Name: /x, Type: String, Value: '{{resolve:ssm:/secret}}'}}":                         "CREATE_FAILED: Parameters [/secret] referenced by template have types not supported by CloudFormation.",
			"{Type: AWS::SSM::Parameter, Properties: {Name: /x, Type: String, Value: '{{resolve:secretsmanager:x}}'}}":                    "CREATE_FAILED: the sandbox does not have dynamic references to secretsmanager",
			"{Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 2}}":                                                               `CREATE_FAILED: Resource handler returned message: "1 validation error detected: Value '2' at 'retentionInDays' failed`,
			"{Type: AWS::ECS::TaskDefinition, Properties: {Family: x, ContainerDefinitions: [{Name: a, Image: b}]}}":                      `CREATE_FAILED: Resource handler returned message: `,
			"{Type: AWS::ECS::Service, Properties: {Cluster: none, TaskDefinition: x}}":                                                   `CREATE_FAILED: Resource handler returned message: `,
			"{Type: AWS::ECS::Service, Properties: {TaskDefinition: x, ForceNewDeployment: {}}}":                                          "CREATE_FAILED: Properties validation failed for resource R with message:\n#: extraneous key [ForceNewDeployment] is not permitted",
			"{Type: Custom::X, Properties: {ServiceToken: x}}":                                                                            "CREATE_FAILED: Invalid service token",
			"{Type: Custom::X, Properties: {ServiceToken: 'arn:aws:sns:us-east-1:123456789012:t'}}":                                       "CREATE_FAILED: the sandbox has no SNS: the ServiceToken of R must be a function",
			"{Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue none}}":                                                         "",
			"{Type: AWS::CloudFormation::CustomResource, Properties: {ServiceToken: 'arn:aws:lambda:a:1:function:f', ServiceTimeout: 0}}": "CREATE_FAILED: Properties validation failed for resource R with message:\n#/ServiceTimeout: ",
		} {
			n++
			name := fmt.Sprint("s", n)
			err := s.create(name, "Resources: {R: "+resource+"}")
			if want == "" {
				wiretest.WantFailure(s, err, "ValidationError: No export named none found.")
				continue
			}
			expect.OK(s, err)
			s.ends(name, types.StackStatusRollbackComplete)
			if got := s.why(name, "R"); !strings.HasPrefix(got, want) {
				s.Errorf("%s:\n got %q\nwant %q", resource, got, want)
			}
		}
	})
}

// pair is two parameters of which the second one fails where Second is empty.
const pair = `
Parameters: {First: {Type: String}, Second: {Type: String, Default: ""}}
Resources:
  A: {Type: AWS::SSM::Parameter, Properties: {Name: /a, Type: String, Value: !Ref First}}
  B: {Type: AWS::SSM::Parameter, DependsOn: A, Properties: {Name: /b, Type: String, Value: !Ref Second, AllowedPattern: "[a-z]*"}}
`

// TestRollbackFails holds the way out of UPDATE_ROLLBACK_FAILED.
func TestRollbackFails(t *testing.T) {
	withStacks(t, func(s stacks) {
		expect.OK(s, s.create("pair", pair, "First=a", "Second=b"))
		s.ends("pair", types.StackStatusCreateComplete)
		expect.OK(s, s.update("pair", "", "First=c", "Second=NO"))
		s.Later(1500 * time.Millisecond)
		for s.why("pair", "B") == "" {
			s.Later(500 * time.Millisecond)
		}
		s.AWS("ssm.DeleteParameter", map[string]any{"Name": "/a"})
		s.AWS("ssm.PutParameter", map[string]any{"Name": "/a", "Value": "x", "Type": "StringList"})
		s.ends("pair", types.StackStatusUpdateRollbackFailed)
		again := func(skip ...string) error {
			return expect.Err(s.ContinueUpdateRollback(s.Context(), &cfn.ContinueUpdateRollbackInput{StackName: aws.String("pair"), ResourcesToSkip: skip}))
		}
		wiretest.WantFailure(s, s.update("pair", "", "First=d", "Second=e"), "ValidationError: Stack:"+*s.stack("pair").StackId+" is in UPDATE_ROLLBACK_FAILED state and can not be updated.")
		wiretest.WantFailure(s, again("None"), "ValidationError: Resources [None] are not in a state that can be skipped: UPDATE_FAILED")
		expect.OK(s, again())
		s.ends("pair", types.StackStatusUpdateRollbackFailed)
		expect.OK(s, again("A"))
		s.ends("pair", types.StackStatusUpdateRollbackComplete)
		events := s.events("pair", 0)
		expect.Equal(s, []string{"pair UPDATE_ROLLBACK_IN_PROGRESS: User Initiated", "A UPDATE_COMPLETE: Resource skipped during rollback"}, events[slices.Index(events, "A UPDATE_COMPLETE: Resource skipped during rollback")-1:][:2])
	})
}

// TestWithoutRollback holds that a stack whose update failed stays as it is, and can be updated.
func TestWithoutRollback(t *testing.T) {
	withStacks(t, func(s stacks) {
		expect.OK(s, s.create("pair", pair, "First=a", "Second=b"))
		s.ends("pair", types.StackStatusCreateComplete)
		expect.OK(s, expect.Err(s.UpdateStack(s.Context(), &cfn.UpdateStackInput{StackName: aws.String("pair"), UsePreviousTemplate: aws.Bool(true), Parameters: given("First=c", "Second=NO"), DisableRollback: aws.Bool(true)})))
		s.ends("pair", types.StackStatusUpdateFailed)
		expect.Equal(s, "The following resource(s) failed to update: [B]. ", *s.stack("pair").StackStatusReason)
		expect.OK(s, s.update("pair", "", "First", "Second=d"))
		s.ends("pair", types.StackStatusUpdateComplete)
		got := s.AWS("ssm.GetParameters", map[string]any{"Names": []string{"/a", "/b"}})["Parameters"].([]any)
		expect.Equal(s, "c d", fmt.Sprint(got[0].(map[string]any)["Value"], " ", got[1].(map[string]any)["Value"]))
	})
}

// TestCancelUpdate holds that an update under way is rolled back on request.
func TestCancelUpdate(t *testing.T) {
	withStacks(t, func(s stacks) {
		expect.OK(s, s.create("pins", strings.Replace(custom, "Serial: !Ref", "Extra: !Ref", 1)))
		s.Control("POST", "functions", `{"function": "*", "status": "SUCCEEDED", "count": 1, "physicalResourceId": "p", "data": {"image": "v1"}}`)
		s.ends("pins", types.StackStatusCreateComplete)
		expect.OK(s, s.update("pins", "", "Serial=2"))
		s.Later(10 * time.Second)
		wiretest.WantFailure(s, expect.Err(s.DeleteStack(s.Context(), &cfn.DeleteStackInput{StackName: aws.String("pins")})), "ValidationError: Stack [pins] cannot be deleted while in status UPDATE_IN_PROGRESS")
		s.Control("POST", "functions", `{"function": "*", "status": "SUCCEEDED"}`)
		expect.OK(s, expect.Err(s.CancelUpdateStack(s.Context(), &cfn.CancelUpdateStackInput{StackName: aws.String("pins")})))
		s.ends("pins", types.StackStatusUpdateRollbackComplete)
		expect.Equal(s, "UPDATE_FAILED: Resource update cancelled", s.why("pins", "Pins"))
	})
}

// TestExports holds that stacks import what others export, and that it stays while it is used.
func TestExports(t *testing.T) {
	withStacks(t, func(s stacks) {
		const network = "Resources: {Vpc: {Type: AWS::EC2::VPC}}\nOutputs: {Vpc: {Value: !Ref Vpc, Export: {Name: net-vpc}}}"
		const user = "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Name: /vpc, Type: String, Value: !ImportValue net-vpc}}}"
		expect.OK(s, s.create("net", network))
		s.ends("net", types.StackStatusCreateComplete)
		expect.OK(s, s.create("user", user))
		s.ends("user", types.StackStatusCreateComplete)
		expect.Equal(s, s.resources("net")["Vpc"], s.AWS("ssm.GetParameter", map[string]any{"Name": "/vpc"})["Parameter"].(map[string]any)["Value"].(string))
		expect.Equal(s, "net-vpc", *expect.Value(s.ListExports(s.Context(), &cfn.ListExportsInput{}))(s).Exports[0].Name)
		expect.OK(s, s.create("twice", network))
		s.ends("twice", types.StackStatusRollbackComplete)
		expect.OK(s, s.update("net", strings.Replace(network, ", Export: {Name: net-vpc}", "", 1)))
		s.ends("net", types.StackStatusUpdateRollbackComplete)
		expect.OK(s, expect.Err(s.DeleteStack(s.Context(), &cfn.DeleteStackInput{StackName: aws.String("net")})))
		s.ends("net", types.StackStatusDeleteFailed)
		expect.Equal(s, "Export net-vpc cannot be deleted as it is in use by user.", *s.stack("net").StackStatusReason)
		for _, name := range []string{"user", "net"} {
			id := *s.stack(name).StackId
			expect.OK(s, expect.Err(s.DeleteStack(s.Context(), &cfn.DeleteStackInput{StackName: &name})))
			s.ends(id, types.StackStatusDeleteComplete)
		}
	})
}

// TestStacksAsRole holds that CloudFormation may do what its caller may.
func TestStacksAsRole(t *testing.T) {
	policy := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}}`
	sandboxtest.Run(t, sandbox.Config{Policies: []sandbox.Policy{{Role: "deployer", Document: []byte(policy)}}}, func(w *sandboxtest.World) {
		user := sts.New(sts.Options{
			Region: "us-east-1", BaseEndpoint: aws.String("http://" + sandboxtest.Host), HTTPClient: &http.Client{Transport: sandboxtest.Carrier{Handler: w.Server}},
			Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", ""),
		})
		role := expect.Value(user.AssumeRole(w.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/deployer"), RoleSessionName: aws.String("ci")}))(w)
		s := stacks{w, cfnClient(w, *role.Credentials.AccessKeyId)}
		expect.OK(s, s.create("pair", pair, "First=a", "Second=b"))
		s.ends("pair", types.StackStatusRollbackComplete)
		expect.Equal(s, true, strings.Contains(s.why("pair", "A"), "is not authorized to perform: ssm:PutParameter on resource: arn:aws:ssm:us-east-1:123456789012:parameter/a"))
	})
}

// TestStacksKept holds that a stack goes on after a restart where it was.
func TestStacksKept(t *testing.T) {
	dir := t.TempDir()
	config := sandbox.Config{DataDir: dir}
	var before []types.Stack
	story := func(story func(s stacks)) {
		sandboxtest.Run(t, config, func(w *sandboxtest.World) {
			story(stacks{w, cfnClient(w, "sandbox")})
			expect.OK(w, w.Server.Close())
		})
	}
	story(func(s stacks) {
		expect.OK(s, s.create("pair", pair, "First=a", "Second=b"))
		s.ends("pair", types.StackStatusCreateComplete)
		expect.OK(s, s.create("pins", custom))
		s.Later(10 * time.Second)
		before = []types.Stack{s.stack("pair"), s.stack("pins")}
	})
	story(func(s stacks) {
		expect.Equal(s, fmt.Sprint(*before[0].StackId, before[0].StackStatus), fmt.Sprint(*s.stack("pair").StackId, s.stack("pair").StackStatus))
		wiretest.WantFailure(s, s.update("pair", "", "First", "Second"), "ValidationError: No updates are to be performed.")
		expect.OK(s, s.update("pair", "", "First=c", "Second"))
		s.ends("pair", types.StackStatusUpdateComplete)
		s.ends("pins", types.StackStatusRollbackComplete) // its function's time was over
	})
}
