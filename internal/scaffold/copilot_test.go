package scaffold_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/scaffold"
)

// copilotApp deploys what Copilot did.
type copilotApp struct {
	*apptest.World
	app string
	bad bool // whether a stack may roll back
}

// stacks returns CloudFormation in an account, "" for the default one.
func (a copilotApp) stacks(account string) *cloudformation.Client {
	return cloudformation.New(cloudformation.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + sandboxtest.Host), HTTPClient: &http.Client{Transport: sandboxtest.Carrier{Handler: a.Server}},
		Credentials: credentials.NewStaticCredentialsProvider(or(account, "sandbox"), "sandbox", ""),
	})
}

// stack makes a stack from a template of testdata, and waits until it is created.
func (a copilotApp) stack(account, name, template string, tags map[string]string, parameters ...string) types.Stack {
	a.Helper()
	body := string(expect.Value(os.ReadFile(filepath.Join("testdata/copilot/stacks", template+".yml")))(a.T))
	return a.stackOf(account, name, strings.ReplaceAll(body, "public.ecr.aws", sandboxtest.Host), tags, parameters...)
}

func (a copilotApp) stackOf(account, name, body string, tags map[string]string, parameters ...string) types.Stack {
	a.Helper()
	in := cloudformation.CreateStackInput{StackName: &name, TemplateBody: &body, Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}}
	for key, value := range tags {
		in.Tags = append(in.Tags, types.Tag{Key: &key, Value: &value})
	}
	for _, parameter := range parameters {
		key, value, _ := strings.Cut(parameter, "=")
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: &key, ParameterValue: &value})
	}
	_, err := a.stacks(account).CreateStack(a.Context(), &in)
	expect.OK(a.T, err)
	for range 60 {
		a.Later(time.Minute)
		out := expect.Value(a.stacks(account).DescribeStacks(a.Context(), &cloudformation.DescribeStacksInput{StackName: &name}))(a.T)
		switch s := out.Stacks[0]; {
		case s.StackStatus == types.StackStatusCreateComplete:
			return s
		case s.StackStatus == types.StackStatusRollbackComplete && a.bad:
			return s
		}
	}
	events := expect.Value(a.stacks(account).DescribeStackEvents(a.Context(), &cloudformation.DescribeStackEventsInput{StackName: &name}))(a.T)
	for _, e := range events.StackEvents {
		if !strings.Contains(string(e.ResourceStatus), "FAILED") {
			continue
		}
		a.Logf("%s %s %s", *e.LogicalResourceId, e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
	}
	a.Fatalf("stack %s is never created", name)
	return types.Stack{}
}

// environment makes an environment, its record, and what its functions answer.
func (a copilotApp) environment(account, name string) {
	a.Helper()
	role := ""
	if account != "" {
		role = "arn:aws:iam::" + account + ":role/" + a.app + "-" + name + "-EnvManagerRole"
	}
	a.record("environments/"+name, map[string]any{
		"app": a.app, "name": name, "region": "us-east-1", "accountID": or(account, "123456789012"), "managerRoleARN": role,
	})
	made := a.stack(account, a.app+"-"+name, "environment", map[string]string{"copilot-application": a.app, "copilot-environment": name},
		"AppName="+a.app, "EnvironmentName="+name, "ALBWorkloads=web")
	outputs := map[string]any{}
	for _, o := range made.Outputs {
		outputs[*o.OutputKey] = *o.OutputValue
	}
	for stage, data := range map[string]map[string]any{
		"Custom::EnvControllerFunction": outputs, "Custom::RulePriorityFunction": {"Priority": 100}, "Custom::DynamicDesiredCountFunction": {"DesiredCount": 1},
	} {
		order := expect.Value(json.Marshal(sandbox.Function{Function: "*" + a.app + "-" + name + "-*", Stage: stage, Status: "SUCCEEDED", Data: data}))(a.T)
		a.Control(http.MethodPost, "functions", string(order))
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// record writes a record of Copilot.
func (a copilotApp) record(name string, value any) {
	a.Helper()
	text := expect.Value(json.Marshal(value))(a.T)
	a.AWS("ssm.PutParameter", map[string]any{"Name": strings.TrimSuffix("/copilot/applications/"+a.app+"/"+name, "/"), "Type": "String", "Value": string(text)})
}

// workload makes the stack of a service or job.
func (a copilotApp) workload(account, env, name, template string, parameters ...string) types.Stack {
	a.Helper()
	tags := map[string]string{"copilot-application": a.app, "copilot-environment": env, "copilot-service": name}
	return a.stack(account, a.app+"-"+env+"-"+name, template, tags, append([]string{"AppName=" + a.app, "EnvName=" + env, "WorkloadName=" + name}, parameters...)...)
}

// shop makes an application of three services in two environments.
func shop(w *apptest.World, accounts map[string]string) copilotApp {
	w.Helper()
	a := copilotApp{World: w, app: "shop"}
	for _, image := range []string{"shop/web:v1", "shop/worker:v1", "vault/api:v1", "nginx/nginx:1.27"} {
		w.Push(image)
	}
	a.record("", map[string]any{"name": "shop", "account": "123456789012", "version": "1.0"})
	for _, name := range []string{"web", "api", "worker"} {
		a.record("components/"+name, map[string]string{"app": "shop", "name": name, "type": "Backend Service"})
	}
	for _, env := range []string{"test", "prod"} {
		account := accounts[env]
		a.environment(account, env)
		a.workload(account, env, "web", "web", "ContainerImage="+sandboxtest.Host+"/shop/web:v1")
		a.workload(account, env, "api", "api", "ContainerImage="+sandboxtest.Host+"/vault/api:v1")
		a.workload(account, env, "worker", "worker", "ContainerImage="+sandboxtest.Host+"/shop/worker@"+string(w.Pushed["shop/worker:v1"]))
	}
	return a
}

// TestCopilot takes over an application from its stacks, and from its directory.
func TestCopilot(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		a := shop(w, nil)
		for _, env := range []string{"test", "prod"} {
			a.workload("", env, "nightly", "nightly", "ContainerImage="+sandboxtest.Host+"/shop/nightly:v1")
		}
		a.workload("", "prod", "front", "front", "ContainerImage="+sandboxtest.Host+"/shop/front:v1")
		a.workload("", "prod", "docs", "docs")
		a.stackOf("", "pipeline-shop-main", "Resources: {Pipeline: {Type: AWS::CodePipeline::Pipeline}}", map[string]string{"copilot-application": "shop", "copilot-pipeline": "shop-main"})
		w.Later(10 * time.Minute)
		document := expect.Value(begin(w, scaffold.Request{Copilot: "shop", Dir: filepath.Join(w.Dir, "stacks")}))(t)
		casetest.Golden(t, "testdata/copilot/stacks.golden", []byte(initText(document)+"\n"+settled(w.Read("stacks/tagboat.yaml"))))
	})
}

// taken is what init makes of an application, in another directory each time.
func taken(w *apptest.World, r scaffold.Request) (tagboat.InitDocument, string) {
	w.Helper()
	r.Dir = expect.Value(os.MkdirTemp(w.Dir, "taken"))(w.T)
	document, err := begin(w, r)
	if err != nil {
		w.Fatal(casetest.Report(err))
	}
	return document, settled(string(expect.Value(os.ReadFile(filepath.Join(r.Dir, "tagboat.yaml")))(w.T)))
}

// TestCopilotDirectory reads the manifests, too: those that were never deployed and those that differ
// from what is deployed are named. What is read stays as it is.
func TestCopilotDirectory(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		shop(w, nil)
		w.Later(10 * time.Minute)
		dir := filepath.Join(w.Dir, "copilot")
		expect.OK(t, os.CopyFS(dir, os.DirFS("testdata/copilot/directory")))
		before := tree(t, dir)
		document, file := taken(w, scaffold.Request{From: dir})
		casetest.Golden(t, "testdata/copilot/directory.golden", []byte(settled(initText(document))+"\n"+file))
		_, above := taken(w, scaffold.Request{From: w.Dir}) // that copilot/ is in
		if above != file || tree(t, dir) != before {
			t.Errorf("from the directory above:\n%s", above)
		}
		unproven(t, document, 6)
	})
}

// unproven fails where plan finds something to do, or other than n services.
func unproven(t *testing.T, d tagboat.InitDocument, n int) {
	t.Helper()
	if !d.Proven() || d.Plan.Unchanged != n {
		t.Errorf("%d services are as they run, want %d: %+v", d.Plan.Unchanged, n, d.Plan)
	}
}

// tree returns all that is in a directory.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	expect.OK(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var data []byte
			data, err = os.ReadFile(path)
			fmt.Fprintf(&all, "%s %s\n", path, data)
		}
		return err
	}))
	return all.String()
}

// TestCopilotAccounts: an environment in another account is reached through the role that Copilot
// made there. One that cannot be reached is said, and the rest is taken over.
func TestCopilotAccounts(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		shop(w, map[string]string{"prod": apptest.ProdAccount})
		w.Later(10 * time.Minute)
		document, file := taken(w, scaffold.Request{Copilot: "shop"})
		casetest.Golden(t, "testdata/copilot/accounts.golden", []byte(settled(initText(document))+"\n"+file))
		unproven(t, document, 6)

		w.Fault(sandbox.Fault{Operation: "sts.AssumeRole", Kind: "error", Code: "AccessDenied", Status: 403})
		document, file = taken(w, scaffold.Request{Copilot: "shop"})
		casetest.Golden(t, "testdata/copilot/unreachable.golden", []byte(settled(initText(document))+"\n"+file))
		unproven(t, document, 3)
	})
}

// TestCopilotUneven: what is not in every environment is left alone, or the environment is that has
// the least; what cannot be read is said.
func TestCopilotUneven(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		a := shop(w, nil)
		for _, image := range []string{"shop/mail:v1", "shop/new:v1"} {
			w.Push(image)
		}
		a.environment("", "dev")
		a.workload("", "dev", "api", "api", "ContainerImage="+sandboxtest.Host+"/vault/api:v1")
		a.workload("", "prod", "mail", "worker", "ContainerImage="+sandboxtest.Host+"/shop/mail:v1")
		a.environment("", "empty")
		a.bad = true
		a.workload("", "test", "new", "worker", "ContainerImage="+sandboxtest.Host+"/shop/new:none")
		a.bad = false
		w.Later(10 * time.Minute)
		document, file := taken(w, scaffold.Request{Copilot: "shop"})
		casetest.Golden(t, "testdata/copilot/uneven.golden", []byte(settled(initText(document))+"\n"+file))
		unproven(t, document, 6)

		document, file = taken(w, scaffold.Request{Copilot: "shop", Environments: []tagboat.EnvName{"dev"}})
		unproven(t, document, 1)
		if strings.Contains(file, "prod") || !strings.Contains(file, "shop-{environment}-api") {
			t.Errorf("of dev alone:\n%s", file)
		}
		document, file = taken(w, scaffold.Request{Copilot: "shop", Environments: []tagboat.EnvName{"prod"}, Services: []string{"mail"}})
		unproven(t, document, 1)
		if strings.Contains(file, "api") {
			t.Errorf("of mail alone:\n%s", file)
		}
	})
}

// TestCopilotRefused: what is not there is refused, with what is.
func TestCopilotRefused(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		a := copilotApp{World: w, app: "shop"}
		a.record("", map[string]any{"name": "shop"})
		a.environment("", "test")
		for name, tt := range map[string]struct {
			request scaffold.Request
			words   []string
		}{
			"another application": {scaffold.Request{Copilot: "shoop"}, []string{`there is no application "shoop" of AWS Copilot in this account in us-east-1`, "applications here: shop"}},
			"another region":      {scaffold.Request{Copilot: "shop", Region: "eu-west-1"}, []string{"in eu-west-1", "--region REGION"}},
			"another environment": {scaffold.Request{Copilot: "shop", Environments: []tagboat.EnvName{"prod"}}, []string{`no environment "prod"`, "its environments: test"}},
			"another service":     {scaffold.Request{Copilot: "shop", Services: []string{"web"}}, []string{`no stack of a service "web"`}},
			"no services":         {scaffold.Request{Copilot: "shop"}, []string{"no service that can be taken over", "test: it has no services"}},
			"no directory":        {scaffold.Request{From: filepath.Join(w.Dir, "copilot")}, []string{"there is no file .workspace", "tagboat init --copilot APP"}},
		} {
			_, err := begin(w, tt.request)
			for _, words := range tt.words {
				if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(casetest.Report(err), words) {
					t.Errorf("%s: %v\nit does not say %s", name, casetest.Report(err), words)
				}
			}
		}
	})
}

// TestW1AllStacks: stacks are found on every page by their tags, and not by how their names begin.
func TestW1AllStacks(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		shop(w, nil)
		for i := range 120 {
			w.CloudFormation("CreateStack", url.Values{
				"StackName": {fmt.Sprintf("shop-test-web-%d", i)}, "TemplateBody": {"Resources: {Queue: {Type: AWS::SQS::Queue}}"},
				"Tags.member.1.Key": {"copilot-application"}, "Tags.member.1.Value": {"shop-test"},
			})
		}
		w.Later(10 * time.Minute)
		before := w.Calls("cloudformation.DescribeStacks")
		document, _ := taken(w, scaffold.Request{Copilot: "shop"})
		unproven(t, document, 6)
		calls := map[string]int{}
		for _, operation := range []string{"ssm.GetParametersByPath", "sts.GetCallerIdentity", "cloudformation.DescribeStackResource", "ecs.ListServices"} {
			calls[operation] = w.Calls(operation)
		}
		calls["cloudformation.DescribeStacks"] = w.Calls("cloudformation.DescribeStacks") - before
		// Two pages of stacks, and each stack once more to prove it.
		want := map[string]int{"ssm.GetParametersByPath": 1, "sts.GetCallerIdentity": 1, "cloudformation.DescribeStacks": 2 + 6, "cloudformation.DescribeStackResource": 6, "ecs.ListServices": 0}
		if diff := cmp.Diff(want, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// settled is a text without what is random in names.
func settled(text string) string {
	return regexp.MustCompile(`(-Cluster)-[0-9A-Z]{12}|(request) [0-9a-f-]{36}`).ReplaceAllString(text, "$1$2")
}

// initText is what init found, in lines.
func initText(d tagboat.InitDocument) string {
	var lines []string
	for _, l := range d.LeftAlone {
		lines = append(lines, fmt.Sprintf("left alone: %s/%s: %s", l.Environment, l.Service, l.Reason))
	}
	slices.Sort(lines)
	for _, n := range d.Notes {
		lines = append(lines, "note: "+n)
	}
	for _, p := range d.Pins {
		for _, image := range p.Images {
			lines = append(lines, fmt.Sprintf("%s runs %s %s:%s", p.Environment, image.Image, image.Repository, image.Tag))
		}
	}
	if d.Plan != nil {
		lines = append(lines, fmt.Sprintf("plan: %d unchanged, %d changes, problems %+v", d.Plan.Unchanged, len(d.Plan.Changes), d.Plan.Problems))
	}
	return strings.Join(lines, "\n")
}
