package ecs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
)

// TestCreateServiceRefused expects AWS's words for each mistake.
func TestCreateServiceRefused(t *testing.T) {
	f := newFixture(t)
	definition := f.register(t, "web", good)
	f.register(t, "old", good)
	expect.Value(f.client.DeregisterTaskDefinition(t.Context(), &sdk.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("old:1")}))(t)
	if code, message := f.post(t, "RegisterTaskDefinition", `{"family":"bridge","containerDefinitions":[{"name":"app","image":"x","memory":6}]}`); code != "" {
		t.Fatal(code, message)
	}
	taken := webService(definition)
	taken.ServiceName = aws.String("taken")
	f.create(t, taken)

	target := "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role being passed has the proper permissions."
	tests := []struct {
		name   string
		change func(*sdk.CreateServiceInput)
		want   string
	}{
		{"cluster", func(in *sdk.CreateServiceInput) { in.Cluster = aws.String("none") }, "ClusterNotFoundException: Cluster not found."},
		{"cluster of another account", func(in *sdk.CreateServiceInput) {
			in.Cluster = aws.String("arn:aws:ecs:eu-west-1:999999999999:cluster/default")
		}, "ClusterNotFoundException: Cluster not found."},
		{"name", func(in *sdk.CreateServiceInput) { in.ServiceName = aws.String("a b") }, "InvalidParameterException: Service name contains invalid characters."},
		{"no definition", func(in *sdk.CreateServiceInput) { in.TaskDefinition = nil }, "InvalidParameterException: TaskDefinition can not be blank."},
		{"unknown definition", func(in *sdk.CreateServiceInput) { in.TaskDefinition = aws.String("none") }, "ClientException: TaskDefinition not found."},
		{"inactive definition", func(in *sdk.CreateServiceInput) { in.TaskDefinition = aws.String("old:1") }, "ClientException: TaskDefinition is inactive"},
		{"taken", func(in *sdk.CreateServiceInput) { in.ServiceName = aws.String("taken") }, "InvalidParameterException: Creation of service was not idempotent."},
		{"no network", func(in *sdk.CreateServiceInput) { in.NetworkConfiguration = nil }, "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified."},
		{"no subnets", func(in *sdk.CreateServiceInput) {
			in.NetworkConfiguration.AwsvpcConfiguration.Subnets = []string{}
		}, "InvalidParameterException: subnets can not be empty."},
		{"launch type", func(in *sdk.CreateServiceInput) {
			in.TaskDefinition, in.NetworkConfiguration, in.LoadBalancers = aws.String("bridge"), nil, nil
		}, "InvalidParameterException: Task definition does not support launch_type FARGATE."},
		{"network in bridge mode", func(in *sdk.CreateServiceInput) {
			in.TaskDefinition, in.LaunchType, in.LoadBalancers = aws.String("bridge"), types.LaunchTypeEc2, nil
		}, "InvalidParameterException: Network Configuration is not valid for the given networkMode of this task definition."},
		{"launch type and strategy", func(in *sdk.CreateServiceInput) {
			in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT")}}
		}, "InvalidParameterException: Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."},
		{"container of the load balancer", func(in *sdk.CreateServiceInput) { in.LoadBalancers[0].ContainerName = aws.String("x") }, "InvalidParameterException: The container x does not exist in the task definition."},
		{"port of the load balancer", func(in *sdk.CreateServiceInput) { in.LoadBalancers[0].ContainerPort = aws.Int32(81) }, "InvalidParameterException: The container app did not have a container port 81 defined."},
		{"target group", func(in *sdk.CreateServiceInput) { in.LoadBalancers[0].TargetGroupArn = aws.String(group + "0") }, "InvalidParameterException: " + target},
		{"grace without checks", func(in *sdk.CreateServiceInput) {
			in.LoadBalancers, in.HealthCheckGracePeriodSeconds = nil, aws.Int32(60)
		}, "InvalidParameterException: Health check grace period is only valid for services configured to use load balancers"},
		{"bounds that block", func(in *sdk.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100), MinimumHealthyPercent: aws.Int32(100)}
		}, "InvalidParameterException: Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."},
		{"a pause where traffic shifts", func(in *sdk.CreateServiceInput) {
			in.LoadBalancers = nil
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyBlueGreen, LifecycleHooks: []types.DeploymentLifecycleHook{{
				TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: []types.DeploymentLifecycleHookStage{"PRODUCTION_TRAFFIC_SHIFT"},
			}}}
		}, "InvalidParameterException: A PAUSE lifecycle hook cannot run at the stage PRODUCTION_TRAFFIC_SHIFT."},
		{"linear steps that are too small", func(in *sdk.CreateServiceInput) {
			in.LoadBalancers = nil
			in.DeploymentConfiguration = &types.DeploymentConfiguration{
				Strategy: types.DeploymentStrategyLinear, LinearConfiguration: &types.LinearConfiguration{StepPercent: aws.Float64(1)},
			}
		}, "InvalidParameterException: The percentage of traffic must be between 3 and 100."},
		{"role", func(in *sdk.CreateServiceInput) { in.Role = aws.String("ecsServiceRole") }, "InvalidParameterException: You cannot specify an IAM role for services that require a service linked role."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := webService(definition)
			test.change(in)
			if _, err := f.client.CreateService(t.Context(), in); err == nil || failed(err) != test.want {
				t.Errorf("answered %v\nwant %s", err, test.want)
			}
		})
	}
	listed, err := f.client.ListServices(t.Context(), &sdk.ListServicesInput{})
	if err != nil || len(listed.ServiceArns) != 1 {
		t.Errorf("after all refusals there are %v, %v", listed.ServiceArns, err)
	}
}

// TestDeletedService deletes a service and goes on calling it.
func TestDeletedService(t *testing.T) {
	f := newFixture(t)
	definition := f.register(t, "web", good)
	f.create(t, webService(definition))
	f.settle(t, "web")
	remove := func(name string, force bool) error {
		return expect.Err(f.client.DeleteService(t.Context(), &sdk.DeleteServiceInput{Service: &name, Force: &force}))
	}
	if got, want := failed(remove("web", false)), "InvalidParameterException: The service cannot be stopped while it is scaled above 0."; got != want {
		t.Errorf("deleting without force: %s", got)
	}
	expect.EqualIn(t, "deleting what is not there", "ServiceNotFoundException: Service not found.", failed(remove("none", true)))
	expect.OK(t, remove("web", true))
	expect.EqualIn(t, "after the deletion the service", "DRAINING", *f.describe(t, "web").Status)
	_, err := f.client.CreateService(t.Context(), webService(definition))
	expect.EqualIn(t, "making it anew", "InvalidParameterException: Unable to Start a service that is still Draining.", failed(err))
	f.clock.Advance(10 * time.Minute)
	if s := f.describe(t, "web"); *s.Status != "INACTIVE" || len(s.Deployments) != 0 {
		t.Errorf("later it is %s with %d deployments", *s.Status, len(s.Deployments))
	}
	_, err = f.client.UpdateService(t.Context(), &sdk.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(1)})
	expect.EqualIn(t, "updating it", "ServiceNotActiveException: Service was not ACTIVE.", failed(err))
	_, err = f.client.UpdateService(t.Context(), &sdk.UpdateServiceInput{Service: aws.String("none")})
	expect.EqualIn(t, "updating what is not there", "ServiceNotFoundException: Service not found.", failed(err))
	again, err := f.client.DeleteService(t.Context(), &sdk.DeleteServiceInput{Service: aws.String("web")})
	if err != nil || *again.Service.Status != "INACTIVE" {
		t.Errorf("deleting it again: %+v, %v", again, err)
	}
	expect.EqualIn(t, "made anew it", "ACTIVE", *f.create(t, webService(definition)).Status)
}

func TestClientToken(t *testing.T) {
	f := newFixture(t)
	in := webService(f.register(t, "web", good))
	in.ClientToken = aws.String("once")
	first, second := f.create(t, in), f.create(t, in)
	expect.EqualIn(t, "the same call with the same token made two services", *second.Deployments[0].Id, *first.Deployments[0].Id)
}

// TestServicePages lists more services than a page has, and describes more than a call
// may name.
func TestServicePages(t *testing.T) {
	f := newFixture(t)
	definition := f.register(t, "web", good)
	for i := range 23 {
		in := webService(definition)
		in.ServiceName, in.LoadBalancers = aws.String(fmt.Sprintf("s%02d", i)), nil
		f.create(t, in)
	}
	var sizes []int
	var all []string
	for p := sdk.NewListServicesPaginator(f.client, &sdk.ListServicesInput{}); p.HasMorePages(); {
		out := expect.Value(p.NextPage(t.Context()))(t)
		sizes, all = append(sizes, len(out.ServiceArns)), append(all, out.ServiceArns...)
	}
	if fmt.Sprint(sizes) != "[10 10 3]" || all[22] != prefix+"service/default/s22" {
		t.Errorf("pages of %v, ending in %s", sizes, all[len(all)-1])
	}
	_, err := f.client.DescribeServices(t.Context(), &sdk.DescribeServicesInput{Services: all[:11]})
	expect.EqualIn(t, "describing 11", "InvalidParameterException: Services cannot have more than 10 elements.", failed(err))
	out, err := f.client.DescribeServices(t.Context(), &sdk.DescribeServicesInput{Services: []string{all[0], "s01", "none", "arn:aws:ecs:eu-west-1:111111111111:service/s02"}})
	if err != nil || len(out.Services) != 3 || len(out.Failures) != 1 || *out.Failures[0].Arn != prefix+"service/default/none" || *out.Failures[0].Reason != "MISSING" {
		t.Errorf("describing by ARN, name and old ARN: %d services, failures %+v, %v", len(out.Services), out.Failures, err)
	}
	if code, message := f.post(t, "ListServices", `{"maxResults":101}`); code+message != "InvalidParameterExceptionmaxResults must be between 1 and 100." {
		t.Errorf("101 on a page: %s: %s", code, message)
	}
}
