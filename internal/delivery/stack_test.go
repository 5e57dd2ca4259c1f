package delivery_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// inStack runs a story in which version v1 of the services of a stack runs.
func inStack(t *testing.T, s apptest.Stack, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		s.Run(w)
		story(w)
	})
}

// TestThroughAStack deploys a version through a parameter of the stack, and through the pins that a
// parameter with an SSM type reads.
func TestThroughAStack(t *testing.T) {
	for _, way := range []string{apptest.ByParameter, apptest.ByPins} {
		t.Run(way, func(t *testing.T) {
			inStack(t, apptest.Stack{Image: way}, func(w *apptest.World) {
				w.Expect(w.One(), tagboat.VerdictUnchanged)
				next(w)
				d := w.One()
				w.Expect(d, tagboat.VerdictSucceeded, "with the pinned digests")
				if d.Images[0].Running != w.Pushed["shop/web:v2"] || d.DeploymentID == "" || d.TaskDefinition == d.PreviousTaskDefinition {
					w.Errorf("%+v", d)
				}
				w.StackEnds("shop-dev", "UPDATE_COMPLETE")
				w.NoChangeSets("shop-dev")
				w.Expect(w.One(), tagboat.VerdictUnchanged)
			})
		})
	}
}

// TestThroughAStackCosts holds how many calls reading and updating a stack takes, for one service or
// for three.
func TestThroughAStackCosts(t *testing.T) {
	for _, services := range [][]string{{"web"}, {"web", "api", "job"}} {
		inStack(t, apptest.Stack{Services: services}, func(w *apptest.World) {
			count := func(do func()) map[string]int {
				before := operation.From(w.Context()).Calls().ByOperation
				do()
				calls := map[string]int{}
				for name, n := range operation.From(w.Context()).Calls().ByOperation {
					if n -= before[name]; n > 0 && strings.HasPrefix(name, "cloudformation.") {
						calls[strings.TrimPrefix(name, "cloudformation.")] = n
					}
				}
				return calls
			}
			read := map[string]int{"DescribeStacks": 1, "GetTemplate": 1, "ListStackResources": 1}
			same(w, "unchanged", count(func() { w.Deploy() }), read)
			same(w, "status", count(func() {
				if _, err := w.Open().View.Status(w.Context(), apptest.Dev); err != nil {
					w.Fatal(err)
				}
			}), map[string]int{"ListStackResources": 1})
			for _, name := range services {
				w.Push("shop/" + name + ":v2")
				w.Pin("dev", name+"=v2")
			}
			for _, d := range w.Deploy() {
				w.Expect(d, tagboat.VerdictSucceeded)
			}
			for _, name := range services {
				w.Push("shop/" + name + ":v3")
				w.Pin("dev", name+"=v3")
			}
			calls := count(func() { w.Deploy() })
			if calls["DescribeStackEvents"] > 40 {
				w.Errorf("%d looks at events", calls["DescribeStackEvents"])
			}
			delete(calls, "DescribeStackEvents")
			same(w, "deploy", calls, map[string]int{
				"DescribeStacks": 1, "GetTemplate": 1, "ListStackResources": 1,
				"CreateChangeSet": 2, "DescribeChangeSet": 4, "DeleteChangeSet": 1, "ExecuteChangeSet": 1,
			})
		})
	}
}

func same(w *apptest.World, what string, got, want map[string]int) {
	w.Helper()
	for name := range want {
		if got[name] != want[name] {
			w.Errorf("%s: %d calls of %s, want %d", what, got[name], name, want[name])
		}
	}
	for name := range got {
		if want[name] == 0 {
			w.Errorf("%s: %d calls of %s, want none", what, got[name], name)
		}
	}
}

// TestBadVersionsThroughAStack are taken back, by ECS's circuit breaker and then CloudFormation, or by
// CloudFormation because the update is cancelled; or left alone, as requested.
func TestBadVersionsThroughAStack(t *testing.T) {
	for _, test := range []struct {
		name    string
		breaker bool
		options rollout.Options
		verdict tagboat.Verdict
		status  string
		says    []string
	}{
		{"by the breaker", true, apptest.Wait, tagboat.VerdictRolledBack, "UPDATE_ROLLBACK_COMPLETE", []string{"rolled stack shop-dev back", "exited with code 3"}},
		{"cancelled", false, apptest.Wait, tagboat.VerdictRolledBack, "UPDATE_ROLLBACK_COMPLETE", []string{"rolled stack shop-dev back", "exited with code 3"}},
		{"left", false, rollout.Options{Wait: true, NoRollback: true, MaxParallel: 1}, tagboat.VerdictFailed, "UPDATE_IN_PROGRESS", []string{"cancel-update-stack", "as requested"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inStack(t, apptest.Stack{Breaker: test.breaker}, func(w *apptest.World) {
				next(w, "exit=3@1s")
				d := w.DeployWith(w.Context(), w.Open(), test.options)[0]
				w.Expect(d, test.verdict, test.says...)
				if got := w.StackStatus("shop-dev"); got != test.status {
					w.Errorf("the stack is %s, want %s", got, test.status)
				}
				if test.verdict == tagboat.VerdictRolledBack && d.Images[0].Running != w.Pushed["shop/web:v1"] {
					w.Errorf("%s runs", d.Images[0].Running)
				}
			})
		})
	}
}

// TestTwoServicesOfAStack share one change set and one update, and each has a verdict of its own.
func TestTwoServicesOfAStack(t *testing.T) {
	inStack(t, apptest.Stack{Services: []string{"web", "api"}, Breaker: true}, func(w *apptest.World) {
		release := func(tag string, labels ...string) map[tagboat.ServiceName]tagboat.Deployment {
			w.Push("shop/web:" + tag)
			w.Push("shop/api:"+tag, labels...)
			w.Pin("dev", "web="+tag, "api="+tag)
			before := w.Calls("cloudformation.ExecuteChangeSet")
			ends := map[tagboat.ServiceName]tagboat.Deployment{}
			for _, d := range w.Deploy() {
				ends[d.Service] = d
			}
			if n := w.Calls("cloudformation.ExecuteChangeSet") - before; n != 1 {
				w.Errorf("%d updates", n)
			}
			return ends
		}
		ends := release("v2")
		w.Expect(ends["web"], tagboat.VerdictSucceeded)
		w.Expect(ends["api"], tagboat.VerdictSucceeded)
		ends = release("v3", "exit=3@1s")
		w.Expect(ends["web"], tagboat.VerdictRolledBack, "Api")
		w.Expect(ends["api"], tagboat.VerdictRolledBack, "exited with code 3")
		w.StackEnds("shop-dev", "UPDATE_ROLLBACK_COMPLETE")
	})
}

// TestOneOfTwoServicesOfAStack is deployed alone where the other one has a parameter of its own, and
// not where both read their pins, unless what the update brings beside it is allowed.
func TestOneOfTwoServicesOfAStack(t *testing.T) {
	inStack(t, apptest.Stack{Services: []string{"web", "api"}}, func(w *apptest.World) {
		both(w)
		w.Expect(w.Deploy("web")[0], tagboat.VerdictSucceeded)
		w.Expect(w.Deploy("api")[0], tagboat.VerdictSucceeded)
	})
	inStack(t, apptest.Stack{Services: []string{"web", "api"}, Image: apptest.ByPins}, func(w *apptest.World) {
		both(w)
		refusedPlan(w, fleet.Selection{Services: []tagboat.ServiceName{"web"}}, "more than its services", "ApiTask", "--allow")
		refusedPlan(w, fleet.Selection{Services: []tagboat.ServiceName{"web"}, Allow: []string{"ApiTask"}}, "Api (AWS::ECS::Service)")
		allowed := fleet.Selection{Services: []tagboat.ServiceName{"web"}, Allow: []string{"ApiTask", "Api"}}
		d := deployed(w, allowed)
		w.Expect(d[0], tagboat.VerdictSucceeded)
		w.Expect(w.Deploy("api")[0], tagboat.VerdictUnchanged)
	})
}

func both(w *apptest.World) {
	w.Helper()
	w.Push("shop/web:v2")
	w.Push("shop/api:v2")
	w.Pin("dev", "web=v2", "api=v2")
}

func deployed(w *apptest.World, s fleet.Selection) []tagboat.Deployment {
	w.Helper()
	a := w.Open()
	set := planOf(w, a, s)
	if found := set.Document().Problems; len(found) > 0 {
		w.Fatalf("%+v", found)
	}
	return a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments
}

// refusedPlan expects problems of a plan with those words in them, and nothing left in the stack.
func refusedPlan(w *apptest.World, s fleet.Selection, words ...string) {
	w.Helper()
	var text strings.Builder
	for _, p := range planOf(w, w.Open(), s).Document().Problems {
		text.WriteString(p.Message + "\n" + p.Hint + "\n")
	}
	for _, word := range words {
		if !strings.Contains(text.String(), word) {
			w.Errorf("the problems do not have %q:\n%s", word, text.String())
		}
	}
}

// TestVersionsAndRollbacksThroughAStack pins and deploys in one step, and goes back.
func TestVersionsAndRollbacksThroughAStack(t *testing.T) {
	for _, way := range []string{apptest.ByParameter, apptest.ByPins} {
		t.Run(way, func(t *testing.T) {
			inStack(t, apptest.Stack{Image: way}, func(w *apptest.World) {
				w.Push("shop/web:v2")
				a := w.Open()
				set, err := a.Delivery.PlanWith(w.Context(), apptest.Dev, fleet.Versions{"dev": {"web": {Host: "127.0.0.1:4510", Repository: "shop/web", Tag: "v2", Digest: w.Pushed["shop/web:v2"]}}})
				if err != nil {
					w.Fatal(err)
				}
				if d := set.Document(); len(d.Problems) > 0 || len(d.Changes) != 1 {
					w.Fatalf("%+v", d)
				}
				w.Pin("dev", "web=v2")
				w.Expect(a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments[0], tagboat.VerdictSucceeded)
				w.Later(time.Minute)
				back := w.Rollback("web")
				w.Expect(back[0], tagboat.VerdictSucceeded)
				if back[0].Images[0].Running != w.Pushed["shop/web:v1"] || w.Pinned("web").Digest != w.Pushed["shop/web:v1"] {
					w.Errorf("%+v", back[0])
				}
			})
		})
	}
}

// TestStatusOfServicesOfAStack finds them by their names in ECS, in the cluster that the stack has
// them in, and says where the stack is gone.
func TestStatusOfServicesOfAStack(t *testing.T) {
	inStack(t, apptest.Stack{}, func(w *apptest.World) {
		view := w.Open().View
		status := func() tagboat.ServiceStatus {
			document, err := view.Status(w.Context(), apptest.Dev)
			if err != nil || len(document.Services) != 1 {
				w.Fatal(err, document)
			}
			return document.Services[0]
		}
		s := status()
		if s.State != "steady" || s.Healthy != 2 || s.Images[0].Running != w.Pushed["shop/web:v1"] || len(s.Drift) > 0 {
			w.Errorf("%+v", s)
		}
		w.CloudFormation("DeleteStack", url.Values{"StackName": {"shop-dev"}})
		w.Later(10 * time.Minute)
		if s := status(); s.State != "missing" {
			w.Errorf("%+v", s)
		}
		all, err := view.Explain(w.Context(), fleet.Selection{Services: []tagboat.ServiceName{"web"}})
		if err != nil || len(all) != 1 || len(all[0].Causes) != 1 || all[0].Causes[0].Cause != `there is no stack "shop-dev"` {
			w.Errorf("explained with %+v, %v", all, err)
		}
		refusedPlan(w, fleet.Selection{}, `there is no stack "shop-dev"`)
	})
}
