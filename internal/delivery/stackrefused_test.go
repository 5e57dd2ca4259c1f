package delivery_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestTemplatesThatDoNotBringThePin are refused before anything is written, and say which container
// it is and what to do.
func TestTemplatesThatDoNotBringThePin(t *testing.T) {
	for _, test := range []struct {
		name  string
		stack apptest.Stack
		says  []string
	}{
		{"a reference without a version", apptest.Stack{Image: apptest.ByReference}, []string{"container app", "{{resolve:ssm:/one/dev/web}}", "only where the template's text changes", "AWS::SSM::Parameter::Value<String>", "a version in the reference"}},
		{"a reference with a version", apptest.Stack{Image: apptest.ByVersion}, []string{"{{resolve:ssm:/one/dev/web:1}}"}},
		{"an image in the template", apptest.Stack{Image: apptest.ByItself}, []string{"container app", "itself", "make it a parameter"}},
		{"a parameter that nobody names", apptest.Stack{Deploy: ", resource: Web"}, []string{"the parameter WebImage", "deploy: {parameters: {WebImage: web}}"}},
		{"a parameter that is not there", apptest.Stack{Deploy: ", parameters: {WebImage: web, Nothing: web}"}, []string{"no parameter Nothing"}},
		{"a parameter of another name in Parameter Store", apptest.Stack{Image: apptest.ByPins, Parameters: map[string]any{
			"WebPin": map[string]any{"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/other"},
		}}, []string{"which is not the pinned"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				w.Push("shop/web:v1")
				w.AWS("ssm.PutParameter", map[string]any{"Name": "/other", "Type": "String", "Value": "127.0.0.1:4510/shop/web@" + string(w.Pushed["shop/web:v1"])})
				test.stack.Run(w)
				next(w)
				refusedPlan(w, fleet.Selection{}, test.says...)
				w.NoChangeSets("shop-dev")
			})
		})
	}
}

// TestParametersThatTakeNoURI are refused before anything is written, with the parameter and its value.
func TestParametersThatTakeNoURI(t *testing.T) {
	for constraint, says := range map[string]string{
		`"AllowedPattern": "[^@]+/web@sha256:[0-9a-f]{64}"`: "'WebImage' must match pattern",
		`"MaxLength": 95`: "'WebImage' must",
	} {
		inStack(t, apptest.Stack{}, func(w *apptest.World) {
			template := strings.NewReplacer(`"Type": "String"`, `"Type": "String", `+constraint, `"DesiredCount": 2`, `"DesiredCount": 1`).
				Replace(apptest.Stack{Services: []string{"web"}}.Template(w))
			w.CloudFormation("UpdateStack", url.Values{"StackName": {"shop-dev"}, "TemplateBody": {template}})
			w.StackEnds("shop-dev", "UPDATE_COMPLETE")
			next(w)
			refusedPlan(w, fleet.Selection{}, "a change set for stack shop-dev: ", says, "let the template's parameter WebImage take the URI 127.0.0.1:4510/shop/web:v2@sha256:", "see its AllowedPattern")
		})
	}
}

// TestTagsAloneAreNotDeployed says that the version has no digest, and not that there is none.
func TestTagsAloneAreNotDeployed(t *testing.T) {
	inStack(t, apptest.Stack{}, func(w *apptest.World) {
		w.Write("tagboat.yaml", `app: tags
registry: 127.0.0.1:4510
ledger: {form: tag}
images: {web: {repository: shop/web}}
services: {web: {deploy: {through: cloudformation, stack: shop-dev, parameters: {WebImage: web}}, containers: {app: web}}}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`)
		next(w)
		_, err := w.Open().Delivery.Plan(w.Context(), apptest.Dev)
		if err == nil || !strings.Contains(err.Error(), "is pinned in dev as v2, without a digest") || !strings.Contains(tagboat.HintOf(err), "ledger: {form: tag}") {
			w.Errorf("%v (%s)", err, tagboat.HintOf(err))
		}
	})
}

// TestStacksThatCannotBeUpdated are refused before anything is written, with what to do.
func TestStacksThatCannotBeUpdated(t *testing.T) {
	update := func(w *apptest.World, pairs ...string) {
		w.CloudFormation("UpdateStack", parameters(pairs...))
	}
	for _, test := range []struct {
		name string
		make func(w *apptest.World)
		says []string
	}{
		{"somebody else's update", func(w *apptest.World) {
			w.Push("shop/web:other")
			update(w, "WebImage", image(w, "other"))
			w.Later(3 * time.Second)
		}, []string{"somebody else's operation", "wait until it has ended"}},
		{"deleting", func(w *apptest.World) {
			w.CloudFormation("DeleteStack", url.Values{"StackName": {"shop-dev"}})
			w.Later(2 * time.Second)
		}, []string{"is being deleted"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inStack(t, apptest.Stack{}, func(w *apptest.World) {
				next(w)
				test.make(w)
				refusedPlan(w, fleet.Selection{}, test.says...)
			})
		})
	}
}

func image(w *apptest.World, tag string) string {
	return "127.0.0.1:4510/shop/web@" + string(w.Pushed["shop/web:"+tag])
}

// parameters are those of an update of the stack with its template.
func parameters(pairs ...string) url.Values {
	form := url.Values{"StackName": {"shop-dev"}, "UsePreviousTemplate": {"true"}}
	for i := 0; i < len(pairs); i += 2 {
		at := "Parameters.member." + string(rune('1'+i/2)) + "."
		form.Set(at+"ParameterKey", pairs[i])
		form.Set(at+"ParameterValue", pairs[i+1])
	}
	return form
}

// TestServicesChangedPastTheirStack run what the stack does not have: where the stack has the pinned
// version it cannot bring it, and says how to.
func TestServicesChangedPastTheirStack(t *testing.T) {
	inStack(t, apptest.Stack{}, func(w *apptest.World) {
		w.Push("shop/web:other")
		name := w.StackService("shop-dev", "Web")
		deploy := func(tag string) {
			registered := w.AWS("ecs.RegisterTaskDefinition", map[string]any{
				"family": "elsewhere", "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
				"containerDefinitions": []any{map[string]any{"name": "app", "image": image(w, tag), "essential": true}},
			})["taskDefinition"].(map[string]any)
			w.AWS("ecs.UpdateService", map[string]any{"cluster": "stack", "service": name, "taskDefinition": registered["taskDefinitionArn"]})
			w.Later(10 * time.Minute)
		}
		deploy("other")
		refusedPlan(w, fleet.Selection{}, "changed past its stack", "aws ecs update-service --cluster stack --service "+name)
		next(w)
		w.Expect(w.One(), tagboat.VerdictSucceeded)
	})
}

// TestHoldsBindAStack leave all services of a stack alone where its update would bring what is held.
func TestHoldsBindAStack(t *testing.T) {
	inStack(t, apptest.Stack{Services: []string{"web", "api"}, Image: apptest.ByPins}, func(w *apptest.World) {
		both(w)
		apptest.Hold(w, pinning.HoldRequest{Environment: "dev", Images: []tagboat.ImageName{"api"}, Message: "no"})
		a := w.Open()
		set := planOf(w, a, fleet.Selection{})
		if err := a.Delivery.Automate(w.Context(), set); err != nil {
			w.Fatal(err)
		}
		for _, d := range a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments {
			w.Expect(d, tagboat.VerdictBlocked)
			if d.Service == "web" && !strings.Contains(d.Reason, "ApiTask") {
				w.Errorf("web says %s", d.Reason)
			}
		}
		w.StackEnds("shop-dev", "CREATE_COMPLETE")
		w.NoChangeSets("shop-dev")
	})
}

// TestStacksOfTwoAccounts are updated side by side, each by the name that it has in its environment,
// and dependsOn holds between the services of two stacks.
func TestStacksOfTwoAccounts(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		s := apptest.Stack{Services: []string{"web"}, More: "stages: [{name: dev}]\nenvironments:\n" + apptest.Environment("dev", "") + apptest.Environment("mb-dev", apptest.TenantAccount)}
		s.Run(w)
		w.Pin("mb-dev", "web=v1")
		w.AWSAs(apptest.TenantAccount, "ecs.CreateCluster", map[string]any{"clusterName": "stack", "capacityProviders": []string{"FARGATE"}})
		w.CloudFormationAs(apptest.TenantAccount, "CreateStack", url.Values{"StackName": {"shop-mb-dev"}, "TemplateBody": {s.Template(w)}})
		w.Later(5 * time.Minute)
		w.Push("shop/web:v2")
		for _, env := range []tagboat.EnvName{"dev", "mb-dev"} {
			w.Pin(env, "web=v2")
		}
		done := deployed(w, fleet.Selection{})
		if len(done) != 2 {
			w.Fatalf("%+v", done)
		}
		for _, d := range done {
			w.Expect(d, tagboat.VerdictSucceeded)
		}
	})
}

// TestOrderOfStacks holds dependsOn between stacks, and refuses stacks that would wait for each other.
func TestOrderOfStacks(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		s := apptest.Stack{Services: []string{"web", "api"}, Deploy: ", parameters: {}"}
		s.Run(w)
		two := apptest.Stack{Services: []string{"job"}}
		w.Push("shop/job:v1")
		w.CloudFormation("CreateStack", url.Values{"StackName": {"other"}, "TemplateBody": {two.Template(w)}})
		w.StackEnds("other", "CREATE_COMPLETE")
		write := func(api string) {
			w.Write("tagboat.yaml", `app: shop
registry: 127.0.0.1:4510
images: {web: {repository: shop/web}, api: {repository: shop/api}, job: {repository: shop/job}}
services:
  web: {deploy: {through: cloudformation, stack: shop-dev, resource: Web, parameters: {WebImage: web}}, containers: {app: web}, dependsOn: [job]}
  api: {deploy: {through: cloudformation, stack: shop-dev, resource: Api, parameters: {ApiImage: api}}, containers: {app: api}}
  job: {deploy: {through: cloudformation, stack: other, parameters: {JobImage: job}}, containers: {app: job}`+api+`}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`)
		}
		write("")
		for _, name := range []string{"web", "api", "job"} {
			w.Push("shop/" + name + ":v2")
			w.Pin("dev", name+"=v2")
		}
		write(", dependsOn: [api]")
		refusedPlan(w, fleet.Selection{}, "updated together", "web on job")
		write("")
		ends := map[tagboat.ServiceName]tagboat.Deployment{}
		for _, d := range w.Deploy() {
			w.Expect(d, tagboat.VerdictSucceeded)
			ends[d.Service] = d
		}
		if ends["web"].StartedAt.Before(ends["job"].EndedAt) || ends["api"].StartedAt.Before(ends["job"].EndedAt) {
			w.Errorf("job ended at %s, web began at %s and api at %s", ends["job"].EndedAt, ends["web"].StartedAt, ends["api"].StartedAt)
		}
	})
}
