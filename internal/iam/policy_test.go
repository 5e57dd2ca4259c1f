package iam_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/iam"
)

func scope() iam.Scope {
	at := iam.Place{Account: "111111111111", Region: "eu-west-1"}
	return iam.Scope{
		Place: at, Journal: "/tagboat/shop", Parameters: []string{"/containers/dev/shop"}, Projections: []string{"/one/dev/app"}, Scans: true, Tags: true,
		Repositories: []iam.Repository{{Place: at, Name: "shop/app"}},
		Services: []iam.Service{{
			Cluster: "dev", Name: "web", Family: "web", Create: true,
			Roles: []string{"exec", "arn:aws:iam::111111111111:role/path/task"}, LogGroups: []string{"/shop/web"},
			Secrets: []string{"plain", "/shop/token", "arn:aws:ssm:eu-west-1:222222222222:parameter/shared", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf:password::"},
		}},
	}
}

func TestWritePolicy(t *testing.T) {
	plain := scope()
	plain.Scans, plain.Tags, plain.Repositories, plain.Projections, plain.Journal = false, false, nil, nil, ""
	plain.Region = "cn-north-1"
	parameter := []string{"arn:aws-cn:ssm:cn-north-1:111111111111:parameter/containers/dev/shop"}
	want := iam.Document{Version: "2012-10-17", Statement: []iam.Statement{
		{Sid: "ReadPins", Effect: "Allow", Action: []string{"ssm:GetParameters"}, Resource: parameter},
		{Sid: "ReadHistory", Effect: "Allow", Action: []string{"ssm:GetParameterHistory"}, Resource: parameter},
		{Sid: "WritePins", Effect: "Allow", Action: []string{"ssm:LabelParameterVersion", "ssm:PutParameter", "ssm:UnlabelParameterVersion"}, Resource: parameter},
	}}
	expect.Equal(t, want, iam.Policy(iam.Write, []iam.Scope{plain, plain}))
}

// TestRightsOfHome holds that each right to write at home is in the policy for it alone.
func TestRightsOfHome(t *testing.T) {
	s := scope()
	s.Home, s.HomePath, s.FreezeName = &iam.Place{Account: "999999999999", Region: "eu-west-1"}, "/tagboat/shop", "/tagboat/freeze"
	const at = "arn:aws:ssm:eu-west-1:999999999999:parameter/tagboat/"
	numbers := []string{at + "shop/rejected/*", at + "shop/releases"}
	want := map[iam.Purpose][]string{
		iam.Promote: numbers, iam.Watch: numbers, iam.Assume: numbers, iam.Home: numbers,
		iam.Approve: {at + "shop/approvals/*"}, iam.BreakGlass: {at + "shop/break-glass/*"}, iam.Freeze: {at + "freeze"},
	}
	for _, purpose := range iam.Purposes() {
		var got []string
		for _, statement := range iam.Policy(purpose, []iam.Scope{s}).Statement {
			for _, resource := range statement.Resource {
				if slices.Contains(statement.Action, "ssm:PutParameter") && strings.Contains(resource, ":999999999999:") {
					got = append(got, resource)
				}
			}
		}
		expect.EqualIn(t, string(purpose), want[purpose], got)
	}
}

// resources returns what a statement is about.
func resources(d iam.Document, sid string) []string {
	for _, s := range d.Statement {
		if s.Sid == sid {
			return s.Resource
		}
	}
	return nil
}

func TestResources(t *testing.T) {
	somebodyElses := scope()
	somebodyElses.Services[0].Roles, somebodyElses.Services[0].LogGroups, somebodyElses.Services[0].Secrets, somebodyElses.Services[0].Create = nil, nil, nil, false
	express := scope()
	express.Services = append(express.Services, iam.Service{Cluster: "dev", Name: "gateway", Express: true})
	remote := scope()
	remote.Role = "arn:aws:iam::222222222222:role/tagboat"
	unwritten := scope()
	unwritten.Journal = ""
	held := scope()
	held.Holds = "/tagboat/dev/shop/holds"
	tests := []struct {
		name    string
		purpose iam.Purpose
		scope   iam.Scope
		sid     string
		want    []string
	}{
		{"both forms of a service's ARN", iam.Deploy, scope(), "RollServices", []string{
			"arn:aws:ecs:eu-west-1:111111111111:service/dev/web", "arn:aws:ecs:eu-west-1:111111111111:service/web",
		}},
		{"what Express Mode changes", iam.Deploy, express, "UpdateExpressServices", []string{
			"arn:aws:ecs:eu-west-1:111111111111:service/dev/gateway", "arn:aws:ecs:eu-west-1:111111111111:service/gateway",
		}},
		{"Express Mode registers its task definitions itself", iam.Deploy, express, "RegisterTaskDefinitions", []string{"arn:aws:ecs:eu-west-1:111111111111:task-definition/web:*"}},
		{"no service of Express Mode", iam.Deploy, scope(), "UpdateExpressServices", nil},
		{"every revision of the family", iam.Deploy, scope(), "RegisterTaskDefinitions", []string{"arn:aws:ecs:eu-west-1:111111111111:task-definition/web:*"}},
		{"just the roles of the tasks", iam.Deploy, scope(), "PassRolesToTasks", []string{
			"arn:aws:iam::111111111111:role/exec", "arn:aws:iam::111111111111:role/path/task",
		}},
		{"roles that are not known", iam.Deploy, somebodyElses, "PassRolesToTasks", []string{"arn:aws:iam::111111111111:role/*"}},
		{"logs that are known", iam.Deploy, scope(), "ReadLogsOfTasks", []string{"arn:aws:logs:eu-west-1:111111111111:log-group:/shop/web:log-stream:*"}},
		{"parameters that secrets come from", iam.Deploy, scope(), "FindParameters", []string{
			"arn:aws:ssm:eu-west-1:111111111111:parameter/plain", "arn:aws:ssm:eu-west-1:111111111111:parameter/shop/token",
			"arn:aws:ssm:eu-west-1:222222222222:parameter/shared",
		}},
		{"secrets of Secrets Manager, whole or without their end", iam.Deploy, scope(), "FindSecrets", []string{
			"arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf-??????",
		}},
		{"no parameters where there are no secrets", iam.Deploy, somebodyElses, "FindParameters", nil},
		{"a service that must exist is not created", iam.Deploy, somebodyElses, "CreateServices", nil},
		{"tags that a stage puts", iam.Write, scope(), "TagImages", []string{"arn:aws:ecr:eu-west-1:111111111111:repository/shop/app"}},
		{"projections are written with the pins", iam.Write, scope(), "WritePins", []string{
			"arn:aws:ssm:eu-west-1:111111111111:parameter/containers/dev/shop", "arn:aws:ssm:eu-west-1:111111111111:parameter/one/dev/app",
		}},
		{"deploying looks at no projection", iam.Deploy, scope(), "ReadPins", []string{"arn:aws:ssm:eu-west-1:111111111111:parameter/containers/dev/shop"}},
		{"deploying reads none", iam.Deploy, scope(), "ReadProjections", nil},
		{"what is imported", iam.Import, scope(), "ReadWhatIsImported", []string{
			"arn:aws:ssm:eu-west-1:111111111111:parameter/containers", "arn:aws:ssm:eu-west-1:111111111111:parameter/containers/*",
		}},
		{"the journal and its streams", iam.Write, scope(), "WriteJournal", []string{
			"arn:aws:logs:eu-west-1:111111111111:log-group:/tagboat/shop", "arn:aws:logs:eu-west-1:111111111111:log-group:/tagboat/shop:*",
		}},
		{"holds", iam.Deploy, held, "ReadPins", []string{
			"arn:aws:ssm:eu-west-1:111111111111:parameter/containers/dev/shop", "arn:aws:ssm:eu-west-1:111111111111:parameter/tagboat/dev/shop/holds",
		}},
		{"no journal", iam.Write, unwritten, "WriteJournal", nil},
		{"reading does not write", iam.Read, scope(), "WritePins", nil},
		{"a function beside the parameters", iam.Lambda, scope(), "ReadPinsAsFunction", []string{"arn:aws:ssm:eu-west-1:111111111111:parameter/containers/dev/shop"}},
		{"a function in another account", iam.Lambda, remote, "ReadPinsAsFunction", nil},
		{"a function that assumes a role", iam.Lambda, remote, "AssumeRoles", []string{"arn:aws:iam::222222222222:role/tagboat"}},
		{"its log", iam.Lambda, remote, "WriteFunctionLog", []string{"arn:aws:logs:eu-west-1:*:log-group:/aws/lambda/tagboat:*"}},
		{"who assumes a role", iam.Assume, remote, "AssumeRoles", []string{"arn:aws:iam::222222222222:role/tagboat"}},
		{"nothing to assume", iam.Assume, scope(), "AssumeRoles", nil},
		{"promoting writes pins", iam.Promote, scope(), "WritePins", []string{
			"arn:aws:ssm:eu-west-1:111111111111:parameter/containers/dev/shop", "arn:aws:ssm:eu-west-1:111111111111:parameter/one/dev/app",
		}},
		{"promoting deploys", iam.Promote, scope(), "RegisterTaskDefinitions", []string{"arn:aws:ecs:eu-west-1:111111111111:task-definition/web:*"}},
		{"home that another principal reaches", iam.Promote, scope(), "NumberReleases", nil},
		{"who assumes home's role", iam.Assume, iam.Scope{HomeRole: "arn:aws:iam::999999999999:role/home"}, "AssumeRoles", []string{"arn:aws:iam::999999999999:role/home"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			expect.Equal(t, test.want, resources(iam.Policy(test.purpose, []iam.Scope{test.scope}), test.sid))
		})
	}
}

// TestEveryOperationIsKnown reads the code that calls AWS: each operation in it must be
// allowed by the policy for something.
func TestEveryOperationIsKnown(t *testing.T) {
	allowed := map[string]bool{}
	remote := scope()
	remote.Services = append(remote.Services, iam.Service{Cluster: "*", Name: "*", Family: "*", Stack: "shop-prod"})
	remote.Role, remote.Queue = "arn:aws:iam::222222222222:role/tagboat", "arn:aws:sqs:eu-west-1:111111111111:tagboat-shop"
	remote.Services = append(remote.Services, iam.Service{Cluster: "dev", Name: "gateway", Express: true})
	for _, purpose := range iam.Purposes() {
		for _, s := range iam.Policy(purpose, []iam.Scope{scope(), remote}).Statement {
			for _, action := range s.Action {
				allowed[action[strings.Index(action, ":")+1:]] = true
			}
		}
	}
	operations := operationsOf(t, "../cloud")
	for _, expected := range []string{"PutParameter", "RegisterTaskDefinition", "DescribeLogGroups"} {
		if !slices.Contains(operations, expected) {
			t.Errorf("the code is read wrongly: it calls %s, and %v were found", expected, operations)
		}
	}
	for _, operation := range operations {
		if !allowed[strings.TrimSuffix(operation, "Batch")] && operation != "GetCallerIdentity" {
			t.Errorf("the code calls %s, and no policy allows it: add it to grants", operation)
		}
	}
}

// operationsOf returns the operations whose inputs are made in a directory: an
// operation of the SDK takes a value of the type OPERATIONInput.
func operationsOf(t *testing.T, dir string) []string {
	t.Helper()
	var operations []string
	expect.OK(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if typ, ok := literal.Type.(*ast.SelectorExpr); ok {
				if operation, ok := strings.CutSuffix(typ.Sel.Name, "Input"); ok {
					operations = append(operations, operation)
				}
			}
			return true
		})
		return nil
	}))
	slices.Sort(operations)
	return slices.Compact(operations)
}

func TestActions(t *testing.T) {
	for operation, want := range map[string][]string{
		"ssm.PutParameter":             {"ssm:PutParameter"},
		"elb.DescribeTargetHealth":     {"elasticloadbalancing:DescribeTargetHealth"},
		"registry.HEAD manifests":      {"ecr:BatchGetImage"},
		"registry.PUT manifests":       {"ecr:PutImage"},
		"sts.GetCallerIdentity":        nil,
		"sts.AssumeRole":               {"sts:AssumeRole"},
		"sqs.DeleteMessageBatch":       {"sqs:DeleteMessage"},
		"registry.DELETE what-is-this": {"ecr:DELETE what-is-this"},
	} {
		expect.EqualIn(t, operation, want, iam.Actions(operation))
	}
}
