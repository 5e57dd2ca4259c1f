package deploy_test

import (
	"encoding/json"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestPlanSteps(t *testing.T) {
	for name, test := range map[string]struct {
		observed func() deploy.Observed
		wanted   string
		want     []string
	}{
		"nothing to do": {
			func() deploy.Observed { return deploytest.Observed(t, "COMPLETED", 2) }, "v1", nil,
		},
		"a run that was killed is taken up": {
			func() deploy.Observed { return deploytest.Observed(t, "IN_PROGRESS", 1) }, "v1",
			[]string{"watch deployment ecs-svc/1, which is in progress"},
		},
		"completed, and a task is missing": {
			func() deploy.Observed { return deploytest.Observed(t, "COMPLETED", 1) }, "v1",
			[]string{"watch deployment ecs-svc/1, which is in progress"},
		},
		"what is wanted failed": {
			func() deploy.Observed { return deploytest.Observed(t, "FAILED", 0) }, "v1",
			[]string{"update service api in cluster c (new deployment)"},
		},
		"another image": {
			func() deploy.Observed { return deploytest.Observed(t, "COMPLETED", 2) }, "v2",
			[]string{"register a revision of task definition api", "update service api in cluster c"},
		},
		"another image that was rolled out before": {
			func() deploy.Observed {
				o := deploytest.Observed(t, "COMPLETED", 2)
				o.Candidates = []ecs.TaskDefinition{deploytest.Registered(t, 3, "v3"), deploytest.Registered(t, 2, "v2")}
				return o
			}, "v2",
			[]string{"reuse api:2", "update service api in cluster c"},
		},
		"an equal revision that was deregistered is not used": {
			func() deploy.Observed {
				o := deploytest.Observed(t, "COMPLETED", 2)
				gone := deploytest.Registered(t, 2, "v2")
				gone.Status = "INACTIVE"
				o.Candidates = []ecs.TaskDefinition{gone}
				return o
			}, "v2",
			[]string{"register a revision of task definition api", "update service api in cluster c"},
		},
		"the service alone": {
			func() deploy.Observed {
				o := deploytest.Observed(t, "COMPLETED", 2)
				o.Service.Record = json.RawMessage(`{"serviceName":"api","desiredCount":5}`)
				return o
			}, "v1",
			[]string{"update service api in cluster c: desiredCount"},
		},
		"no service yet": {
			func() deploy.Observed { return deploy.Observed{} }, "v1",
			[]string{"register a revision of task definition api", "create service api in cluster c"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := deploy.NewPlan(deploytest.Target(t, nil, test.wanted), test.observed())
			var got []string
			for _, s := range p.Steps {
				got = append(got, s.String())
			}
			expect.EqualIn(t, "steps", test.want, got)
			if len(p.Problems) > 0 {
				t.Errorf("problems: %+v", p.Problems)
			}
		})
	}
}

func TestPlanProblems(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*deploy.Target, *deploy.Observed)
		want   string
	}{
		"no cluster": {
			func(_ *deploy.Target, o *deploy.Observed) { *o = deploy.Observed{ClusterMissing: true} },
			`cluster "c" does not exist`,
		},
		"no service and nothing to create it from": {
			func(t *deploy.Target, o *deploy.Observed) { t.Desired.ServiceDefinition = nil; *o = deploy.Observed{} },
			`service "api" does not exist in cluster "c"`,
		},
		"being deleted": {
			func(_ *deploy.Target, o *deploy.Observed) { o.Service.Status = "DRAINING" },
			`service "api" in cluster "c" is being deleted`,
		},
		"rolled by CodeDeploy": {
			func(_ *deploy.Target, o *deploy.Observed) { o.Service.Controller = "CODE_DEPLOY" },
			`service "api" is rolled by CODE_DEPLOY, not by ECS itself`,
		},
		"nothing may stop, nothing may start": {
			func(_ *deploy.Target, o *deploy.Observed) {
				o.Service.MinHealthyPercent, o.Service.MaxPercent = 75, 100
			},
			"the rollout can never move: of 2 tasks 2 must stay healthy (minimumHealthyPercent 75) and no more than 2 may exist (maximumPercent 100)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			wanted, o := deploytest.Target(t, nil, "v2"), deploytest.Observed(t, "COMPLETED", 2)
			test.change(&wanted, &o)
			p := deploy.NewPlan(wanted, o)
			if len(p.Problems) != 1 || p.Problems[0].Message != test.want || p.Problems[0].Hint == "" {
				t.Errorf("problems: %+v", p.Problems)
			}
		})
	}
}

func TestDocument(t *testing.T) {
	plans := []deploy.Plan{
		deploy.NewPlan(deploytest.Target(t, nil, "v1"), deploytest.Observed(t, "COMPLETED", 2)),
		deploy.NewPlan(deploytest.Target(t, nil, "v2"), deploytest.Observed(t, "COMPLETED", 2)),
	}
	d := deploy.Document(plans)
	if len(d.Changes) != 1 || d.Changes[0].Diff == "" {
		t.Fatalf("changes: %+v", d.Changes)
	}
	d.Changes[0].Diff = ""
	want := tagboat.PlanDocument{
		Changes: []tagboat.Change{{
			Environment: "dev", Service: "api",
			Steps: []string{"register a revision of task definition api", "update service api in cluster c"},
			Images: []tagboat.ImageState{{
				Container: "app", Image: "api", Tag: "v2", Pinned: plans[1].Desired.Images[0].Pinned.Digest,
				Previous: plans[0].Desired.Images[0].Pinned.Digest, PreviousTag: "v1",
			}},
		}},
		Problems: []tagboat.Problem{},
		Warnings: []tagboat.Problem{}, Unchanged: 1,
	}
	expect.EqualIn(t, "document", want, d)
}
