package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// updated starts a deployment and returns the ARN of its service deployment.
func (r running) updated(t *testing.T, image string, c *types.DeploymentConfiguration) string {
	t.Helper()
	client := r.ecsClient()
	expect.Value(client.UpdateService(t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String("dev"), Service: aws.String("app"), TaskDefinition: aws.String(r.registerApp(t, image)), DeploymentConfiguration: c,
	}))(t)
	listed := expect.Value(client.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Cluster: aws.String("dev"), Service: aws.String("app")}))(t)
	return *listed.ServiceDeployments[0].ServiceDeploymentArn
}

// until waits for a service deployment to look as it should.
func (r running) until(t *testing.T, arn string, is func(types.ServiceDeployment) bool) types.ServiceDeployment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	for {
		out, err := r.ecsClient().DescribeServiceDeployments(t.Context(), &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
		if err != nil || len(out.ServiceDeployments) != 1 {
			t.Fatalf("describing the service deployment: %+v, %v", out, err)
		}
		d := out.ServiceDeployments[0]
		if is(d) {
			return d
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("the service deployment is %s at %s: %s", d.Status, d.LifecycleStage, aws.ToString(d.StatusReason))
		}
	}
}

// first brings a sandbox to a service that runs v1.
func first(t *testing.T, config sandbox.Config) running {
	t.Helper()
	box, _ := serveAll(t, config)
	group := box.prepare(t)
	image, _ := box.push(t, "shop/app:v1", nil)
	box.createService(t, box.registerApp(t, image), group)
	box.settled(t)
	return box
}

func TestPauseIsContinued(t *testing.T) {
	box := first(t, sandbox.Config{Speed: fast})
	image, _ := box.push(t, "shop/app:v2", map[string]string{"version": "2"})
	arn := box.updated(t, image, &types.DeploymentConfiguration{
		Strategy: types.DeploymentStrategyCanary, BakeTimeInMinutes: aws.Int32(1),
		CanaryConfiguration: &types.CanaryConfiguration{CanaryPercent: aws.Float64(10), CanaryBakeTimeInMinutes: aws.Int32(1)},
		LifecycleHooks: []types.DeploymentLifecycleHook{
			{TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: []types.DeploymentLifecycleHookStage{"POST_TEST_TRAFFIC_SHIFT"}},
		},
	})
	waits := box.until(t, arn, func(d types.ServiceDeployment) bool {
		return len(d.LifecycleHookDetails) == 1 && d.LifecycleHookDetails[0].Status == types.DeploymentLifecycleHookStatusAwaitingAction
	})
	target := waits.TargetServiceRevision
	got := []any{string(waits.LifecycleStage), *target.RequestedProductionTrafficWeight, *target.RequestedTestTrafficWeight, target.RunningTaskCount}
	expect.Equal(t, []any{"POST_TEST_TRAFFIC_SHIFT", 0.0, 100.0, int32(2)}, got)
	expect.Value(box.ecsClient().ContinueServiceDeployment(t.Context(), &ecs.ContinueServiceDeploymentInput{
		ServiceDeploymentArn: &arn, HookId: waits.LifecycleHookDetails[0].HookId,
	}))(t)
	done := box.until(t, arn, func(d types.ServiceDeployment) bool { return d.Status == types.ServiceDeploymentStatusSuccessful })
	if got := *done.TargetServiceRevision.RequestedProductionTrafficWeight; got != 100 {
		t.Errorf("in the end %v%% of the traffic is shifted", got)
	}
}

func TestFunctionsAnswerAsOrdered(t *testing.T) {
	box := first(t, sandbox.Config{Speed: fast})
	if response, body := box.send(t, http.MethodPost, "/_sandbox/functions", `{"function": "*check", "stage": "PRE_*", "status": "FAILED"}`); response.StatusCode != http.StatusOK {
		t.Fatal(body)
	}
	if response, body := box.send(t, http.MethodPost, "/_sandbox/functions", `{"function": "*", "status": "DONE"}`); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a status that is none was taken: %s", body)
	}
	image, _ := box.push(t, "shop/app:v2", map[string]string{"version": "2"})
	arn := box.updated(t, image, &types.DeploymentConfiguration{
		Strategy: types.DeploymentStrategyBlueGreen,
		LifecycleHooks: []types.DeploymentLifecycleHook{{
			HookTargetArn: aws.String("arn:aws:lambda:eu-west-1:123456789012:function:check"), RoleArn: aws.String("arn:aws:iam::123456789012:role/hooks"),
			LifecycleStages: []types.DeploymentLifecycleHookStage{"PRE_SCALE_UP"},
		}},
	})
	d := box.until(t, arn, func(d types.ServiceDeployment) bool {
		return d.Status == types.ServiceDeploymentStatusRollbackSuccessful
	})
	const want = "Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. " +
		"Lifecycle hook target arn:aws:lambda:eu-west-1:123456789012:function:check returned FAILED status."
	expect.EqualIn(t, "because", want, *d.StatusReason)
}

func TestAlarmFailsADeployment(t *testing.T) {
	box := first(t, sandbox.Config{Speed: fast})
	box.alarm(t, "errors", cwtypes.StateValueOk)
	image, _ := box.push(t, "shop/app:v2", map[string]string{"version": "2"})
	arn := box.updated(t, image, &types.DeploymentConfiguration{
		BakeTimeInMinutes: aws.Int32(1000),
		Alarms:            &types.DeploymentAlarms{AlarmNames: []string{"errors"}, Enable: true, Rollback: true},
	})
	box.until(t, arn, func(d types.ServiceDeployment) bool { return d.LifecycleStage == "BAKE_TIME" })
	box.alarm(t, "errors", cwtypes.StateValueAlarm)
	d := box.until(t, arn, func(d types.ServiceDeployment) bool {
		return d.Status == types.ServiceDeploymentStatusRollbackSuccessful
	})
	expect.Equal(t, []string{"errors"}, d.Alarms.TriggeredAlarmNames)
}

func TestHarm(t *testing.T) {
	box := first(t, sandbox.Config{Speed: fast})
	response, body := box.send(t, http.MethodPost, "/_sandbox/harm",
		`{"kind": "crash", "region": "eu-west-1", "cluster": "dev", "service": "app", "code": 7, "count": 1}`)
	var met struct{ Tasks []string }
	if err := json.Unmarshal([]byte(body), &met); err != nil || response.StatusCode != http.StatusOK || len(met.Tasks) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	out, err := box.ecsClient().DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("dev"), Tasks: met.Tasks})
	if err != nil || len(out.Tasks) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	if task := out.Tasks[0]; task.StopCode != types.TaskStopCodeEssentialContainerExited || *task.Containers[0].ExitCode != 7 {
		t.Errorf("%s with %d", task.StopCode, *task.Containers[0].ExitCode)
	}
	for body, want := range map[string]int{
		`{"kind": "interrupt", "region": "eu-west-1", "cluster": "dev"}`:                 http.StatusOK, // none is on Spot
		`{"kind": "explode", "region": "eu-west-1", "cluster": "dev"}`:                   http.StatusBadRequest,
		`{"kind": "crash", "region": "eu-west-1", "cluster": "dev", "service": "other"}`: http.StatusBadRequest,
		`{"kind": "crash", "region": "eu-west-1", "cluster": "nowhere"}`:                 http.StatusBadRequest,
		`{"kind": "crash", "serice": "app"}`:                                             http.StatusBadRequest,
	} {
		if response, said := box.send(t, http.MethodPost, "/_sandbox/harm", body); response.StatusCode != want {
			t.Errorf("%s: %d %s", body, response.StatusCode, said)
		}
	}
}

func TestClockIsMoved(t *testing.T) {
	box := serve(t, sandbox.Config{Speed: 1})
	at := func(body string) time.Time {
		var health sandbox.Health
		if err := json.Unmarshal([]byte(body), &health); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return health.Now
	}
	_, body := box.send(t, http.MethodGet, "/_sandbox/health", "")
	before := at(body)
	_, body = box.send(t, http.MethodPost, "/_sandbox/clock", `{"forward": "2h"}`)
	if moved := at(body).Sub(before); moved < 2*time.Hour || moved > 3*time.Hour {
		t.Errorf("the clock moved by %v", moved)
	}
	for _, body := range []string{`{"forward": "-1h"}`, `{"forward": "soon"}`, `{"back": "1h"}`} {
		if response, said := box.send(t, http.MethodPost, "/_sandbox/clock", body); response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, response.StatusCode, said)
		}
	}
}

func TestStaleAnswersAreAsOld(t *testing.T) {
	box := first(t, sandbox.Config{Speed: fast})
	before := *box.settled(t).Deployments[0].Id
	box.order(t, `{"operation": "ecs.DescribeServices", "kind": "stale", "age": "30m"}`)
	image, _ := box.push(t, "shop/app:v2", map[string]string{"version": "2"})
	arn := box.updated(t, image, nil)
	box.until(t, arn, func(d types.ServiceDeployment) bool { return d.Status == types.ServiceDeploymentStatusSuccessful })
	if got := *box.settled(t).Deployments[0].Id; got != before {
		t.Errorf("as of half an hour ago the service had the deployment %s, which is newer", got)
	}
	if response, body := box.send(t, http.MethodDelete, "/_sandbox/faults", ""); response.StatusCode != http.StatusNoContent {
		t.Fatal(body)
	}
	if got := *box.settled(t).Deployments[0].Id; got == before {
		t.Error("the present is stale without a fault")
	}
	for _, bad := range []string{
		`{"operation": "ecs.DescribeServices", "kind": "stale"}`, `{"operation": "ssm.GetParameter", "kind": "stale", "age": "1s"}`,
	} {
		if response, _ := box.send(t, http.MethodPost, "/_sandbox/faults", bad); response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s was taken", bad)
		}
	}
}
