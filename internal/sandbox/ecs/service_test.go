package ecs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
)

// network is what every service on Fargate has to say.
func network() *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}}
}

// webService is a service behind the target group.
func webService(definition string) *sdk.CreateServiceInput {
	return &sdk.CreateServiceInput{
		ServiceName: aws.String("web"), TaskDefinition: &definition, DesiredCount: aws.Int32(2), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: network(),
		LoadBalancers:        []types.LoadBalancer{{TargetGroupArn: aws.String(group), ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}},
		Tags:                 []types.Tag{{Key: aws.String("team"), Value: aws.String("radio")}},
		DeploymentConfiguration: &types.DeploymentConfiguration{
			DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true},
		},
	}
}

func (f *fixture) create(t *testing.T, in *sdk.CreateServiceInput) types.Service {
	t.Helper()
	out := expect.Value(f.client.CreateService(t.Context(), in))(t)
	return *out.Service
}

func (f *fixture) update(t *testing.T, in *sdk.UpdateServiceInput) types.Service {
	t.Helper()
	in.Service = aws.String("web")
	out := expect.Value(f.client.UpdateService(t.Context(), in))(t)
	return *out.Service
}

func (f *fixture) describe(t *testing.T, name string) types.Service {
	t.Helper()
	out, err := f.client.DescribeServices(t.Context(), &sdk.DescribeServicesInput{
		Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags},
	})
	if err != nil || len(out.Services) != 1 {
		t.Fatalf("describing %s: %+v, %v", name, out, err)
	}
	return out.Services[0]
}

// settle lets time pass until the service has one deployment, which is COMPLETED, and
// returns it then.
func (f *fixture) settle(t *testing.T, name string) types.Service {
	t.Helper()
	for range 360 {
		s := f.describe(t, name)
		if len(s.Deployments) == 1 && s.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted {
			return s
		}
		f.clock.Advance(10 * time.Second)
	}
	t.Fatalf("%s did not settle within an hour: %s", name, events(f.describe(t, name)))
	return types.Service{}
}

func events(s types.Service) string {
	var all []string
	for _, e := range s.Events {
		all = append(all, *e.Message)
	}
	return strings.Join(all, "\n")
}

// tasks describes the service's tasks of a desired status.
func (f *fixture) tasks(t *testing.T, status types.DesiredStatus) []types.Task {
	t.Helper()
	listed := expect.Value(f.client.ListTasks(t.Context(), &sdk.ListTasksInput{ServiceName: aws.String("web"), DesiredStatus: status}))(t)
	if len(listed.TaskArns) == 0 {
		return nil
	}
	out, err := f.client.DescribeTasks(t.Context(), &sdk.DescribeTasksInput{Tasks: listed.TaskArns})
	if err != nil || len(out.Failures) > 0 {
		t.Fatalf("describing tasks: %+v, %v", out, err)
	}
	return out.Tasks
}

// TestCreatedService compares a new service with what AWS answers, field by field.
func TestCreatedService(t *testing.T) {
	f := newFixture(t)
	definition := f.register(t, "web", good)
	got := f.create(t, webService(definition))
	want := types.Service{
		ServiceArn: aws.String(prefix + "service/default/web"), ServiceName: aws.String("web"),
		ClusterArn: aws.String(prefix + "cluster/default"), Status: aws.String("ACTIVE"),
		TaskDefinition: &definition, DesiredCount: 2, LaunchType: types.LaunchTypeFargate,
		PlatformVersion: aws.String("LATEST"), PlatformFamily: aws.String("Linux"),
		SchedulingStrategy:   types.SchedulingStrategyReplica,
		DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeEcs},
		DeploymentConfiguration: &types.DeploymentConfiguration{
			Strategy: types.DeploymentStrategyRolling, MaximumPercent: aws.Int32(200), MinimumHealthyPercent: aws.Int32(100), BakeTimeInMinutes: aws.Int32(0),
			Alarms: &types.DeploymentAlarms{AlarmNames: []string{}},
			DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{
				Enable: true, Rollback: true, ResetOnHealthyTask: aws.Bool(true),
				ThresholdConfiguration: &types.ThresholdConfiguration{Type: types.ThresholdTypeBoundedPercent, Value: 50},
			},
		},
		LoadBalancers: []types.LoadBalancer{{TargetGroupArn: aws.String(group), ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}},
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: []string{"subnet-1"}, SecurityGroups: []string{}, AssignPublicIp: types.AssignPublicIpDisabled,
		}},
		HealthCheckGracePeriodSeconds: aws.Int32(0),
		RoleArn:                       aws.String("arn:aws:iam::111111111111:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
		CreatedAt:                     aws.Time(start), CreatedBy: aws.String("arn:aws:iam::111111111111:user/tester"),
		PropagateTags: types.PropagateTagsNone, AvailabilityZoneRebalancing: types.AvailabilityZoneRebalancingEnabled,
		ResourceManagementType: types.ResourceManagementTypeCustomer,
		Tags:                   []types.Tag{{Key: aws.String("team"), Value: aws.String("radio")}},
		Events:                 []types.ServiceEvent{}, PlacementConstraints: []types.PlacementConstraint{},
		PlacementStrategy: []types.PlacementStrategy{}, ServiceRegistries: []types.ServiceRegistry{},
	}
	ignore := []cmp.Option{
		cmpopts.IgnoreUnexported(
			types.Service{}, types.DeploymentController{}, types.DeploymentConfiguration{}, types.DeploymentAlarms{}, types.DeploymentCircuitBreaker{},
			types.ThresholdConfiguration{}, types.LoadBalancer{}, types.NetworkConfiguration{}, types.AwsVpcConfiguration{}, types.Tag{},
		),
		cmpopts.IgnoreFields(types.Service{}, "Deployments", "CurrentServiceDeployment", "CurrentServiceRevisions"),
	}
	expect.Equal(t, want, got, ignore...)
	d := got.Deployments[0]
	if *d.Status != "PRIMARY" || d.RolloutState != types.DeploymentRolloutStateInProgress || !strings.HasPrefix(*d.Id, "ecs-svc/") ||
		*d.RolloutStateReason != "ECS deployment "+*d.Id+" in progress." || *d.PlatformVersion != "1.4.0" || d.DesiredCount != 0 {
		t.Errorf("its deployment is %+v", d)
	}
	if got.CurrentServiceDeployment != nil || len(got.CurrentServiceRevisions) != 1 {
		t.Errorf("current deployment %v, though nothing has begun, revisions %v", got.CurrentServiceDeployment, got.CurrentServiceRevisions)
	}
}

// TestRollout brings out a second version of a service.
func TestRollout(t *testing.T) {
	f := newFixture(t)
	first := f.register(t, "web", good)
	f.create(t, webService(first))
	f.settle(t, "web")
	second := f.register(t, "web", better)
	updated := f.update(t, &sdk.UpdateServiceInput{TaskDefinition: aws.String("web")})
	if *updated.TaskDefinition != second || len(updated.Deployments) != 2 || *updated.Deployments[0].TaskDefinition != second || *updated.Deployments[1].Status != "ACTIVE" {
		t.Errorf("right after the update: %+v", updated.Deployments)
	}
	done := f.settle(t, "web")
	if *done.Deployments[0].Id != *updated.Deployments[0].Id || done.RunningCount != 2 || done.PendingCount != 0 {
		t.Errorf("in the end: %+v", done)
	}
	want := map[string]string{}
	for _, task := range f.tasks(t, types.DesiredStatusRunning) {
		c := task.Containers[0]
		if *c.ImageDigest != laterDigest || *c.Image != better+"@"+laterDigest || *task.StartedBy != *updated.Deployments[0].Id || *task.Group != "service:web" {
			t.Errorf("a task runs %s (%s), started by %s for %s", *c.Image, *c.ImageDigest, *task.StartedBy, *task.Group)
		}
		want[*c.NetworkInterfaces[0].PrivateIpv4Address+":80"] = "healthy"
	}
	if diff := cmp.Diff(want, f.health); diff != "" || len(want) != 2 {
		t.Errorf("targets (-tasks +targets):\n%s", diff)
	}
	for _, message := range []string{"(service web) registered 2 targets in (target-group " + group + ")", "has reached a steady state.", "deployment completed."} {
		if !strings.Contains(events(done), message) {
			t.Errorf("no event %q in:\n%s", message, events(done))
		}
	}
	f.checkHistory(t, []string{"SUCCESSFUL", "SUCCESSFUL"})
	again := f.update(t, &sdk.UpdateServiceInput{DesiredCount: aws.Int32(3)})
	if len(again.Deployments) != 1 || again.DesiredCount != 3 {
		t.Errorf("a change of the desired count began a deployment: %+v", again.Deployments)
	}
}

// checkHistory compares the states of web's service deployments, and looks that what
// they point to can be described.
func (f *fixture) checkHistory(t *testing.T, want []string) {
	t.Helper()
	listed := expect.Value(f.client.ListServiceDeployments(t.Context(), &sdk.ListServiceDeploymentsInput{Service: aws.String("web")}))(t)
	var got, arns, revisions []string
	for _, d := range listed.ServiceDeployments {
		got = append(got, string(d.Status))
		arns, revisions = append(arns, *d.ServiceDeploymentArn), append(revisions, *d.TargetServiceRevisionArn)
	}
	expect.EqualIn(t, "service deployments", want, got)
	described, err := f.client.DescribeServiceDeployments(t.Context(), &sdk.DescribeServiceDeploymentsInput{ServiceDeploymentArns: append(arns, prefix+"service-deployment/default/web/none")})
	if err != nil || len(described.ServiceDeployments) != len(want) || *described.Failures[0].Reason != "MISSING" {
		t.Errorf("describing service deployments: %+v, %v", described, err)
	}
	out, err := f.client.DescribeServiceRevisions(t.Context(), &sdk.DescribeServiceRevisionsInput{ServiceRevisionArns: revisions})
	if err != nil || len(out.Failures) > 0 || len(out.ServiceRevisions) == 0 {
		t.Fatalf("describing service revisions: %+v, %v", out, err)
	}
	if r := out.ServiceRevisions[0]; *r.ContainerImages[0].ContainerName != "app" || r.NetworkConfiguration == nil || len(r.LoadBalancers) != 1 {
		t.Errorf("a service revision is %+v", r)
	}
}

// TestRollback lets the circuit breaker bring the version before back.
func TestRollback(t *testing.T) {
	f := newFixture(t)
	const logs = `"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/web","awslogs-region":"eu-west-1","awslogs-stream-prefix":"web"}}`
	first := f.register(t, "web", good, logs)
	f.create(t, webService(first))
	id := *f.settle(t, "web").Deployments[0].Id
	second := f.register(t, "web", broken, logs)
	failing := f.update(t, &sdk.UpdateServiceInput{TaskDefinition: &second})
	done := f.settle(t, "web")
	if *done.TaskDefinition != first || *done.Deployments[0].TaskDefinition != first || *done.Deployments[0].Id != id || *done.Deployments[0].Id == *failing.Deployments[0].Id {
		t.Errorf("after the rollback: %s runs %s", *done.Deployments[0].Id, *done.TaskDefinition)
	}
	if want := "(service web) rolling back to deployment " + id + "."; !strings.Contains(events(done), want) {
		t.Errorf("no event %q in:\n%s", want, events(done))
	}
	f.checkHistory(t, []string{"ROLLBACK_SUCCESSFUL", "SUCCESSFUL"})
	var exited *types.Task
	for _, task := range f.tasks(t, types.DesiredStatusStopped) {
		if *task.TaskDefinitionArn == second && task.StopCode == types.TaskStopCodeEssentialContainerExited {
			exited = &task
			break
		}
	}
	if exited == nil || *exited.StoppedReason != "Essential container in task exited" || *exited.Containers[0].ExitCode != 3 {
		t.Fatalf("no task tells that the container exited with 3: %+v", exited)
	}
	stream := "/ecs/web web/app/" + (*exited.TaskArn)[strings.LastIndex(*exited.TaskArn, "/")+1:]
	expect.EqualIn(t, fmt.Sprintf("lines of %s", stream), []string{"no database"}, f.lines[stream])
	updated := f.update(t, &sdk.UpdateServiceInput{DesiredCount: aws.Int32(1)})
	if len(updated.Deployments) != 1 || *updated.TaskDefinition != first {
		t.Errorf("a change of the desired count brought the failed version back: %+v", updated.Deployments)
	}
}

// TestLaunchFailures looks at the stopped reasons of tasks that cannot start.
func TestLaunchFailures(t *testing.T) {
	const (
		logs    = `"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/none","awslogs-region":"eu-west-1","awslogs-stream-prefix":"web"%s}}`
		secrets = `"secrets":[{"name":"A","valueFrom":"%s"},{"name":"B","valueFrom":"/app/password"}]`
		missing = "127.0.0.1:4510/app:none"
		noGroup = "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. "
	)
	ssm := "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: " +
		"unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: "
	tests := []struct{ name, image, members, reason string }{
		{"image", missing, `"cpu":0`, "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + missing + ": " + missing + ": not found"},
		{"image of Docker Hub", "nginx", `"cpu":0`, "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/nginx:latest: docker.io/library/nginx:latest: not found"},
		{"log group", good, fmt.Sprintf(logs, ""), noGroup},
		{"log group made", good, fmt.Sprintf(logs, `,"awslogs-create-group":"true"`), ""},
		{"secret", good, fmt.Sprintf(secrets, "/app/none"), ssm + "/app/none"},
		{"secret by ARN", good, fmt.Sprintf(secrets, "arn:aws:ssm:eu-west-1:111111111111:parameter/app/none"), ssm + "/app/none"},
		{"secret of Secrets Manager", good, fmt.Sprintf(secrets, "arn:aws:secretsmanager:eu-west-1:111111111111:secret:x"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			f.create(t, webService(f.register(t, "web", test.image, test.members)))
			f.clock.Advance(3 * time.Minute)
			stopped := f.tasks(t, types.DesiredStatusStopped)
			if test.reason == "" {
				if len(stopped) > 0 {
					t.Errorf("stopped: %s", *stopped[0].StoppedReason)
				}
				return
			}
			if len(stopped) == 0 {
				t.Fatalf("no task stopped: %s", events(f.describe(t, "web")))
			}
			if !strings.HasPrefix(*stopped[0].StoppedReason, test.reason) || stopped[0].StopCode != types.TaskStopCodeTaskFailedToStart {
				t.Errorf("stopped with %s: %s\nwant %s", stopped[0].StopCode, *stopped[0].StoppedReason, test.reason)
			}
			if got := events(f.describe(t, "web")); !strings.Contains(got, "was unable to place a task. Reason: "+strings.TrimSpace(test.reason)) {
				t.Errorf("events:\n%s", got)
			}
		})
	}
}

// TestWaiter lets the SDK's own waiter watch a rollout by a fast clock.
func TestWaiter(t *testing.T) {
	f := newFixture(t)
	f.service = ecs.New(ecs.Deps{Clock: clock.NewScaled(start, 500), Images: f.world, Logs: f.world, Targets: f.world})
	f.serve(t)
	f.run(t)
	f.create(t, webService(f.register(t, "web", good)))
	waiter := sdk.NewServicesStableWaiter(f.client, func(o *sdk.ServicesStableWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 20*time.Millisecond
	})
	expect.OK(t, waiter.Wait(t.Context(), &sdk.DescribeServicesInput{Services: []string{"web"}}, 20*time.Second))
	if s := f.describe(t, "web"); s.RunningCount != 2 {
		t.Errorf("the waiter is content with %d tasks", s.RunningCount)
	}
}
