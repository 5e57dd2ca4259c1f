package sandbox_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// fast is a sandbox in which a rollout takes a moment.
const fast = 2000

// longest is how long a test waits for a rollout, on a machine that is busy with others.
const longest = 2 * time.Minute

// serveAll runs a whole sandbox, with all services, until the test ends or stop is called.
func serveAll(t *testing.T, config sandbox.Config) (box running, stop func()) {
	t.Helper()
	server := expect.Value(sandbox.New(config))(t)
	web := httptest.NewServer(server)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		web.Close()
		cancel()
		if err := errors.Join(<-ended, server.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return running{Server: server, url: web.URL}, stop
}

// push puts an image with labels into the registry and returns its reference and digest.
func (r running) push(t *testing.T, name string, labels map[string]string) (reference, digest string) {
	t.Helper()
	image := expect.Value(mutate.Config(empty.Image, v1.Config{Labels: labels}))(t)
	hash := expect.Value(image.Digest())(t)
	reference = strings.TrimPrefix(r.url, "http://") + "/" + name
	expect.OK(t, crane.Push(image, reference, crane.Insecure, crane.WithContext(t.Context())))
	return reference, hash.String()
}

// registerApp registers a revision of a task that runs one image and prints to /app.
func (r running) registerApp(t *testing.T, image string) string {
	t.Helper()
	out := expect.Value(r.ecsClient().RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("app"), NetworkMode: types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		Cpu:                     aws.String("256"), Memory: aws.String("512"),
		ExecutionRoleArn: aws.String("arn:aws:iam::123456789012:role/execution"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), Image: &image, Essential: aws.Bool(true),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}},
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "/app", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs",
			}},
		}},
	}))(t)
	return *out.TaskDefinition.TaskDefinitionArn
}

// prepare makes what the service needs and returns its target group.
func (r running) prepare(t *testing.T) string {
	t.Helper()
	expect.Value(r.ecsClient().CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("dev")}))(t)
	logs := cloudwatchlogs.NewFromConfig(r.awsConfig())
	expect.Value(logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/app")}))(t)
	balancing := elb.NewFromConfig(r.awsConfig())
	balancer := expect.Value(balancing.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("app"), Subnets: []string{"subnet-1", "subnet-2"}}))(t)
	var groups []string
	for _, name := range []string{"app", "app-green"} {
		group := expect.Value(balancing.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
			Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
			VpcId: aws.String("vpc-1"), TargetType: elbtypes.TargetTypeEnumIp,
		}))(t)
		groups = append(groups, *group.TargetGroups[0].TargetGroupArn)
	}
	expect.Value(balancing.CreateListener(t.Context(), &elb.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: &groups[0], Weight: aws.Int32(1)}, {TargetGroupArn: &groups[1], Weight: aws.Int32(0)}},
		}}},
	}))(t)
	return groups[0]
}

// balanced returns the service's load balancer with all that shifting traffic needs.
func (r running) balanced(t *testing.T, targetGroup string) types.LoadBalancer {
	t.Helper()
	balancing := elb.NewFromConfig(r.awsConfig())
	green := expect.Value(balancing.DescribeTargetGroups(t.Context(), &elb.DescribeTargetGroupsInput{Names: []string{"app-green"}}))(t)
	listeners := expect.Value(balancing.DescribeListeners(t.Context(), &elb.DescribeListenersInput{LoadBalancerArn: &green.TargetGroups[0].LoadBalancerArns[0]}))(t)
	rules := expect.Value(balancing.DescribeRules(t.Context(), &elb.DescribeRulesInput{ListenerArn: listeners.Listeners[0].ListenerArn}))(t)
	return types.LoadBalancer{
		TargetGroupArn: &targetGroup, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80),
		AdvancedConfiguration: &types.AdvancedConfiguration{
			AlternateTargetGroupArn: green.TargetGroups[0].TargetGroupArn, ProductionListenerRule: rules.Rules[0].RuleArn,
			RoleArn: aws.String("arn:aws:iam::123456789012:role/shift"),
		},
	}
}

func (r running) createService(t *testing.T, taskDefinition, targetGroup string) {
	t.Helper()
	expect.Value(r.ecsClient().CreateService(t.Context(), &ecs.CreateServiceInput{
		Cluster: aws.String("dev"), ServiceName: aws.String("app"), TaskDefinition: &taskDefinition,
		DesiredCount: aws.Int32(2), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
		LoadBalancers:        []types.LoadBalancer{r.balanced(t, targetGroup)},
		DeploymentConfiguration: &types.DeploymentConfiguration{
			DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true},
		},
	}))(t)
}

// settled waits until the service has one deployment, which is completed, and
// returns it. Stable, as the SDK's waiter means it, comes earlier: when tasks run.
func (r running) settled(t *testing.T) types.Service {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	in := &ecs.DescribeServicesInput{Cluster: aws.String("dev"), Services: []string{"app"}}
	for {
		out, err := r.ecsClient().DescribeServices(ctx, in)
		if err != nil || len(out.Services) != 1 {
			t.Fatalf("describing the service: %v, %v", out, err)
		}
		service := out.Services[0]
		if len(service.Deployments) == 1 && service.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted {
			return service
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			for _, e := range service.Events {
				t.Log(*e.Message)
			}
			t.Fatal("the service did not settle")
		}
	}
}

// runningDigests returns what the service's tasks run.
func (r running) runningDigests(t *testing.T) []string {
	t.Helper()
	listed := expect.Value(r.ecsClient().ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("dev"), ServiceName: aws.String("app")}))(t)
	described := expect.Value(r.ecsClient().DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("dev"), Tasks: listed.TaskArns}))(t)
	var digests []string
	for _, task := range described.Tasks {
		digests = append(digests, aws.ToString(task.Containers[0].ImageDigest))
	}
	return digests
}

func TestImageGoesFromPushToRunningTasks(t *testing.T) {
	box, _ := serveAll(t, sandbox.Config{Speed: fast})
	targetGroup := box.prepare(t)
	image, digest := box.push(t, "shop/app:v1", map[string]string{"tagboat.sandbox.log": "hello from v1"})
	box.createService(t, box.registerApp(t, image), targetGroup)

	expect.EqualIn(t, "the deployment", "PRIMARY", *box.settled(t).Deployments[0].Status)
	expect.Equal(t, []string{digest, digest}, box.runningDigests(t))
	health, err := elb.NewFromConfig(box.awsConfig()).DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &targetGroup})
	if err != nil || len(health.TargetHealthDescriptions) != 2 {
		t.Fatalf("targets: %v, %v", health, err)
	}
	for _, target := range health.TargetHealthDescriptions {
		expect.EqualIn(t, "a target", elbtypes.TargetHealthStateEnumHealthy, target.TargetHealth.State)
	}
	lines, err := cloudwatchlogs.NewFromConfig(box.awsConfig()).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/app")})
	if err != nil || len(lines.Events) != 2 || *lines.Events[0].Message != "hello from v1" {
		t.Errorf("log lines: %v, %v", lines, err)
	}
}

func TestBrokenImageIsRolledBackToWhatRan(t *testing.T) {
	box, _ := serveAll(t, sandbox.Config{Speed: fast})
	targetGroup := box.prepare(t)
	good, digest := box.push(t, "shop/app:v1", nil)
	bad, _ := box.push(t, "shop/app:v2", map[string]string{"tagboat.sandbox.exit": "3@1s"})
	first := box.registerApp(t, good)
	box.createService(t, first, targetGroup)
	box.settled(t)

	expect.Value(box.ecsClient().UpdateService(t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String("dev"), Service: aws.String("app"), TaskDefinition: aws.String(box.registerApp(t, bad)),
	}))(t)
	service := box.settled(t)
	expect.EqualIn(t, "the service ended with", first, *service.TaskDefinition)
	expect.Equal(t, []string{digest, digest}, box.runningDigests(t))
}

func TestRestartGoesOnWhereItStopped(t *testing.T) {
	config := sandbox.Config{Speed: fast, DataDir: t.TempDir()}
	box, stop := serveAll(t, config)
	targetGroup := box.prepare(t)
	image, digest := box.push(t, "shop/app:v1", nil)
	box.createService(t, box.registerApp(t, image), targetGroup)
	before := box.settled(t)
	stop()

	again, _ := serveAll(t, config)
	after := again.settled(t)
	expect.EqualIn(t, "deployment", *before.Deployments[0].Id, *after.Deployments[0].Id)
	expect.Equal(t, []string{digest, digest}, again.runningDigests(t))
	images, err := ecr.NewFromConfig(again.awsConfig()).DescribeImages(t.Context(), &ecr.DescribeImagesInput{
		RepositoryName: aws.String("shop/app"), RegistryId: aws.String(sandbox.DefaultAccount),
	}, func(o *ecr.Options) { o.Region = sandbox.DefaultRegion })
	if err != nil || len(images.ImageDetails) != 1 || *images.ImageDetails[0].ImageDigest != digest {
		t.Errorf("images: %v, %v", images, err)
	}
	if _, err := crane.Manifest(strings.TrimPrefix(again.url, "http://")+"/shop/app:v1", crane.Insecure); err != nil {
		t.Errorf("the manifest did not outlive the restart: %v", err)
	}
}

func TestSandboxIsReadyAtOnce(t *testing.T) {
	begun := time.Now()
	box, _ := serveAll(t, sandbox.Config{})
	expect.Value(box.ecsClient().ListClusters(t.Context(), &ecs.ListClustersInput{}))(t)
	if took := time.Since(begun); took > 10*time.Second { // a busy machine takes its time
		t.Errorf("ready after %v", took)
	}
}

func TestLabelsOfOtherServicesDoNotKeepAnImageFromRunning(t *testing.T) {
	box, _ := serveAll(t, sandbox.Config{Speed: fast})
	targetGroup := box.prepare(t)
	image, digest := box.push(t, "shop/app:v1", map[string]string{"tagboat.sandbox.scan": "high=1"})
	box.createService(t, box.registerApp(t, image), targetGroup)
	box.settled(t)
	expect.Equal(t, []string{digest, digest}, box.runningDigests(t))
}
