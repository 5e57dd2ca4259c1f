package generate_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/generate/stack"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

const ecr = "123456789012.dkr.ecr.us-east-1.amazonaws.com"

// example runs a story with the files of examples/shop, whose registry is what is given.
func example(t *testing.T, registry string, story func(w *apptest.World)) {
	t.Helper()
	files := expect.Value(filepath.Glob("../../examples/shop/*"))(t)
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		for _, file := range files {
			if strings.HasSuffix(file, ".go") {
				continue
			}
			text := string(expect.Value(os.ReadFile(file))(t))
			w.Write(filepath.Base(file), strings.ReplaceAll(text, ecr, registry))
		}
		story(w)
	})
}

// TestStackOfTheExample holds the whole template, and what is said about it.
func TestStackOfTheExample(t *testing.T) {
	example(t, ecr, func(w *apptest.World) {
		g := w.Open().Generator
		of := expect.Value(g.Stack(w.Context(), "dev", nil, nil))(t)
		casetest.Golden(t, "testdata/stack.yaml", []byte(of.Text))
		casetest.Golden(t, "testdata/stack.notes", []byte(strings.Join(of.Notes, "\n")+"\n"))
		tenant := expect.Value(g.AccountStack(w.Context(), "333333333333", ""))(t)
		casetest.Golden(t, "testdata/stack-account.yaml", []byte(tenant.Text))
	})
}

// wholeService are the actions that are allowed on all resources, each with the page that says that
// it takes none, or that what it is asked about cannot be named.
var wholeService = map[string]string{
	"cloudwatch:DescribeAlarmHistory":           "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html", // needs * without the name of an alarm
	"cloudwatch:DescribeAlarms":                 "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html",      // needs * for composite alarms
	"ecr:GetAuthorizationToken":                 "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html",
	"ecs:DescribeTaskDefinition":                "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html",
	"ecs:DescribeTasks":                         "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html", // ARNs of two forms: the cluster is a condition
	"ecs:ListServices":                          "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html",
	"ecs:ListTasks":                             "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html",
	"elasticloadbalancing:DescribeTargetGroups": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html",
	"elasticloadbalancing:DescribeTargetHealth": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html",
}

// TestStatementsNameTheirResources: no statement has * as a resource where AWS lets one name it.
func TestStatementsNameTheirResources(t *testing.T) {
	example(t, ecr, func(w *apptest.World) {
		g := w.Open().Generator
		texts := []string{
			expect.Value(g.Stack(w.Context(), "dev", nil, nil))(t).Text,
			expect.Value(g.AccountStack(w.Context(), "222222222222", ""))(t).Text,
			expect.Value(g.AccountStack(w.Context(), "333333333333", ""))(t).Text,
		}
		statements := strings.Split(strings.Join(texts, "\n"), "- Sid: ")
		if len(statements) < 40 {
			t.Fatalf("there are %d statements", len(statements))
		}
		star := regexp.MustCompile(`(?m)^ +(Resource: |- )"?\*"?$`)
		action := regexp.MustCompile(`(?m)^ +(?:Action: |- )([a-z0-9]+:[A-Z]\w+)$`)
		wild := 0
		behind := regexp.MustCompile(`(?s)\n {0,6}\S.*`)
		for _, statement := range statements {
			statement = behind.ReplaceAllString(statement, "")
			if !star.MatchString(statement) {
				continue
			}
			wild++
			for _, found := range action.FindAllStringSubmatch(statement, -1) {
				if wholeService[found[1]] == "" {
					t.Errorf("%s is allowed on all resources", found[1])
				}
			}
		}
		if wild == 0 {
			t.Error("not even ecr:GetAuthorizationToken is allowed on all resources")
		}
	})
}

// cloudFormation calls the sandbox's CloudFormation.
func cloudFormation(w *apptest.World, action string, form url.Values) string {
	w.Helper()
	form.Set("Action", action)
	form.Set("Version", "2010-05-15")
	request := expect.Value(http.NewRequest(http.MethodPost, "http://sandbox.example/", strings.NewReader(form.Encode())))(w)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=none")
	answer := expect.Value(sandboxtest.Carrier{Handler: w.Server}.RoundTrip(request))(w)
	defer answer.Body.Close()
	body := expect.Value(io.ReadAll(answer.Body))(w)
	if answer.StatusCode != http.StatusOK {
		w.Fatalf("%s: %s", action, body)
	}
	return string(body)
}

// parameters adds parameters of a stack to a form: NAME=VALUE, or NAME alone for the previous value.
func parameters(form url.Values, of ...string) url.Values {
	form.Set("StackName", "shop-dev")
	form.Set("Capabilities.member.1", "CAPABILITY_IAM")
	for i, parameter := range of {
		name, value, given := strings.Cut(parameter, "=")
		at := fmt.Sprintf("Parameters.member.%d.", i+1)
		form.Set(at+"ParameterKey", name)
		if given {
			form.Set(at+"ParameterValue", value)
		} else {
			form.Set(at+"UsePreviousValue", "true")
		}
	}
	return form
}

// settled waits until the stack is in a state, and returns the worker's image, and how many run.
func settled(w *apptest.World, state string) (image string, running any) {
	w.Helper()
	for range 60 {
		w.Later(10 * time.Second)
		got := cloudFormation(w, "DescribeStacks", url.Values{"StackName": {"shop-dev"}})
		if strings.Contains(got, "<StackStatus>"+state+"<") {
			service := w.AWS("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"worker"}})["services"].([]any)[0].(map[string]any)
			of := w.AWS("ecs.DescribeTaskDefinition", map[string]any{"taskDefinition": service["taskDefinition"]})["taskDefinition"].(map[string]any)
			return of["containerDefinitions"].([]any)[0].(map[string]any)["image"].(string), service["runningCount"]
		}
	}
	failed := regexp.MustCompile("_FAILED</ResourceStatus><ResourceStatusReason>[^<]*")
	w.Fatalf("the stack is not %s: %q", state, failed.FindAllString(cloudFormation(w, "DescribeStackEvents", url.Values{"StackName": {"shop-dev"}}), -1))
	return "", nil
}

// TestP9 creates the stack before any image exists. After the first pin an update brings the image,
// and so does every one after it: no update puts an old image back.
func TestP9(t *testing.T) {
	const registry = "127.0.0.1:4510"
	example(t, registry, func(w *apptest.World) {
		template := expect.Value(w.Open().Generator.Stack(w.Context(), "dev", []tagboat.ServiceName{"worker"}, []string{stack.Watch}))(t)
		w.AWS("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Type": "String", "Value": "{}"})
		cloudFormation(w, "CreateStack", parameters(url.Values{"TemplateBody": {template.Text}}, "Vpc=vpc-1"))
		image, running := settled(w, "CREATE_COMPLETE")
		expect.Equal(t, registry+"/shop/worker@sha256:"+strings.Repeat("0", 64), image)
		expect.Equal[any](t, 0.0, running)

		first := w.Push("shop/worker:1.0.0")
		w.Pin("dev", "worker=1.0.0")
		cloudFormation(w, "UpdateStack", parameters(url.Values{"UsePreviousTemplate": {"true"}}, "Vpc", "WorkerCount=1"))
		image, running = settled(w, "UPDATE_COMPLETE")
		expect.Equal(t, registry+"/shop/worker@"+string(first), image)
		expect.Equal[any](t, 1.0, running)

		second := w.Push("shop/worker:1.1.0")
		w.Pin("dev", "worker=1.1.0")
		cloudFormation(w, "UpdateStack", parameters(url.Values{"UsePreviousTemplate": {"true"}}, "Vpc", "WorkerCount", "Prefix=other"))
		image, _ = settled(w, "UPDATE_COMPLETE")
		expect.Equal(t, registry+"/shop/worker@"+string(second), image)
	})
}
