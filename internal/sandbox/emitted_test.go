package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// listen makes a queue that gets the events of the default bus that a pattern matches.
func listen(w *sandboxtest.World, pattern string) {
	w.Helper()
	w.AWS("sqs.CreateQueue", map[string]any{"QueueName": "inbox", "Attributes": map[string]string{
		"Policy": `{"Statement": {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}}`,
	}})
	w.AWS("events.PutRule", map[string]any{"Name": "all", "EventPattern": pattern})
	w.AWS("events.PutTargets", map[string]any{"Rule": "all", "Targets": []map[string]string{{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:inbox"}}})
}

// heard takes the events of the queue.
func heard(w *sandboxtest.World) []string {
	w.Helper()
	var all []string
	for {
		got := w.AWS("sqs.ReceiveMessage", map[string]any{"QueueUrl": "http://" + sandboxtest.Host + "/123456789012/inbox", "MaxNumberOfMessages": 10})
		messages, _ := got["Messages"].([]any)
		for _, m := range messages {
			message := m.(map[string]any)
			all = append(all, message["Body"].(string))
			w.AWS("sqs.DeleteMessage", map[string]any{"QueueUrl": "http://" + sandboxtest.Host + "/123456789012/inbox", "ReceiptHandle": message["ReceiptHandle"]})
		}
		if len(messages) == 0 {
			return all
		}
	}
}

var eventID = regexp.MustCompile(`^{"version":"0","id":"[0-9a-f-]{36}",`)

// golden compares whole events, but for their random ids, with a file.
func golden(w *sandboxtest.World, name string) {
	w.Helper()
	var out strings.Builder
	for _, event := range heard(w) {
		var indented map[string]json.RawMessage
		event = eventID.ReplaceAllString(event, `{"version":"0","id":"ID",`)
		expect.OK(w, json.Unmarshal([]byte(event), &indented))
		detail := expect.Value(json.MarshalIndent(indented["detail"], "", " "))(w)
		fmt.Fprintf(&out, "%s\n%s\n", strings.Replace(event, string(indented["detail"]), "…", 1), detail)
	}
	casetest.Golden(w, "testdata/"+name+".golden", []byte(out.String()))
}

// TestEventsOfImages holds the events of pushes, retags, scans and deletions.
func TestEventsOfImages(t *testing.T) {
	sandboxtest.Run(t, sandbox.Config{}, func(w *sandboxtest.World) {
		listen(w, `{"source": ["aws.ecr"]}`)
		w.Push("shop/api:v1")
		w.Push("shop/api:v1") // which changes nothing
		digest := w.Push("shop/api:v2", "scan=critical=1,high=2")
		got := w.AWS("ecr.BatchGetImage", map[string]any{"repositoryName": "shop/api", "imageIds": []map[string]string{{"imageTag": "v1"}}})
		manifest := got["images"].([]any)[0].(map[string]any)["imageManifest"]
		w.AWS("ecr.PutImage", map[string]any{"repositoryName": "shop/api", "imageManifest": manifest, "imageTag": "stable"})
		w.AWS("ecr.StartImageScan", map[string]any{"repositoryName": "shop/api", "imageId": map[string]string{"imageTag": "v1"}})
		w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/api", "imageIds": []map[string]string{{"imageDigest": digest}}})
		w.Later(time.Minute)
		w.AWS("ecr.PutImageScanningConfiguration", map[string]any{"repositoryName": "shop/api", "imageScanningConfiguration": map[string]bool{"scanOnPush": true}})
		w.AWS("ecr.PutImage", map[string]any{"repositoryName": "shop/api", "imageManifest": strings.Replace(manifest.(string), "{", "{ ", 1)})
		w.Later(time.Minute)
		golden(w, "events-ecr")
	})
}

const fargate = `{"family": "api", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"],
	"executionRoleArn": "arn:aws:iam::123456789012:role/ecs", "containerDefinitions": [{"name": "api", "image": "IMAGE"}]}`

// service registers a task definition and creates a service of it, or updates the one that is there.
func service(w *sandboxtest.World, operation, image string, members map[string]any) {
	w.Helper()
	registered := w.AWS("ecs.RegisterTaskDefinition", json.RawMessage(strings.Replace(fargate, "IMAGE", sandboxtest.Host+"/"+image, 1)))
	in := map[string]any{"cluster": "dev", "taskDefinition": registered["taskDefinition"].(map[string]any)["taskDefinitionArn"]}
	if operation == "ecs.CreateService" {
		in["serviceName"], in["desiredCount"], in["launchType"] = "api", 1, "FARGATE"
		in["networkConfiguration"] = map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-0a1b2c3d4e5f60718"}}}
	} else {
		in["service"] = "api"
	}
	for name, value := range members {
		in[name] = value
	}
	w.AWS(operation, in)
}

// TestEventsOfDeployments holds the events of one that completes and of one that its circuit breaker
// stops.
func TestEventsOfDeployments(t *testing.T) {
	sandboxtest.Run(t, sandbox.Config{Clusters: []string{"dev"}}, func(w *sandboxtest.World) {
		listen(w, `{"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change", "ECS Service Action"]}`)
		w.Push("shop/api:v1")
		service(w, "ecs.CreateService", "shop/api:v1", nil)
		w.Later(10 * time.Minute)
		service(w, "ecs.UpdateService", "shop/api:none", map[string]any{"deploymentConfiguration": map[string]any{"deploymentCircuitBreaker": map[string]bool{"enable": true, "rollback": true}}})
		w.Later(time.Hour)
		golden(w, "events-deployments")
	})
}

func TestEventsOfTasks(t *testing.T) {
	sandboxtest.Run(t, sandbox.Config{Clusters: []string{"dev"}}, func(w *sandboxtest.World) {
		listen(w, `{"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["RUNNING", "STOPPED"], "containers": {"name": ["api"]}}}`)
		w.Push("shop/api:v1", "exit=3@30s")
		service(w, "ecs.CreateService", "shop/api:v1", nil)
		w.Later(80 * time.Second)
		golden(w, "events-tasks")
	})
}

// TestEventsOfHooks holds the events of a PAUSE hook that is continued.
func TestEventsOfHooks(t *testing.T) {
	sandboxtest.Run(t, sandbox.Config{Clusters: []string{"dev"}}, func(w *sandboxtest.World) {
		listen(w, `{"source": ["aws.ecs"], "detail-type": ["ECS Hook State Change"]}`)
		w.Push("shop/api:v1")
		w.Push("shop/api:v2")
		strategy := map[string]any{"deploymentConfiguration": map[string]any{"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": []map[string]any{
			{"targetType": "PAUSE", "lifecycleStages": []string{"POST_SCALE_UP"}, "timeoutConfiguration": map[string]any{"timeoutInMinutes": 30, "action": "ROLLBACK"}},
		}}}
		service(w, "ecs.CreateService", "shop/api:v1", nil)
		w.Later(10 * time.Minute)
		service(w, "ecs.UpdateService", "shop/api:v2", strategy)
		w.Later(10 * time.Minute)
		deployments := w.AWS("ecs.ListServiceDeployments", map[string]any{"cluster": "dev", "service": "api"})
		arn := deployments["serviceDeployments"].([]any)[0].(map[string]any)["serviceDeploymentArn"]
		described := w.AWS("ecs.DescribeServiceDeployments", map[string]any{"serviceDeploymentArns": []any{arn}})
		hook := described["serviceDeployments"].([]any)[0].(map[string]any)["lifecycleHookDetails"].([]any)[0].(map[string]any)["hookId"]
		w.AWS("ecs.ContinueServiceDeployment", map[string]any{"serviceDeploymentArn": arn, "hookId": hook, "action": "CONTINUE"})
		w.Later(10 * time.Minute)
		service(w, "ecs.UpdateService", "shop/api:v1", nil)
		w.Later(time.Hour)
		golden(w, "events-hooks")
	})
}

// TestEventsGoWrong holds that the same faults meet the same events, and that those that were dropped
// are counted.
func TestEventsGoWrong(t *testing.T) {
	run := func(t *testing.T) (out string) {
		config := sandbox.Config{Faults: []sandbox.Fault{
			{Operation: "event.ECR *", Kind: "dropped", Rate: 0.3, Seed: 1}, {Operation: "event.*", Kind: "doubled", Rate: 0.3, Seed: 2},
			{Operation: "event.*", Kind: "late", Rate: 0.3, Latency: "1m", Seed: 4},
		}}
		sandboxtest.Run(t, config, func(w *sandboxtest.World) {
			listen(w, `{"source": ["aws.ecr"]}`)
			for n := range 10 {
				w.Push(fmt.Sprintf("shop/api:v%d", n))
			}
			tags := func() string {
				var all []string
				for _, event := range heard(w) {
					var e struct {
						Detail struct {
							Tag string `json:"image-tag"`
						}
					}
					expect.OK(w, json.Unmarshal([]byte(event), &e))
					all = append(all, e.Detail.Tag)
				}
				return strings.Join(all, " ")
			}
			out = tags() + " | "
			w.Later(2 * time.Minute)
			out += tags()
			var report struct {
				Emitted map[string]int
				Dropped []struct {
					Code  string
					Count int
				}
			}
			expect.OK(w, json.Unmarshal(w.Control(http.MethodGet, "events", "").Body.Bytes(), &report))
			out += fmt.Sprint(" | ", report.Emitted["ECR Image Action"], report.Dropped)
		})
		return out
	}
	const want = "v1 v3 v3 v5 v5 v8 | v4 v4 | 10 [{FAULT 5}]"
	expect.Equal(t, want, run(t))
	expect.Equal(t, want, run(t))
}

// TestEventsSurviveARestart holds that a rule of a sandbox that stopped still feeds its queue in the
// next one, beside the messages of before.
func TestEventsSurviveARestart(t *testing.T) {
	config := sandbox.Config{DataDir: t.TempDir()}
	world := func() *sandboxtest.World {
		return &sandboxtest.World{T: t, Server: expect.Value(sandbox.New(config))(t), Dir: t.TempDir()}
	}
	w := world()
	listen(w, `{"source": ["aws.ecr"]}`)
	w.Push("shop/api:v1")
	expect.OK(t, w.Server.Close())
	w = world()
	w.Push("shop/api:v2")
	got := heard(w)
	if len(got) != 2 || !strings.Contains(got[0], `"image-tag":"v1"`) || !strings.Contains(got[1], `"image-tag":"v2"`) {
		t.Errorf("got %q", got)
	}
	expect.OK(t, w.Server.Close())
}
