package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// replace changes the text of a file beside the configuration.
func replace(w *apptest.World, file, old, text string) {
	w.Helper()
	was, err := os.ReadFile(filepath.Join(w.Dir, file))
	if err != nil || !strings.Contains(string(was), old) {
		w.Fatalf("%s has no %q: %v", file, old, err)
	}
	w.Write(file, strings.ReplaceAll(string(was), old, text))
}

// deregister makes a revision INACTIVE, as CloudFormation does at each replacement.
func deregister(w *apptest.World, revision string) {
	w.Helper()
	w.AWS("ecs.DeregisterTaskDefinition", map[string]any{"taskDefinition": revision})
}

// runs returns family:revision of what service web runs.
func runs(w *apptest.World) string {
	w.Helper()
	service := described(w)
	return ecs.LastPart(service["taskDefinition"].(string))
}

// TestRollbackToARevisionFarBack uses that revision: it is known by its ARN.
func TestRollbackToARevisionFarBack(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		first := time.Now()
		w.Later(time.Minute)
		w.Release("v2", "v3", "v4", "v5", "v6", "v7")
		if err := rollbackTo(w, first); err != nil || runs(w) != "web:1" || revisions(w, "web") != 7 || w.Pinned("web").Tag != "v1" {
			t.Errorf("it runs %s of %d revisions, and %s is pinned: %v", runs(w), revisions(w, "web"), w.Pinned("web").Tag, err)
		}
	})
}

// TestRollbackAfterManyFailures finds what ran well behind five attempts that were left.
func TestRollbackAfterManyFailures(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		left := apptest.Wait
		left.NoRollback = true
		for _, tag := range []string{"b1", "b2", "b3", "b4", "b5"} {
			w.Push("shop/web:"+tag, "exit=1@1s")
			w.Pin("dev", "web="+tag)
			w.Expect(w.DeployWith(w.Context(), w.Open(), left)[0], tagboat.VerdictFailed)
		}
		back := w.Rollback()
		w.Expect(back[0], tagboat.VerdictSucceeded)
		if runs(w) != "web:1" || revisions(w, "web") != 6 {
			t.Errorf("it runs %s of %d revisions", runs(w), revisions(w, "web"))
		}
	})
}

// TestBackToWhatWasDeregistered registers it again, once, and from its input.
func TestBackToWhatWasDeregistered(t *testing.T) {
	t.Run("by ourselves", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			next(w, "exit=1@1s")
			a := w.Open(apptest.After("UpdateService", "web:2", func() { deregister(w, "web:1") }))
			w.Expect(w.DeployWith(w.Context(), a, apptest.Wait)[0], tagboat.VerdictRolledBack, "rolled back to web:3", "equal to web:1, which was deregistered")
			if runs(w) != "web:3" {
				t.Errorf("it runs %s", runs(w))
			}
		})
	})
	t.Run("by a person, to and fro", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			first := time.Now()
			w.Later(time.Minute)
			w.Release("v2")
			second := time.Now()
			w.Later(time.Minute)
			deregister(w, "web:1")
			for _, to := range []time.Time{first, second, first} {
				if err := rollbackTo(w, to); err != nil {
					t.Fatal(err)
				}
			}
			if runs(w) != "web:3" || revisions(w, "web") != 2 {
				t.Errorf("it runs %s of %d revisions", runs(w), revisions(w, "web"))
			}
		})
	})
}

// TestAnswersHaveMembersOfTheFuture that cannot be registered.
func TestAnswersHaveMembersOfTheFuture(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		replace(w, "tagboat.yaml", "taskDefinition: web.taskdef.json", "taskDefinition: {family: web}")
		next(w)
		future := func() *app.App {
			a, _ := through(w, rewrite("ecs.DescribeTaskDefinition", 0, func(_, answer map[string]any) {
				definition := answer["taskDefinition"].(map[string]any)
				definition["lastUsedAt"] = 1764300000.5
				definition["containerDefinitions"].([]any)[0].(map[string]any)["resolvedAt"] = 1
			}))
			return a
		}
		set := planOf(w, future(), apptest.Dev)
		if steps := strings.Join(set.Document().Changes[0].Steps, ", "); !strings.Contains(steps, "does not know: containerDefinitions[].resolvedAt, lastUsedAt") {
			t.Errorf("the plan does not say what cannot be registered again: %s", steps)
		}
		for _, want := range []tagboat.Verdict{tagboat.VerdictSucceeded, tagboat.VerdictUnchanged} {
			w.Expect(w.DeployWith(w.Context(), future(), apptest.Wait)[0], want)
		}
	})
}

// TestARememberedRevisionWasDeregistered has two runs that share a directory, and somebody
// who deregisters between them what they remember.
func TestARememberedRevisionWasDeregistered(t *testing.T) {
	for _, tc := range []struct {
		name string
		then func(w *apptest.World)
		plan string // a step of it
	}{
		{"what is in use, and a setting changes", func(w *apptest.World) {
			deregister(w, "web:2")
			apptest.Shop{Services: []string{"web"}, Service: map[string]any{"desiredCount": 3}}.Configure(w)
		}, "register"},
		{"what would be used again", func(w *apptest.World) {
			deregister(w, "web:1")
			w.Pin("dev", "web=v1")
		}, "register"},
		{"nothing of it", func(w *apptest.World) { w.Pin("dev", "web=v1") }, "use web:1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				w.Cache = t.TempDir()
				apptest.Shop{}.Begin(w)
				w.Release("v2")
				tc.then(w)
				set := planOf(w, w.Open(), apptest.Dev)
				if steps := strings.Join(set.Document().Changes[0].Steps, ", "); !strings.Contains(steps, tc.plan) {
					t.Errorf("the plan is %s", steps)
				}
				w.Expect(w.One(), tagboat.VerdictSucceeded)
				w.Expect(w.One(), tagboat.VerdictUnchanged)
			})
		})
	}
}

// TestOneStepBackReadsLittle has a service with more deployments than a page of them lists.
func TestOneStepBackReadsLittle(t *testing.T) {
	apptest.Shop{Service: map[string]any{"desiredCount": 1}}.Run(t, func(w *apptest.World) {
		for range 119 {
			w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "forceNewDeployment": true})
			w.Later(5 * time.Minute)
		}
		w.Release("v2", "v3")
		history := func() int {
			return w.Calls("ecs.ListServiceDeployments") + w.Calls("ecs.DescribeServiceDeployments") + w.Calls("ecs.DescribeServiceRevisions") +
				w.Calls("ecs.DescribeTaskDefinition")
		}
		before := history()
		back := plannedBack(w, w.Open(), apptest.Dev)
		if steps := strings.Join(back.Document().Changes[0].Steps, ", "); !strings.Contains(steps, "use web:2") {
			t.Errorf("it goes back with %s", steps)
		}
		if read := history() - before; read > 3+1 { // any plan reads what runs
			t.Errorf("%d calls: %s", read, w.Control(http.MethodGet, "calls", "").Body)
		}
	})
}

// TestRollbackMakesSureFirst cannot end, for one reason or another: then neither pins nor
// holds are written.
func TestRollbackMakesSureFirst(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(w *apptest.World)
	}{
		{"ECS takes the revision no more", func(w *apptest.World) {
			deregister(w, "web:1")
			w.Fault(sandbox.Fault{Operation: "ecs.RegisterTaskDefinition", Kind: "error", Status: 400, Code: "ClientException"})
		}},
		{"the caller may not register it", func(w *apptest.World) {
			deregister(w, "web:1")
			w.Fault(sandbox.Fault{Operation: "ecs.RegisterTaskDefinition", Kind: "error", Status: 400, Code: "AccessDeniedException"})
		}},
		{"the image is gone", func(w *apptest.World) {
			w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/web:v1"]}}})
		}},
		{"the service is being deleted", func(w *apptest.World) {
			w.AWS("ecs.DeleteService", map[string]any{"cluster": "dev", "service": "web", "force": true})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			apptest.Shop{}.Run(t, func(w *apptest.World) {
				w.Later(time.Minute)
				w.Release("v2")
				tc.spoil(w)
				written := w.Calls("ssm.PutParameter")
				if _, err := w.TryRollback(); tagboat.KindOf(err) != tagboat.Usage {
					t.Errorf("it ended with %v", err)
				}
				if w.Pinned("web").Tag != "v2" || w.Calls("ssm.PutParameter") != written {
					t.Errorf("%s is pinned, and parameters were written", w.Pinned("web").Tag)
				}
			})
		})
	}
}

// TestDeploymentsInAnotherOrder are brought in order: AWS promises none.
func TestDeploymentsInAnotherOrder(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Later(time.Minute)
		w.Release("v2", "v3")
		a, _ := through(w, rewrite("ecs.ListServiceDeployments", 0, func(_, answer map[string]any) {
			slices.Reverse(answer["serviceDeployments"].([]any))
		}))
		back := plannedBack(w, a, apptest.Dev)
		if pins := back.Document().Pins; len(pins) != 1 || pins[0].To.Tag != "v2" {
			t.Errorf("it goes back to %+v", pins)
		}
	})
}

// unwatched deploys a version whose image is deleted meanwhile, and leaves before it is over:
// interrupted, or not waiting at all.
func unwatched(w *apptest.World, wait bool) tagboat.Deployment {
	w.Helper()
	next(w, "start=20s")
	ctx, interrupt := context.WithTimeout(w.Context(), 10*time.Second)
	defer interrupt()
	a := w.Open(apptest.After("UpdateService", "web:2", func() {
		w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/web:v2"]}}})
	}))
	d := w.DeployWith(ctx, a, rollout.Options{Wait: wait, MaxParallel: 1})[0]
	if d.Verdict != tagboat.VerdictInterrupted && d.Verdict != tagboat.VerdictStarted {
		w.Fatalf("it ended as %s: %s", d.Verdict, d.Reason)
	}
	return d
}

// resume watches what was left, to its end.
func resume(w *apptest.World) []tagboat.Deployment {
	w.Helper()
	a := w.Open()
	set, err := a.Delivery.Plan(w.Context(), apptest.Dev)
	if err == nil {
		set, err = a.Delivery.UnderWay(w.Context(), set)
	}
	if err != nil {
		w.Fatal(err)
	}
	return a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments
}

// TestResumeAfterECSWentBack has ECS's circuit breaker roll back what nobody watched any
// more: that is what resume and status say, long after and while it goes on.
func TestResumeAfterECSWentBack(t *testing.T) {
	for _, wait := range []bool{true, false} {
		for _, later := range []time.Duration{0, 2 * time.Minute, 20 * time.Minute} {
			t.Run(fmt.Sprint("wait=", apptest.Wait, ", ", later), func(t *testing.T) {
				apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
					unwatched(w, wait)
					w.Later(later)
					left := resume(w)
					if len(left) != 1 {
						t.Fatalf("nothing is left of it: %+v", left)
					}
					w.Expect(left[0], tagboat.VerdictRolledBack, "rolled", "web:1", "the image is not in the registry")
					if left[0].Images[0].Running != w.Pushed["shop/web:v1"] {
						t.Errorf("it runs %+v", left[0].Images)
					}
					w.Later(time.Hour)
					status, err := w.Open().View.Status(w.Context(), fleet.Selection{})
					if err != nil || status.Services[0].Verdict != tagboat.VerdictRolledBack {
						t.Errorf("status says %s, %v", status.Services[0].Verdict, err)
					}
				})
			})
		}
	}
}

// TestWhoRollsBackWhatNobodyWatches is said of what goes on: ECS does where its circuit
// breaker is on and there is something to go back to.
func TestWhoRollsBackWhatNobodyWatches(t *testing.T) {
	for _, wait := range []bool{true, false} {
		for _, tc := range []struct {
			service map[string]any
			says    string
			itself  bool
		}{
			{breaker, "ECS rolls it back where its circuit breaker finds that it fails", true},
			{nil, "nobody will roll it back", false},
		} {
			apptest.Shop{Service: tc.service}.Run(t, func(w *apptest.World) {
				if d := unwatched(w, wait); !strings.Contains(d.Reason, tc.says) || d.ECSRollsBack != tc.itself {
					t.Errorf("%v: %s", d.ECSRollsBack, d.Reason)
				}
			})
		}
	}
}

// TestResumeSaysNothingOfOtherDeployments has versions that were pinned again, and never
// deployed since.
func TestResumeSaysNothingOfOtherDeployments(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		w.Pin("dev", "web=v1")
		if left := resume(w); len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
	})
}

// TestResumeAfterSomebodyDeployed says that it was superseded.
func TestResumeAfterSomebodyDeployed(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		unwatched(w, true)
		theirs := registerImage(w, "shop/web:v1")
		w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": theirs})
		w.Later(10 * time.Minute)
		left := resume(w)
		if len(left) != 1 {
			t.Fatalf("nothing is left of it: %+v", left)
		}
		w.Expect(left[0], tagboat.VerdictSuperseded, "another began", theirs)
	})
}

// TestResumeAfterECSGaveUp has a circuit breaker that rolls nothing back.
func TestResumeAfterECSGaveUp(t *testing.T) {
	apptest.Shop{Service: map[string]any{"deploymentConfiguration": map[string]any{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": false}}}}.Run(t, func(w *apptest.World) {
		unwatched(w, true)
		w.Later(20 * time.Minute)
		left := resume(w)
		if len(left) != 1 {
			t.Fatalf("nothing is left of it: %+v", left)
		}
		w.Expect(left[0], tagboat.VerdictFailed, "nothing was rolled back", "the image is not in the registry", "tagboat rollback --env dev web")
	})
}

// settings returns of service web what a deployment may change, without its task definition.
func settings(w *apptest.World) map[string]any {
	w.Helper()
	service := described(w)
	primary := service["deployments"].([]any)[0].(map[string]any)
	settings := map[string]any{}
	for _, name := range []string{
		"desiredCount", "deploymentConfiguration", "networkConfiguration", "platformVersion", "serviceRegistries", "loadBalancers",
		"propagateTags", "enableECSManagedTags", "capacityProviderStrategy", "launchType", "availabilityZoneRebalancing",
	} {
		settings[name] = service[name]
	}
	for _, name := range []string{"serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations", "networkConfiguration"} {
		settings["primary "+name] = primary[name]
	}
	if off := map[string]any{"enabled": false}; cmp.Equal(settings["primary serviceConnectConfiguration"], any(off)) {
		settings["primary serviceConnectConfiguration"] = nil // it is what there was before it was ever on
	}
	return settings
}

// otherSettings are some of all kinds: of the service, of its deployments, of a revision.
var otherSettings = map[string]any{
	"networkConfiguration":        map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1", "subnet-2"}, "securityGroups": []string{"sg-9"}}},
	"serviceConnectConfiguration": map[string]any{"enabled": true, "namespace": "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-1"},
	"vpcLatticeConfigurations":    []any{map[string]any{"roleArn": "arn:aws:iam::123456789012:role/lattice", "targetGroupArn": "arn:aws:vpc-lattice:us-east-1:123456789012:targetgroup/tg-1", "portName": "http"}},
	"platformVersion":             "1.3.0",
	"serviceRegistries":           []any{map[string]any{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1"}},
	"desiredCount":                3,
	"propagateTags":               "SERVICE",
	"enableECSManagedTags":        true,
	"deploymentConfiguration":     map[string]any{"maximumPercent": 150, "deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": false}},
}

// settingsOff takes away those of them that stay where a file leaves them out.
var settingsOff = map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": false}, "vpcLatticeConfigurations": []any{}, "serviceRegistries": []any{}}

// ports are what a service needs for them.
var ports = map[string]any{"portMappings": []any{map[string]any{"containerPort": 80, "name": "http"}}}

// TestAllSettingsGoBack has a deployment that changes settings, too, and fails. What was
// absent before is absent after.
func TestAllSettingsGoBack(t *testing.T) {
	for _, tc := range []struct {
		name         string
		before, then map[string]any
		interrupted  bool
		left         []string // settings that stay, and are named
	}{
		{"settings that are new", nil, otherSettings, false, nil},
		{"settings that are gone", otherSettings, settingsOff, false, nil},
		{
			"after an interrupted run", nil, otherSettings, true,
			[]string{"desiredCount", "deploymentConfiguration", "propagateTags", "enableECSManagedTags", "availabilityZoneRebalancing", "platformVersion"},
		},
		{"a capacity provider strategy that is new", nil, spot, false, nil},
		{"a capacity provider strategy that is gone", spot, map[string]any{"launchType": nil, "capacityProviderStrategy": []any{}}, false, nil},
		{"a capacity provider strategy, after an interrupted run", nil, spot, true, []string{"platformVersion"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			apptest.Shop{Service: tc.before, Container: ports}.Run(t, func(w *apptest.World) {
				before := settings(w)
				apptest.Shop{Services: []string{"web"}, Service: tc.then, Container: ports}.Configure(w)
				next(w, "start=20s", "exit=1@1s")
				if tc.interrupted {
					ctx, interrupt := context.WithTimeout(w.Context(), 10*time.Second)
					w.Expect(w.DeployWith(ctx, w.Open(), apptest.Wait)[0], tagboat.VerdictInterrupted)
					interrupt()
				}
				words := []string{"rolled back to web:1, which runs"}
				if slices.Contains(tc.left, "desiredCount") {
					words = append(words, "what stays as it was for that: platformVersion, which is the number that ran", "what else an earlier run may have set, such as desiredCount and deploymentConfiguration")
				}
				d := w.One()
				w.Expect(d, tagboat.VerdictRolledBack, words...)
				if len(tc.left) == 0 && strings.Contains(d.Reason, "stays") {
					t.Errorf("something stays: %s", d.Reason)
				}
				w.Later(5 * time.Minute)
				after := settings(w)
				for _, name := range tc.left {
					delete(before, name)
					delete(after, name)
				}
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("not all went back (-before +after):\n%s\n%s", diff, d.Reason)
				}
			})
		})
	}
}

// TestSettingsAloneGoBack has a deployment that changes nothing but the service, and fails.
func TestSettingsAloneGoBack(t *testing.T) {
	gives := map[string]any{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": false}} // up
	spot := map[string]any{
		"launchType": nil, "capacityProviderStrategy": []any{map[string]any{"capacityProvider": "FARGATE_SPOT", "weight": 1}},
		"deploymentConfiguration": gives,
	}
	apptest.Shop{Service: map[string]any{"deploymentConfiguration": gives}}.Run(t, func(w *apptest.World) {
		before := settings(w)
		apptest.Shop{Services: []string{"web"}, Service: spot}.Configure(w)
		w.Control("POST", "harm", `{"kind": "capacity", "cluster": "dev", "provider": "FARGATE_SPOT"}`)
		w.Expect(w.One(), tagboat.VerdictRolledBack, "rolled back to web:1 with the settings of before, which runs")
		if diff := cmp.Diff(before, settings(w)); diff != "" {
			t.Errorf("not all went back (-before +after):\n%s", diff)
		}
	})
}

// TestWhatNeverRanIsStarted scales a version up that completed without any task, and fails.
// What ran before that is one command away, and the text does not say that there is none.
func TestWhatNeverRanIsStarted(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}, Service: map[string]any{"desiredCount": 0}}.Configure(w)
		next(w, "exit=1@1s")
		w.Expect(w.One(), tagboat.VerdictSucceeded, "no task of it runs")
		apptest.Shop{Services: []string{"web"}, Service: map[string]any{"desiredCount": 2}}.Configure(w)
		d := w.One()
		w.Expect(d, tagboat.VerdictFailed, "it was left as it is", "tagboat rollback --env dev web")
		if strings.Contains(d.Reason, "nothing else that ran well") {
			t.Error(d.Reason)
		}
		back := w.Rollback()
		w.Expect(back[0], tagboat.VerdictSucceeded)
		if runs(w) != "web:1" {
			t.Errorf("%s runs", runs(w))
		}
	})
}

// TestResumeAwaitsTheWayBack is interrupted while it goes back. What goes back has not gone
// back yet: resume waits for its end before it says so.
func TestResumeAwaitsTheWayBack(t *testing.T) {
	for _, fails := range []bool{false, true} {
		t.Run(fmt.Sprint("fails=", fails), func(t *testing.T) {
			apptest.Shop{Service: map[string]any{"deploymentConfiguration": map[string]any{
				"minimumHealthyPercent": 0, "deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": false},
			}}}.Run(t, func(w *apptest.World) {
				next(w, "exit=1@1s")
				ctx, interrupt := context.WithCancel(w.Context())
				defer interrupt()
				a := w.Open(apptest.After("UpdateService", "web:1", func() {
					if fails {
						w.Control("POST", "harm", `{"kind": "capacity", "cluster": "dev"}`)
					}
					interrupt()
				}))
				w.Expect(w.DeployWith(ctx, a, apptest.Wait)[0], tagboat.VerdictInterrupted, "web:1")
				left := resume(w)
				if len(left) != 1 {
					t.Fatalf("nothing is left of it: %+v", left)
				}
				if fails {
					w.Expect(left[0], tagboat.VerdictFailed, "the rollback to web:1 failed too")
					return
				}
				w.Expect(left[0], tagboat.VerdictRolledBack, "web:1")
				if running := running(w); running != 2 || left[0].Images[0].Running != w.Pushed["shop/web:v1"] {
					t.Errorf("%d tasks run when it says so, %+v", running, left[0].Images)
				}
			})
		})
	}
}
