package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// answering changes the answers of an operation.
func answering(operation string, change func(answer map[string]any)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return &rewriter{next, "." + operation, change} }
}

type rewriter struct {
	next      http.RoundTripper
	operation string
	change    func(map[string]any)
}

// RoundTrip implements http.RoundTripper.
func (w *rewriter) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.next.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), w.operation) {
		return answer, err
	}
	var body map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return nil, err
	}
	w.change(body)
	changed, err := json.Marshal(body)
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
	answer.Header.Del("X-Amz-Crc32")
	return answer, err
}

// replace changes the text of a file beside the configuration.
func (w *world) replace(file, old, text string) {
	w.Helper()
	was, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil || !strings.Contains(string(was), old) {
		w.Fatalf("%s has no %q: %v", file, old, err)
	}
	w.write(file, strings.ReplaceAll(string(was), old, text))
}

// release pushes, pins and deploys versions of image web, one after another.
func (w *world) release(tags ...string) {
	w.Helper()
	for _, tag := range tags {
		w.push("shop/web:" + tag)
		w.pin("dev", "web="+tag)
		w.expect(w.one(), tagboat.VerdictSucceeded)
		w.later(time.Minute)
	}
}

// deregister makes a revision INACTIVE, as CloudFormation does at each replacement.
func (w *world) deregister(revision string) {
	w.Helper()
	w.aws("ecs.DeregisterTaskDefinition", map[string]any{"taskDefinition": revision})
}

// runs returns family:revision of what service web runs.
func (w *world) runs() string {
	w.Helper()
	service := w.aws("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"web"}})["services"].([]any)[0].(map[string]any)
	return ecs.LastPart(service["taskDefinition"].(string))
}

// TestRollbackToARevisionFarBack uses that revision: it is known by its ARN.
func TestRollbackToARevisionFarBack(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		first := time.Now()
		w.later(time.Minute)
		w.release("v2", "v3", "v4", "v5", "v6", "v7")
		if err := w.rollbackTo(first); err != nil || w.runs() != "web:1" || w.revisions("web") != 7 || w.pinned("web").Tag != "v1" {
			t.Errorf("it runs %s of %d revisions, and %s is pinned: %v", w.runs(), w.revisions("web"), w.pinned("web").Tag, err)
		}
	})
}

// TestRollbackAfterManyFailures finds what ran well behind five attempts that were left.
func TestRollbackAfterManyFailures(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		left := wait
		left.NoRollback = true
		for _, tag := range []string{"b1", "b2", "b3", "b4", "b5"} {
			w.push("shop/web:"+tag, "exit=1@1s")
			w.pin("dev", "web="+tag)
			w.expect(w.deployWith(w.Context(), w.open(), left)[0], tagboat.VerdictFailed)
		}
		back, err := w.rollback()
		if err != nil {
			w.Fatal(err)
		}
		w.expect(back[0], tagboat.VerdictSucceeded)
		if w.runs() != "web:1" || w.revisions("web") != 6 {
			t.Errorf("it runs %s of %d revisions", w.runs(), w.revisions("web"))
		}
	})
}

// TestBackToWhatWasDeregistered registers it again, once, and from its input.
func TestBackToWhatWasDeregistered(t *testing.T) {
	t.Run("by ourselves", func(t *testing.T) {
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.begin(shop{})
			w.push("shop/web:v2", "exit=1@1s")
			w.pin("dev", "web=v2")
			a := w.open(after("UpdateService", "web:2", func() { w.deregister("web:1") }))
			w.expect(w.deployWith(w.Context(), a, wait)[0], tagboat.VerdictRolledBack, "rolled back to web:3", "equal to web:1, which was deregistered")
			if w.runs() != "web:3" {
				t.Errorf("it runs %s", w.runs())
			}
		})
	})
	t.Run("by a person, to and fro", func(t *testing.T) {
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.begin(shop{})
			first := time.Now()
			w.later(time.Minute)
			w.release("v2")
			second := time.Now()
			w.later(time.Minute)
			w.deregister("web:1")
			for _, to := range []time.Time{first, second, first} {
				if err := w.rollbackTo(to); err != nil {
					t.Fatal(err)
				}
			}
			if w.runs() != "web:3" || w.revisions("web") != 2 {
				t.Errorf("it runs %s of %d revisions", w.runs(), w.revisions("web"))
			}
		})
	})
}

// TestAnswersHaveMembersOfTheFuture that cannot be registered.
func TestAnswersHaveMembersOfTheFuture(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.replace("tagboat.yaml", "taskDefinition: web.taskdef.json", "taskDefinition: {family: web}")
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		future := answering("DescribeTaskDefinition", func(answer map[string]any) {
			definition := answer["taskDefinition"].(map[string]any)
			definition["lastUsedAt"] = 1764300000.5
			definition["containerDefinitions"].([]any)[0].(map[string]any)["resolvedAt"] = 1
		})
		set, err := w.open(future).Delivery.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}})
		if err != nil {
			t.Fatal(err)
		}
		if steps := strings.Join(set.Document().Changes[0].Steps, ", "); !strings.Contains(steps, "does not know: containerDefinitions[].resolvedAt, lastUsedAt") {
			t.Errorf("the plan does not say what cannot be registered again: %s", steps)
		}
		for _, want := range []tagboat.Verdict{tagboat.VerdictSucceeded, tagboat.VerdictUnchanged} {
			w.expect(w.deployWith(w.Context(), w.open(future), wait)[0], want)
		}
	})
}

// TestARememberedRevisionWasDeregistered has two runs that share a directory, and somebody
// who deregisters between them what they remember.
func TestARememberedRevisionWasDeregistered(t *testing.T) {
	for _, tc := range []struct {
		name string
		then func(w *world)
		plan string // a step of it
	}{
		{"what is in use, and a setting changes", func(w *world) {
			w.deregister("web:2")
			shop{services: []string{"web"}, service: map[string]any{"desiredCount": 3}}.configure(w)
		}, "register"},
		{"what would be used again", func(w *world) {
			w.deregister("web:1")
			w.pin("dev", "web=v1")
		}, "register"},
		{"nothing of it", func(w *world) { w.pin("dev", "web=v1") }, "use web:1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.cache = t.TempDir()
				w.begin(shop{})
				w.release("v2")
				tc.then(w)
				set, err := w.open().Delivery.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}})
				if err != nil {
					t.Fatal(err)
				}
				if steps := strings.Join(set.Document().Changes[0].Steps, ", "); !strings.Contains(steps, tc.plan) {
					t.Errorf("the plan is %s", steps)
				}
				w.expect(w.one(), tagboat.VerdictSucceeded)
				w.expect(w.one(), tagboat.VerdictUnchanged)
			})
		})
	}
}

// TestOneStepBackReadsLittle has a service with more deployments than a page of them lists.
func TestOneStepBackReadsLittle(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: map[string]any{"desiredCount": 1}})
		for range 119 {
			w.aws("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "forceNewDeployment": true})
			w.later(5 * time.Minute)
		}
		w.release("v2", "v3")
		history := func() int {
			return w.calls("ecs.ListServiceDeployments") + w.calls("ecs.DescribeServiceDeployments") + w.calls("ecs.DescribeServiceRevisions") +
				w.calls("ecs.DescribeTaskDefinition")
		}
		before := history()
		back, err := w.open().Rollbacks.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}}, access.When{})
		if err != nil {
			t.Fatal(err)
		}
		if steps := strings.Join(back.Document().Changes[0].Steps, ", "); !strings.Contains(steps, "use web:2") {
			t.Errorf("it goes back with %s", steps)
		}
		if read := history() - before; read > 3+1 { // any plan reads what runs
			t.Errorf("%d calls: %s", read, w.control(http.MethodGet, "calls", "").Body)
		}
	})
}

// TestRollbackMakesSureFirst cannot end, for one reason or another: then neither pins nor
// holds are written.
func TestRollbackMakesSureFirst(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(w *world)
	}{
		{"ECS takes the revision no more", func(w *world) {
			w.deregister("web:1")
			w.fault(sandbox.Fault{Operation: "ecs.RegisterTaskDefinition", Kind: "error", Status: 400, Code: "ClientException"})
		}},
		{"the caller may not register it", func(w *world) {
			w.deregister("web:1")
			w.fault(sandbox.Fault{Operation: "ecs.RegisterTaskDefinition", Kind: "error", Status: 400, Code: "AccessDeniedException"})
		}},
		{"the image is gone", func(w *world) {
			w.aws("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.pushed["shop/web:v1"]}}})
		}},
		{"the service is being deleted", func(w *world) {
			w.aws("ecs.DeleteService", map[string]any{"cluster": "dev", "service": "web", "force": true})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.begin(shop{})
				w.later(time.Minute)
				w.release("v2")
				tc.spoil(w)
				written := w.calls("ssm.PutParameter")
				if _, err := w.rollback(); tagboat.KindOf(err) != tagboat.Usage {
					t.Errorf("it ended with %v", err)
				}
				if w.pinned("web").Tag != "v2" || w.calls("ssm.PutParameter") != written {
					t.Errorf("%s is pinned, and parameters were written", w.pinned("web").Tag)
				}
			})
		})
	}
}

// TestDeploymentsInAnotherOrder are brought in order: AWS promises none.
func TestDeploymentsInAnotherOrder(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.later(time.Minute)
		w.release("v2", "v3")
		a := w.open(answering("ListServiceDeployments", func(answer map[string]any) { slices.Reverse(answer["serviceDeployments"].([]any)) }))
		back, err := a.Rollbacks.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}}, access.When{})
		if err != nil {
			t.Fatal(err)
		}
		if pins := back.Document().Pins; len(pins) != 1 || pins[0].To.Tag != "v2" {
			t.Errorf("it goes back to %+v", pins)
		}
	})
}

// unwatched deploys a version whose image is deleted meanwhile, and leaves before it is over:
// interrupted, or not waiting at all.
func (w *world) unwatched(wait bool) tagboat.Deployment {
	w.Helper()
	w.push("shop/web:v2", "start=20s")
	w.pin("dev", "web=v2")
	ctx, interrupt := context.WithTimeout(w.Context(), 10*time.Second)
	defer interrupt()
	a := w.open(after("UpdateService", "web:2", func() {
		w.aws("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.pushed["shop/web:v2"]}}})
	}))
	d := w.deployWith(ctx, a, rollout.Options{Wait: wait, MaxParallel: 1})[0]
	if d.Verdict != tagboat.VerdictInterrupted && d.Verdict != tagboat.VerdictStarted {
		w.Fatalf("it ended as %s: %s", d.Verdict, d.Reason)
	}
	return d
}

// resume watches what was left, to its end.
func (w *world) resume() []tagboat.Deployment {
	w.Helper()
	a := w.open()
	set, err := a.Delivery.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}})
	if err == nil {
		set, err = a.Delivery.UnderWay(w.Context(), set)
	}
	if err != nil {
		w.Fatal(err)
	}
	return a.Delivery.Deploy(w.Context(), set, wait).Deployments
}

// TestResumeAfterECSWentBack has ECS's circuit breaker roll back what nobody watched any
// more: that is what resume and status say, long after and while it goes on.
func TestResumeAfterECSWentBack(t *testing.T) {
	for _, wait := range []bool{true, false} {
		for _, later := range []time.Duration{0, 2 * time.Minute, 20 * time.Minute} {
			t.Run(fmt.Sprint("wait=", wait, ", ", later), func(t *testing.T) {
				inWorld(t, sandbox.Config{}, func(w *world) {
					w.begin(shop{service: breaker})
					w.unwatched(wait)
					w.later(later)
					left := w.resume()
					if len(left) != 1 {
						t.Fatalf("nothing is left of it: %+v", left)
					}
					w.expect(left[0], tagboat.VerdictRolledBack, "rolled", "web:1", "the image is not in the registry")
					if left[0].Images[0].Running != w.pushed["shop/web:v1"] {
						t.Errorf("it runs %+v", left[0].Images)
					}
					w.later(time.Hour)
					status, err := w.open().View.Status(w.Context(), fleet.Selection{})
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
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.begin(shop{service: tc.service})
				if d := w.unwatched(wait); !strings.Contains(d.Reason, tc.says) || d.ECSRollsBack != tc.itself {
					t.Errorf("%v: %s", d.ECSRollsBack, d.Reason)
				}
			})
		}
	}
}

// TestResumeSaysNothingOfOtherDeployments has versions that were pinned again, and never
// deployed since.
func TestResumeSaysNothingOfOtherDeployments(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.release("v2")
		w.pin("dev", "web=v1")
		if left := w.resume(); len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
	})
}

// TestResumeAfterSomebodyDeployed says that it was superseded.
func TestResumeAfterSomebodyDeployed(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.unwatched(true)
		theirs := w.registerAs("", "web")
		w.aws("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": theirs})
		w.later(10 * time.Minute)
		left := w.resume()
		if len(left) != 1 {
			t.Fatalf("nothing is left of it: %+v", left)
		}
		w.expect(left[0], tagboat.VerdictSuperseded, "another began", theirs)
	})
}

// TestResumeAfterECSGaveUp has a circuit breaker that rolls nothing back.
func TestResumeAfterECSGaveUp(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: map[string]any{"deploymentConfiguration": map[string]any{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": false}}}})
		w.unwatched(true)
		w.later(20 * time.Minute)
		left := w.resume()
		if len(left) != 1 {
			t.Fatalf("nothing is left of it: %+v", left)
		}
		w.expect(left[0], tagboat.VerdictFailed, "nothing was rolled back", "the image is not in the registry", "tagboat rollback --env dev web")
	})
}

// settings returns of service web what a deployment may change, without its task definition.
func (w *world) settings() map[string]any {
	w.Helper()
	service := w.aws("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"web"}})["services"].([]any)[0].(map[string]any)
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

// TestAllSettingsGoBack has a deployment that changes settings, too, and fails. What was
// absent before is absent after.
func TestAllSettingsGoBack(t *testing.T) {
	spot := map[string]any{"launchType": nil, "capacityProviderStrategy": []any{map[string]any{"capacityProvider": "FARGATE_SPOT", "weight": 1}}}
	ports := map[string]any{"portMappings": []any{map[string]any{"containerPort": 80, "name": "http"}}}
	for _, tc := range []struct {
		name         string
		before, then map[string]any
		interrupted  bool
		left         []string // settings that stay, and are named
	}{
		{"settings that are new", nil, otherSettings, false, nil},
		{"settings that are gone", otherSettings, map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": false}, "vpcLatticeConfigurations": []any{}, "serviceRegistries": []any{}}, false, nil},
		{
			"after an interrupted run", nil, otherSettings, true,
			[]string{"desiredCount", "deploymentConfiguration", "propagateTags", "enableECSManagedTags", "availabilityZoneRebalancing", "platformVersion"},
		},
		{"a capacity provider strategy that is new", nil, spot, false, nil},
		{"a capacity provider strategy that is gone", spot, map[string]any{"launchType": nil, "capacityProviderStrategy": []any{}}, false, nil},
		{"a capacity provider strategy, after an interrupted run", nil, spot, true, []string{"platformVersion"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.aws("ecs.CreateCluster", map[string]any{"clusterName": "dev", "capacityProviders": []string{"FARGATE", "FARGATE_SPOT"}})
				w.begin(shop{service: tc.before, app: ports})
				before := w.settings()
				shop{services: []string{"web"}, service: tc.then, app: ports}.configure(w)
				w.push("shop/web:v2", "start=20s", "exit=1@1s")
				w.pin("dev", "web=v2")
				if tc.interrupted {
					ctx, interrupt := context.WithTimeout(w.Context(), 10*time.Second)
					w.expect(w.deployWith(ctx, w.open(), wait)[0], tagboat.VerdictInterrupted)
					interrupt()
				}
				words := []string{"rolled back to web:1, which runs"}
				if slices.Contains(tc.left, "desiredCount") {
					words = append(words, "what stays as it was for that: platformVersion, which is the number that ran", "what else an earlier run may have set, such as desiredCount and deploymentConfiguration")
				}
				d := w.one()
				w.expect(d, tagboat.VerdictRolledBack, words...)
				if len(tc.left) == 0 && strings.Contains(d.Reason, "stays") {
					t.Errorf("something stays: %s", d.Reason)
				}
				w.later(5 * time.Minute)
				after := w.settings()
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
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.aws("ecs.CreateCluster", map[string]any{"clusterName": "dev", "capacityProviders": []string{"FARGATE", "FARGATE_SPOT"}})
		w.begin(shop{service: map[string]any{"deploymentConfiguration": gives}})
		before := w.settings()
		shop{services: []string{"web"}, service: spot}.configure(w)
		w.control("POST", "harm", `{"kind": "capacity", "cluster": "dev", "provider": "FARGATE_SPOT"}`)
		w.expect(w.one(), tagboat.VerdictRolledBack, "rolled back to web:1 with the settings of before, which runs")
		if diff := cmp.Diff(before, w.settings()); diff != "" {
			t.Errorf("not all went back (-before +after):\n%s", diff)
		}
	})
}

// TestWhatNeverRanIsStarted scales a version up that completed without any task, and fails.
// What ran before that is one command away, and the text does not say that there is none.
func TestWhatNeverRanIsStarted(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		shop{services: []string{"web"}, service: map[string]any{"desiredCount": 0}}.configure(w)
		w.push("shop/web:v2", "exit=1@1s")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded, "no task of it runs")
		shop{services: []string{"web"}, service: map[string]any{"desiredCount": 2}}.configure(w)
		d := w.one()
		w.expect(d, tagboat.VerdictFailed, "it was left as it is", "tagboat rollback --env dev web")
		if strings.Contains(d.Reason, "nothing else that ran well") {
			t.Error(d.Reason)
		}
		back, err := w.rollback()
		if err != nil {
			t.Fatal(err)
		}
		w.expect(back[0], tagboat.VerdictSucceeded)
		if w.runs() != "web:1" {
			t.Errorf("%s runs", w.runs())
		}
	})
}

// TestResumeAwaitsTheWayBack is interrupted while it goes back. What goes back has not gone
// back yet: resume waits for its end before it says so.
func TestResumeAwaitsTheWayBack(t *testing.T) {
	for _, fails := range []bool{false, true} {
		t.Run(fmt.Sprint("fails=", fails), func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.begin(shop{service: map[string]any{"deploymentConfiguration": map[string]any{
					"minimumHealthyPercent": 0, "deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": false},
				}}})
				w.push("shop/web:v2", "exit=1@1s")
				w.pin("dev", "web=v2")
				ctx, interrupt := context.WithCancel(w.Context())
				defer interrupt()
				a := w.open(after("UpdateService", "web:1", func() {
					if fails {
						w.control("POST", "harm", `{"kind": "capacity", "cluster": "dev"}`)
					}
					interrupt()
				}))
				w.expect(w.deployWith(ctx, a, wait)[0], tagboat.VerdictInterrupted, "web:1")
				left := w.resume()
				if len(left) != 1 {
					t.Fatalf("nothing is left of it: %+v", left)
				}
				if fails {
					w.expect(left[0], tagboat.VerdictFailed, "the rollback to web:1 failed too")
					return
				}
				w.expect(left[0], tagboat.VerdictRolledBack, "web:1")
				if running := w.running("web"); running != 2 || left[0].Images[0].Running != w.pushed["shop/web:v1"] {
					t.Errorf("%d tasks run when it says so, %+v", running, left[0].Images)
				}
			})
		})
	}
}
