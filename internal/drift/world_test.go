package drift_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/proxytest"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// through opens Tagboat behind a proxy.
func (w world) through(orders ...proxytest.Order) *app.App {
	w.Helper()
	proxy := proxytest.New(w.Server)
	for _, o := range orders {
		expect.OK(w, proxy.Order(o))
	}
	return w.Open(func(http.RoundTripper) http.RoundTripper { return sandboxtest.Carrier{Handler: proxy} })
}

// What drift costs does not grow with the services that one stack owns, but for a call for each
// revision that was not read before.
func TestCallsOfAnEnvironment(t *testing.T) {
	counted := func(n int) (calls map[string]int) {
		apptest.Run(t, sandbox.Config{Clusters: []string{"dev"}}, func(aw *apptest.World) {
			w := world{aw, client(aw.World, "sandbox")}
			var images, services, resources strings.Builder
			for i := range n {
				fmt.Fprintf(&images, "  web%d: {repository: shop/web%d}\n", i, i)
				fmt.Fprintf(&services, "  web%d: {taskDefinition: web%d.taskdef.json, containers: {app: web%d}}\n", i, i, i)
				one := strings.TrimSpace(stackTemplate("", sandboxtest.Host+fmt.Sprintf("/shop/web%d@sha256:${Pin}", i)))
				one = strings.TrimPrefix(one, "Resources:\n")
				one = strings.NewReplacer("Definition:\n", fmt.Sprintf("Definition%d:\n", i), "Service:\n", fmt.Sprintf("Service%d:\n", i), "!Ref Definition", fmt.Sprintf("!Ref Definition%d", i),
					"Family: web", fmt.Sprintf("Family: web%d", i), "ServiceName: web", fmt.Sprintf("ServiceName: web%d", i),
					"Image: "+sandboxtest.Host, `Image: !Sub ["`+sandboxtest.Host, "${Pin}", fmt.Sprintf(`${Pin}", {Pin: !Select [1, !Split ["sha256:", !Select [0, !Split ['"', !Select [1, !Split ['"web%d":"', !Ref Pins]]]]]]}]`, i)).Replace(one)
				resources.WriteString(one + "\n")
				w.Write(fmt.Sprintf("web%d.taskdef.json", i), fmt.Sprintf(`{"family": "web%d", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512", "containerDefinitions": [{"name": "app"}]}`, i))
			}
			w.Write("tagboat.yaml", "app: shop\nregistry: "+sandboxtest.Host+"\nimages:\n"+images.String()+"services:\n"+services.String()+
				"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
			for i := range n {
				w.Push(fmt.Sprintf("shop/web%d:v1", i))
				w.Pin("dev", fmt.Sprintf("web%d=v1", i))
			}
			w.create(groupJSON + "\nResources:\n" + resources.String())
			operations := []string{
				"cloudformation.DescribeStacks", "cloudformation.GetTemplate", "cloudformation.ListStackResources", "cloudformation.DescribeStackResources",
				"ecs.DescribeServices", "ecs.ListTasks", "ecs.DescribeTasks", "ecs.DescribeTaskDefinition", "ssm.GetParameters",
			}
			before := map[string]int{}
			for _, o := range operations {
				before[o] = w.Calls(o)
			}
			document := w.report(false)
			if document.Drifted() || len(document.Services) != n || document.Services[n-1].Stack == nil {
				t.Errorf("%+v", document)
			}
			calls = map[string]int{}
			for _, o := range operations {
				if c := w.Calls(o) - before[o]; c > 0 {
					calls[o] = c
				}
			}
		})
		return calls
	}
	want := map[string]int{
		"cloudformation.DescribeStacks": 1, "cloudformation.GetTemplate": 1, "cloudformation.ListStackResources": 1,
		"ecs.DescribeServices": 1, "ecs.ListTasks": 1, "ecs.DescribeTasks": 1, "ecs.DescribeTaskDefinition": 2, "ssm.GetParameters": 2,
	}
	expect.Equal(t, want, counted(2))
	want["ecs.DescribeTaskDefinition"] = 8
	expect.Equal(t, want, counted(8))
}

// Where CloudFormation may not be asked, all else is shown, and it is said once what is missing.
func TestCloudFormationIsRefused(t *testing.T) {
	run(t, func(w world) {
		w.create(stackTemplate("", v("1")))
		w.deployPast("v2")
		a := w.through(proxytest.Order{Kind: proxytest.Refuse, Operation: "cloudformation.DescribeStacks"})
		document := expect.Value(a.Drift.Report(w.Context(), fleet.Selection{}, true))(w)
		expect.Equal(t, []string{"what stacks have is not known in dev, since cloudformation:DescribeStacks is refused: tagboat generate iam-policy --for drift --env dev prints a policy with it"}, document.Notes)
		s := document.Services[0]
		if s.Stack != nil || len(s.Differences) > 0 || s.Images[0].Deployed.Tag != "v2" {
			t.Errorf("%+v", s)
		}
	})
}

// The change sets of a prediction are gone afterwards, also where the command was interrupted.
func TestPredict(t *testing.T) {
	run(t, func(w world) {
		w.create(stackTemplate("", v("1")))
		w.deployPast("v2")
		predicted := w.report(true).Services[0].Stack.Predicted
		expect.Equal(t, &tagboat.PredictedDrift{Update: []string{}, Revert: []string{"Service is changed: TaskDefinition web:2 → web:1"}}, predicted)
		w.NoChangeSets("shop-dev")

		// Settings that were changed by hand show as well.
		w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "desiredCount": 3})
		reverted := w.report(true).Services[0].Stack.Predicted.Revert
		expect.Equal(t, []string{"Service is changed: DesiredCount 3 → 1, TaskDefinition web:2 → web:1"}, reverted)

		ctx, cancel := context.WithCancel(w.Context())
		proxy := proxytest.New(w.Server)
		stop := func(next http.RoundTripper) http.RoundTripper { return interrupting{next, cancel} }
		a := w.Open(func(http.RoundTripper) http.RoundTripper { return sandboxtest.Carrier{Handler: proxy} }, stop)
		if _, err := a.Drift.Report(ctx, fleet.Selection{}, true); err == nil {
			t.Error("an interrupted prediction has no error")
		}
		w.NoChangeSets("shop-dev")
		if made, deleted := w.Calls("cloudformation.CreateChangeSet"), w.Calls("cloudformation.DeleteChangeSet"); made != 5 || deleted != 5 {
			t.Errorf("%d change sets were made, %d deleted", made, deleted)
		}
	})
}

// interrupting interrupts a command while a change set is made.
type interrupting struct {
	next   http.RoundTripper
	cancel context.CancelFunc
}

func (i interrupting) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer, err := i.next.RoundTrip(r)
	if bytes.Contains(body, []byte("Action=CreateChangeSet")) {
		i.cancel()
	}
	return answer, err
}

// A service without a stack: what was changed in the console, of the task definition and of the service.
func TestServiceWithoutAStack(t *testing.T) {
	apptest.Shop{}.Run(t, func(aw *apptest.World) {
		w := world{aw, client(aw.World, "sandbox")}
		document := w.report(true)
		if document.Drifted() || document.Services[0].Stack != nil || document.Notes != nil {
			t.Errorf("%+v", document)
		}
		_, image := w.running()
		arn := w.AWS("ecs.RegisterTaskDefinition", map[string]any{
			"family": "web", "networkMode": "awsvpc", "requiresCompatibilities": []string{"FARGATE"}, "cpu": "256", "memory": "1024", "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
			"containerDefinitions": []map[string]any{{"name": "app", "image": image}},
		})["taskDefinition"].(map[string]any)["taskDefinitionArn"]
		w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": arn, "desiredCount": 5, "enableExecuteCommand": true})
		s := w.report(false).Services[0]
		if !strings.Contains(s.Diff, "- memory: \"1024\"\n+ memory: \"512\"") {
			t.Errorf("the diff is %s", s.Diff)
		}
		if !slices.Contains(s.Differences, "somebody else's deployment: Tagboat did not register web:2") {
			t.Errorf("%q", s.Differences)
		}
	})
}

// A service that is deployed through a stack belongs to the one that tagboat.yaml names; one that is
// not there is said, and is no error.
func TestTheStackThatTheFileNames(t *testing.T) {
	run(t, func(w world) {
		named := func(stack string) {
			w.Write("tagboat.yaml", `
app: shop
registry: `+sandboxtest.Host+`
images: {web: {repository: shop/web}}
services:
  web: {deploy: {through: cloudformation, stack: "`+stack+`", parameters: {Image: web}}, containers: {app: web}}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`)
		}
		w.create(strings.ReplaceAll(stackTemplate(plain, "!Ref Image"), "ServiceName: web", "EnableExecuteCommand: false"), "Image="+v("1"))
		named("shop-{environment}")
		s := w.report(false).Services[0]
		if s.Stack == nil || s.Stack.Name != "shop-dev" || s.State != "steady" || s.Images[0].Source != "parameter" || len(s.Differences) > 0 {
			t.Errorf("%+v, %+v", s, s.Stack)
		}
		named(`shop-{environment}", resource: "Nope`)
		s = w.report(false).Services[0]
		expect.Equal(t, []string{`the stack "shop-dev" has no service Nope: it has Service (the stack is CREATE_COMPLETE)`}, s.Differences)
		named("other-{environment}")
		s = w.report(false).Services[0]
		expect.Equal(t, []string{"there is no stack other-dev, which tagboat.yaml names", "there is no service web in cluster dev"}, s.Differences)
	})
}

// A stack at work says that it cannot be updated, and one whose update failed says so as well.
func TestAStackAtWork(t *testing.T) {
	run(t, func(w world) {
		w.create(stackTemplate("", v("1")))
		name, body := "shop-dev", stackTemplate("", v("2"))
		expect.OK(t, expect.Err(w.stacks.UpdateStack(w.Context(), &cfn.UpdateStackInput{StackName: &name, TemplateBody: &body})))
		said := w.report(true).Services[0].Stack
		if said.Update.Effect != tagboat.EffectBlocked || said.Predicted != nil || !strings.Contains(said.Update.Text, "UPDATE_IN_PROGRESS") {
			t.Errorf("%+v", said)
		}
		w.ends(types.StackStatusUpdateComplete)
		w.Pin("dev", "web=v2")
		if document := w.report(false); document.Drifted() {
			t.Errorf("%+v", document.Services[0])
		}
	})
}

// Two environments in two accounts each have their own stack.
func TestTwoAccounts(t *testing.T) {
	run(t, func(w world) {
		w.Write("tagboat.yaml", `
app: shop
registry: `+sandboxtest.Host+`
images: {web: {repository: shop/web}}
services:
  web: {taskDefinition: {family: web}, containers: {app: web}}
stages: [{name: dev}, {name: prod}]
environments:
`+apptest.Environment("dev", "")+apptest.Environment("prod", apptest.ProdAccount))
		w.Pin("prod", "web=v2")
		w.create(stackTemplate("", v("1")))
		w.AWSAs(apptest.ProdAccount, "ecs.CreateCluster", map[string]any{"clusterName": "prod", "capacityProviders": []string{"FARGATE"}})
		prod := world{w.World, client(w.World.World, apptest.ProdAccount)}
		prod.create(strings.ReplaceAll(stackTemplate("", v("1")), "Cluster: dev", "Cluster: prod"))
		document := w.report(false)
		expect.Equal(t, 2, len(document.Services))
		expect.Equal(t, 0, len(document.Services[0].Differences))
		if s := document.Services[1]; s.Stack == nil || !strings.Contains(s.Stack.ID, apptest.ProdAccount) || len(s.Differences) == 0 {
			t.Errorf("%+v", s)
		}
	})
}
