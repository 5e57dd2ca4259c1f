package ecs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// withInstances gives the default cluster container instances.
func withInstances(n int) func(*ecs.Deps) {
	return func(d *ecs.Deps) { d.Instances = map[string]int{"default": n} }
}

func lenient(d *ecs.Deps) { d.Strict = false }

// onEC2 registers a definition in bridge mode and makes a service of it.
func (f *fixture) onEC2(t *testing.T, count int32) {
	t.Helper()
	f.must(t, "RegisterTaskDefinition", `{"family":"web","containerDefinitions":[{"name":"app","image":"`+good+`","memory":64,"portMappings":[{"containerPort":80}]}]}`)
	f.create(t, &sdk.CreateServiceInput{
		ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: &count, LaunchType: types.LaunchTypeEc2,
	})
}

// must sends a request that has to be taken.
func (f *fixture) must(t *testing.T, operation, body string) {
	t.Helper()
	if code, message := f.post(t, operation, body); code != "" {
		t.Fatalf("%s: %s: %s", operation, code, message)
	}
}

// TestEC2WithoutInstances starts nothing, and says so in AWS's words.
func TestEC2WithoutInstances(t *testing.T) {
	f := newFixture(t)
	f.onEC2(t, 2)
	f.clock.Advance(5 * time.Minute)
	s := f.describe(t, "web")
	const want = "was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster."
	if s.RunningCount != 0 || !strings.Contains(events(s), want) {
		t.Errorf("%d run; events:\n%s", s.RunningCount, events(s))
	}
	_, err := f.client.RunTask(t.Context(), &sdk.RunTaskInput{TaskDefinition: aws.String("web"), LaunchType: types.LaunchTypeEc2})
	wiretest.WantFailure(t, err, "InvalidParameterException: No Container Instances were found in your cluster.")
	f.must(t, "RegisterContainerInstance", `{"instanceIdentityDocument":"{\"instanceId\":\"i-0123456789abcdef0\",\"availabilityZone\":\"eu-west-1b\"}",
		"totalResources":[{"name":"CPU","type":"INTEGER","integerValue":1024},{"name":"MEMORY","type":"INTEGER","integerValue":100}]}`)
	f.clock.Advance(5 * time.Minute)
	if s = f.describe(t, "web"); s.RunningCount != 1 || !strings.Contains(events(s), "has insufficient memory available.") {
		t.Errorf("with room for one %d run; events:\n%s", s.RunningCount, events(s))
	}
	out, err := f.client.RunTask(t.Context(), &sdk.RunTaskInput{TaskDefinition: aws.String("web"), LaunchType: types.LaunchTypeEc2})
	if err != nil || len(out.Tasks) != 0 || len(out.Failures) != 1 || *out.Failures[0].Reason != "RESOURCE:MEMORY" {
		t.Errorf("running a task without room: %+v, %v", out, err)
	}
	f.checkInstance(t)
}

// checkInstance looks at the one instance that there is and at the task on it.
func (f *fixture) checkInstance(t *testing.T) {
	t.Helper()
	task := f.tasks(t, types.DesiredStatusRunning)[0]
	described, err := f.client.DescribeContainerInstances(t.Context(), &sdk.DescribeContainerInstancesInput{ContainerInstances: []string{*task.ContainerInstanceArn}})
	if err != nil || len(described.ContainerInstances) != 1 {
		t.Fatalf("%+v, %v", described, err)
	}
	i := described.ContainerInstances[0]
	got := []any{
		*i.Ec2InstanceId, *task.AvailabilityZone, i.RunningTasksCount, i.RegisteredResources[1].IntegerValue,
		i.RemainingResources[1].IntegerValue, *task.Containers[0].NetworkBindings[0].HostPort,
	}
	expect.Equal(t, []any{"i-0123456789abcdef0", "eu-west-1b", int32(1), int32(100), int32(36), int32(49153)}, got)
	if listed, err := f.client.ListTasks(t.Context(), &sdk.ListTasksInput{ContainerInstance: i.ContainerInstanceArn}); err != nil || len(listed.TaskArns) != 1 {
		t.Errorf("tasks on the instance: %v, %v", listed, err)
	}
	_, err = f.client.DeregisterContainerInstance(t.Context(), &sdk.DeregisterContainerInstanceInput{ContainerInstance: i.ContainerInstanceArn})
	wiretest.WantFailure(t, err, "InvalidParameterException: Found running tasks on the instance.")
	if _, err = f.client.DeregisterContainerInstance(t.Context(), &sdk.DeregisterContainerInstanceInput{ContainerInstance: i.ContainerInstanceArn, Force: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(5 * time.Minute)
	if stopped := f.tasks(t, types.DesiredStatusStopped); len(stopped) != 1 || *stopped[0].StoppedReason != "Host EC2 (instance i-0123456789abcdef0) terminated." {
		t.Errorf("the tasks of an instance that went: %+v", stopped)
	}
}

// TestLenientClustersHaveAnInstance is what a newcomer meets.
func TestLenientClustersHaveAnInstance(t *testing.T) {
	f := newFixture(t, lenient)
	f.onEC2(t, 2)
	expect.EqualIn(t, "tasks that run", 2, f.settle(t, "web").RunningCount)
}

// TestCapacityProviders takes a cluster and a service through the providers of Fargate and
// one of instances, and back to the launch type.
func TestCapacityProviders(t *testing.T) {
	f := newFixture(t)
	f.must(t, "CreateCluster", `{"clusterName":"bare"}`)
	f.register(t, "web", good)
	service := func(provider string) *sdk.CreateServiceInput {
		return &sdk.CreateServiceInput{
			Cluster: aws.String("bare"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(1), NetworkConfiguration: network(),
			CapacityProviderStrategy: []types.CapacityProviderStrategyItem{{CapacityProvider: &provider, Weight: 1}},
		}
	}
	_, err := f.client.CreateService(t.Context(), service("FARGATE_SPOT"))
	wiretest.WantFailure(t, err, "InvalidParameterException: The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster.")
	_, err = f.client.CreateService(t.Context(), service("fleet"))
	wiretest.WantFailure(t, err, "InvalidParameterException: The specified capacity provider 'fleet' was not found.")
	f.must(t, "CreateCapacityProvider", `{"name":"fleet","autoScalingGroupProvider":{"autoScalingGroupArn":"arn:aws:autoscaling:eu-west-1:111111111111:autoScalingGroup:1:autoScalingGroupName/fleet"}}`)
	f.must(t, "PutClusterCapacityProviders", `{"cluster":"bare","capacityProviders":["FARGATE","FARGATE_SPOT","fleet"],"defaultCapacityProviderStrategy":[{"capacityProvider":"FARGATE","weight":1}]}`)
	f.create(t, service("FARGATE_SPOT"))
	update := func(in *sdk.UpdateServiceInput) (types.Service, error) {
		in.Cluster, in.Service = aws.String("bare"), aws.String("web")
		out, err := f.client.UpdateService(t.Context(), in)
		if err != nil {
			return types.Service{}, err
		}
		return *out.Service, nil
	}
	none := []types.CapacityProviderStrategyItem{}
	_, err = update(&sdk.UpdateServiceInput{CapacityProviderStrategy: none})
	wiretest.WantFailure(t, err, "InvalidParameterException: When switching from launch type to capacity provider strategy on an existing service, or making a change")
	back, err := update(&sdk.UpdateServiceInput{CapacityProviderStrategy: none, ForceNewDeployment: true})
	if err != nil || back.LaunchType != types.LaunchTypeFargate || len(back.CapacityProviderStrategy) != 0 {
		t.Errorf("back to the launch type: %s, %v, %v", back.LaunchType, back.CapacityProviderStrategy, err)
	}
	onFleet, err := update(&sdk.UpdateServiceInput{CapacityProviderStrategy: service("fleet").CapacityProviderStrategy, ForceNewDeployment: true})
	if err != nil || onFleet.LaunchType != "" {
		t.Errorf("on instances: %+v, %v", onFleet, err)
	}
	code, _ := f.post(t, "PutClusterCapacityProviders", `{"cluster":"bare","capacityProviders":["FARGATE"],"defaultCapacityProviderStrategy":[]}`)
	expect.EqualIn(t, "taking away what a service uses", "ResourceInUseException", code)
	if code, _ = f.post(t, "DeleteCapacityProvider", `{"capacityProvider":"fleet"}`); code != "ResourceInUseException" {
		t.Errorf("deleting what a cluster has: %q", code)
	}
}

// TestUpdateCluster changes what the request names and keeps the rest.
func TestUpdateCluster(t *testing.T) {
	f := newFixture(t)
	f.must(t, "CreateCluster", `{"clusterName":"dev","settings":[{"name":"containerInsights","value":"enabled"}]}`)
	f.must(t, "UpdateCluster", `{"cluster":"dev","serviceConnectDefaults":{"namespace":"arn:aws:servicediscovery:eu-west-1:111111111111:namespace/ns-1"}}`)
	f.must(t, "UpdateClusterSettings", `{"cluster":"dev","settings":[{"name":"containerInsights","value":"disabled"}]}`)
	out, err := f.client.DescribeClusters(t.Context(), &sdk.DescribeClustersInput{Clusters: []string{"dev"}, Include: []types.ClusterField{types.ClusterFieldSettings}})
	if err != nil || len(out.Clusters) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	c := out.Clusters[0]
	if *c.Settings[0].Value != "disabled" || c.ServiceConnectDefaults == nil || len(c.CapacityProviders) != 0 {
		t.Errorf("the cluster is %+v", c)
	}
}

// TestSubnetsAreZones spreads tasks over the subnets' zones, which stay what they are
// whatever the order in which they are named.
func TestSubnetsAreZones(t *testing.T) {
	f := newFixture(t)
	in := webService(f.register(t, "web", good))
	in.NetworkConfiguration.AwsvpcConfiguration.Subnets = []string{"subnet-1", "subnet-2"}
	in.DesiredCount = aws.Int32(4)
	f.create(t, in)
	zones := func() map[string]int {
		all := map[string]int{}
		for _, task := range f.tasks(t, types.DesiredStatusRunning) {
			all[*task.Attachments[0].Details[0].Value+" "+*task.AvailabilityZone]++
		}
		return all
	}
	f.settle(t, "web")
	want := map[string]int{"subnet-1 eu-west-1a": 2, "subnet-2 eu-west-1b": 2}
	expect.Equal(t, want, zones())
	f.update(t, &sdk.UpdateServiceInput{NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-2", "subnet-1"}}}})
	f.settle(t, "web")
	expect.EqualIn(t, "named the other way round", want, zones())
}
