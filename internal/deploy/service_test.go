package deploy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/ecs"
)

// TestDesiredCountThatECSRefuses: a count that CreateService or UpdateService would
// refuse is a problem of the plan, before anything is called.
func TestDesiredCountThatECSRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		service string
		exists  string // its scheduling strategy; "" where there is no service
		want    string // in the problem; "" for none
	}{
		"a new service without a count":       {`{}`, "", "requires a desiredCount"},
		"a new REPLICA without a count":       {`{"schedulingStrategy":"REPLICA"}`, "", "requires a desiredCount"},
		"a new service with none wanted":      {`{"desiredCount":0}`, "", ""},
		"an autoscaled service":               {`{}`, "REPLICA", ""},
		"a new DAEMON":                        {`{"schedulingStrategy":"DAEMON"}`, "", ""},
		"a new DAEMON with a count":           {`{"schedulingStrategy":"DAEMON","desiredCount":1}`, "", "takes no desiredCount"},
		"a DAEMON with a count":               {`{"schedulingStrategy":"DAEMON","desiredCount":2}`, "DAEMON", "takes no desiredCount"},
		"a DAEMON whose file does not say so": {`{"desiredCount":2}`, "DAEMON", "takes no desiredCount"},
	} {
		t.Run(name, func(t *testing.T) {
			wanted, o := deploytest.Target(t, nil, "v1"), deploytest.Observed(t, "COMPLETED", 2)
			service := deploytest.Parse(t, test.service)
			wanted.Desired.ServiceDefinition = &service
			o.Service.SchedulingStrategy = test.exists
			o.Service.Record = json.RawMessage(`{"schedulingStrategy":"` + test.exists + `","desiredCount":2}`)
			if test.exists == "" {
				o = deploy.Observed{}
			}
			problems := deploy.NewPlan(wanted, o).Problems
			if test.want == "" && len(problems) > 0 {
				t.Errorf("problems: %+v", problems)
			}
			if test.want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Message, test.want) || problems[0].Hint == "") {
				t.Errorf("problems: %+v, want one that says %q", problems, test.want)
			}
		})
	}
}

// TestCapacityProvidersForceADeployment: ECS refuses a changed strategy otherwise.
func TestCapacityProvidersForceADeployment(t *testing.T) {
	for name, test := range map[string]struct{ record, service string }{
		"from a launch type":    {`{"launchType":"FARGATE"}`, `{"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT"}]}`},
		"another strategy":      {`{"capacityProviderStrategy":[{"capacityProvider":"FARGATE","weight":1}]}`, `{"capacityProviderStrategy":[{"capacityProvider":"FARGATE","weight":2}]}`},
		"back to a launch type": {`{"capacityProviderStrategy":[{"capacityProvider":"FARGATE"}]}`, `{"launchType":"FARGATE"}`},
		"none any more":         {`{"capacityProviderStrategy":[{"capacityProvider":"FARGATE"}]}`, `{"capacityProviderStrategy":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			wanted, o := deploytest.Target(t, nil, "v1"), deploytest.Observed(t, "COMPLETED", 2)
			service := deploytest.Parse(t, test.service)
			wanted.Desired.ServiceDefinition, o.Service.Record = &service, json.RawMessage(test.record)
			p := deploy.NewPlan(wanted, o)
			if len(p.Steps) != 1 || p.Steps[0].String() != "update service api in cluster c: capacityProviderStrategy (new deployment)" {
				t.Errorf("steps %v, problems %+v", p.Steps, p.Problems)
			}
		})
	}
}

// TestEmptyListsAreNotSent: ECS refuses some of them, and none says anything.
func TestEmptyListsAreNotSent(t *testing.T) {
	wanted := deploytest.Target(t, nil, "v1")
	service := deploytest.Parse(t, `{"desiredCount":1,"tags":[],"loadBalancers":[],"deploymentConfiguration":{"lifecycleHooks":[]}}`)
	wanted.Desired.ServiceDefinition = &service
	steps := deploy.NewPlan(wanted, deploy.Observed{}).Steps
	create, ok := steps[len(steps)-1].(deploy.CreateService)
	if !ok || strings.Contains(string(create.Input), "[]") {
		t.Errorf("steps %v: %s", steps, create.Input)
	}
}

// tagged is a target whose file gives the service tags.
func tagged(t *testing.T, f *deploytest.ECS, version, tags string) deploy.Target {
	t.Helper()
	wanted := deploytest.Target(t, f.Client(), version)
	service := deploytest.Parse(t, `{"desiredCount":2,"tags":`+tags+`}`)
	wanted.Desired.ServiceDefinition = &service
	return wanted
}

// TestChangedTagsOfAService are applied, without a deployment where nothing else differs.
func TestChangedTagsOfAService(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Services["api"].Tags = map[string]string{"old": "1", "aws:x": "y"}
		got := deploytest.RunMany(t, []deploy.Target{tagged(t, f, "v1", `[{"key":"team","value":"shop"}]`)}, deploytest.Wait())[0]
		if got.Verdict != tagboat.VerdictSucceeded || f.Changes() != "TagResource 1, UntagResource 1" {
			t.Errorf("%s: %s; %s", got.Verdict, got.Reason, f.Changes())
		}
		tags := f.Services["api"].Tags
		if len(tags) != 2 || tags["team"] != "shop" || tags["aws:x"] != "y" {
			t.Errorf("tags %v", tags)
		}
		clear(f.Calls)
		got = deploytest.RunMany(t, []deploy.Target{tagged(t, f, "v1", `[{"key":"team","value":"shop"}]`)}, deploytest.Wait())[0]
		if got.Verdict != tagboat.VerdictUnchanged || f.Changes() != "" {
			t.Errorf("again: %s: %s; %s", got.Verdict, got.Reason, f.Changes())
		}
		clear(f.Calls)
		got = deploytest.RunMany(t, []deploy.Target{tagged(t, f, "v2", `[{"key":"team","value":"web"}]`)}, deploytest.Wait())[0]
		if got.Verdict != tagboat.VerdictSucceeded || f.Services["api"].Tags["team"] != "web" {
			t.Errorf("with another version: %s: %s; %s, tags %v", got.Verdict, got.Reason, f.Changes(), f.Services["api"].Tags)
		}
	})
}

// TestTagsThatCannotBeChanged: an ARN of the old form takes no tags.
func TestTagsThatCannotBeChanged(t *testing.T) {
	o := deploytest.Observed(t, "COMPLETED", 2)
	o.Service.ARN, o.Service.ClusterARN = "arn:aws:ecs:r:1:service/api", "arn:aws:ecs:r:1:cluster/c"
	p := deploy.NewPlan(tagged(t, deploytest.New(), "v1", `[{"key":"a","value":"b"}]`), o)
	if len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Message, "of the old form") {
		t.Errorf("problems %+v", p.Problems)
	}
}

// TestRefusedUpdateAfterTags: what was changed before a refusal is said, and that is no
// refusal of which nothing came.
func TestRefusedUpdateAfterTags(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Refuse = func(op string) error {
			if op == "UpdateService" {
				return ecs.ErrNotDone
			}
			return nil
		}
		got := deploytest.RunMany(t, []deploy.Target{tagged(t, f, "v2", `[{"key":"a","value":"b"}]`)}, deploytest.Wait())[0]
		if got.Refused || !strings.HasSuffix(got.Reason, "the service was not changed; its tags were changed before that") {
			t.Errorf("refused %v: %s", got.Refused, got.Reason)
		}
	})
}
