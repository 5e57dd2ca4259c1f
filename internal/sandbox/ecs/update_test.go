package ecs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
)

// TestUpdates shows which changes of a settled service start a deployment.
func TestUpdates(t *testing.T) {
	f := newFixture(t)
	f.register(t, "web", good)
	f.create(t, webService("web"))
	tests := []struct {
		name    string
		in      sdk.UpdateServiceInput
		deploys bool
	}{
		{"nothing", sdk.UpdateServiceInput{}, false},
		{"the same definition", sdk.UpdateServiceInput{TaskDefinition: aws.String("web:1")}, false},
		{"the same network", sdk.UpdateServiceInput{NetworkConfiguration: network()}, false},
		{"no registries", sdk.UpdateServiceInput{ServiceRegistries: []types.ServiceRegistry{}}, false},
		{"the platform that it has", sdk.UpdateServiceInput{PlatformVersion: aws.String("LATEST")}, false},
		{"bounds", sdk.UpdateServiceInput{DeploymentConfiguration: &types.DeploymentConfiguration{MaximumPercent: aws.Int32(300)}}, false},
		{"grace", sdk.UpdateServiceInput{HealthCheckGracePeriodSeconds: aws.Int32(30)}, false},
		{"count", sdk.UpdateServiceInput{DesiredCount: aws.Int32(1)}, false},
		{"strategy", sdk.UpdateServiceInput{
			CapacityProviderStrategy: []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT"), Weight: 1}}, ForceNewDeployment: true,
		}, true},
		{"the strategy that it has", sdk.UpdateServiceInput{
			CapacityProviderStrategy: []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT"), Weight: 1}},
		}, false},
		{"force", sdk.UpdateServiceInput{ForceNewDeployment: true}, true},
		{"network", sdk.UpdateServiceInput{NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-2"}}}}, true},
		{"no load balancer", sdk.UpdateServiceInput{LoadBalancers: []types.LoadBalancer{}, HealthCheckGracePeriodSeconds: aws.Int32(0)}, true},
	}
	for _, test := range tests {
		f.settle(t, "web")
		updated := f.update(t, &test.in)
		if got := len(updated.Deployments) == 2; got != test.deploys {
			t.Errorf("%s: %d deployments", test.name, len(updated.Deployments))
		}
	}
	s := f.settle(t, "web")
	c := s.DeploymentConfiguration
	if *c.MaximumPercent != 300 || *c.MinimumHealthyPercent != 100 || !c.DeploymentCircuitBreaker.Enable || s.DesiredCount != 1 ||
		len(s.LoadBalancers) != 0 || s.LaunchType != "" || *s.CapacityProviderStrategy[0].CapacityProvider != "FARGATE_SPOT" ||
		s.NetworkConfiguration.AwsvpcConfiguration.Subnets[0] != "subnet-2" {
		t.Errorf("after all changes the service is %+v", s)
	}
}

// TestStopServiceDeployment rolls back by hand what no circuit breaker watches.
func TestStopServiceDeployment(t *testing.T) {
	f := newFixture(t)
	first := f.register(t, "web", good)
	in := webService(first)
	in.DeploymentConfiguration = nil
	f.create(t, in)
	f.settle(t, "web")
	f.register(t, "web", broken)
	f.update(t, &sdk.UpdateServiceInput{TaskDefinition: aws.String("web")})
	f.clock.Advance(time.Minute)
	current := f.describe(t, "web").CurrentServiceDeployment
	expect.Value(f.client.StopServiceDeployment(t.Context(), &sdk.StopServiceDeploymentInput{ServiceDeploymentArn: current}))(t)
	expect.EqualIn(t, "it runs", first, *f.settle(t, "web").TaskDefinition)
	f.checkHistory(t, []string{"ROLLBACK_SUCCESSFUL", "SUCCESSFUL"})

	_, err := f.client.StopServiceDeployment(t.Context(), &sdk.StopServiceDeploymentInput{ServiceDeploymentArn: current})
	if got := failed(err); !strings.HasPrefix(got, "ConflictException: ") {
		t.Errorf("stopping it again: %s", got)
	}
	_, err = f.client.StopServiceDeployment(t.Context(), &sdk.StopServiceDeploymentInput{ServiceDeploymentArn: aws.String(*current + "x")})
	if got := failed(err); !strings.HasPrefix(got, "ServiceDeploymentNotFoundException: ") {
		t.Errorf("stopping what is not there: %s", got)
	}
}

// TestListServiceDeployments filters and pages a service's history.
func TestListServiceDeployments(t *testing.T) {
	f := newFixture(t)
	f.create(t, webService(f.register(t, "web", good)))
	for range 4 {
		f.settle(t, "web")
		f.update(t, &sdk.UpdateServiceInput{ForceNewDeployment: true})
	}
	list := func(in sdk.ListServiceDeploymentsInput) (all []types.ServiceDeploymentBrief) {
		t.Helper()
		in.Service = aws.String("web")
		for {
			out := expect.Value(f.client.ListServiceDeployments(t.Context(), &in))(t)
			all = append(all, out.ServiceDeployments...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return all
			}
		}
	}
	all := list(sdk.ListServiceDeploymentsInput{MaxResults: aws.Int32(2)})
	if len(all) != 5 || !all[0].CreatedAt.After(*all[4].CreatedAt) {
		t.Errorf("all: %+v", all)
	}
	if got := list(sdk.ListServiceDeploymentsInput{Status: []types.ServiceDeploymentStatus{types.ServiceDeploymentStatusSuccessful}}); len(got) != 4 {
		t.Errorf("%d are SUCCESSFUL", len(got))
	}
	if got := list(sdk.ListServiceDeploymentsInput{CreatedAt: &types.CreatedAt{After: all[2].CreatedAt}}); len(got) != 2 {
		t.Errorf("%d came after the third", len(got))
	}
	if code, message := f.post(t, "ListServiceDeployments", `{"service":"none"}`); code+message != "ServiceNotFoundExceptionService not found." {
		t.Errorf("of no service: %s: %s", code, message)
	}
	if code, _ := f.post(t, "DescribeServiceDeployments", `{"serviceDeploymentArns":[]}`); code != "InvalidParameterException" {
		t.Errorf("describing none: %q", code)
	}
}

// TestDaemon runs a service that has a task on each container instance.
func TestDaemon(t *testing.T) {
	f := newFixture(t, withInstances(1))
	if code, message := f.post(t, "RegisterTaskDefinition", `{"family":"agent","containerDefinitions":[{"name":"agent","image":"`+good+`","memory":64}]}`); code != "" {
		t.Fatal(code, message)
	}
	in := &sdk.CreateServiceInput{ServiceName: aws.String("web"), TaskDefinition: aws.String("agent"), SchedulingStrategy: types.SchedulingStrategyDaemon}
	f.create(t, in)
	s := f.settle(t, "web")
	if s.LaunchType != types.LaunchTypeEc2 || s.DesiredCount != 1 || s.RunningCount != 1 || *s.DeploymentConfiguration.MinimumHealthyPercent != 0 || *s.DeploymentConfiguration.MaximumPercent != 100 || s.AvailabilityZoneRebalancing != types.AvailabilityZoneRebalancingDisabled || s.RoleArn != nil {
		t.Errorf("the service is %+v", s)
	}
	if task := f.tasks(t, types.DesiredStatusRunning)[0]; len(task.Attachments) != 0 || len(task.Containers[0].NetworkInterfaces) != 0 || *task.Containers[0].Memory != "64" {
		t.Errorf("its task is %+v", task)
	}
	in.DesiredCount, in.ServiceName = aws.Int32(2), aws.String("other")
	_, err := f.client.CreateService(t.Context(), in)
	if got := failed(err); !strings.HasPrefix(got, "InvalidParameterException: The daemon scheduling strategy does not support a desired count") {
		t.Errorf("with a count: %s", got)
	}
}

// TestPlatform refuses images for another processor than the task's.
func TestPlatform(t *testing.T) {
	for platforms, want := range map[string]string{
		"":                               "",
		"linux/amd64":                    "",
		"unknown/unknown":                "",
		"linux/arm64/v8 linux/amd64":     "",
		"linux/arm64/v8 unknown/unknown": "platform 'linux/amd64'",
		"linux/amd64x":                   "platform 'linux/amd64'",
	} {
		f := newFixture(t)
		image := f.images[good]
		image.Platforms = strings.Fields(platforms)
		f.images[good] = image
		f.create(t, webService(f.register(t, "web", good)))
		f.clock.Advance(2 * time.Minute)
		got := ""
		if stopped := f.tasks(t, types.DesiredStatusStopped); len(stopped) > 0 {
			got = *stopped[0].StoppedReason
		}
		if !strings.HasSuffix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: stopped with %q", platforms, got)
		}
	}
}
