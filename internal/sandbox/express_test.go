package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

const (
	expressARN = "arn:aws:ecs:us-east-1:123456789012:service/default/web"
	roleARN    = "arn:aws:iam::123456789012:role/"
)

// gateways is a sandbox with a client of AWS's own SDK.
type gateways struct {
	*sandboxtest.World
	*ecs.Client
}

func withGateways(t *testing.T, story func(g gateways)) {
	t.Helper()
	sandboxtest.Run(t, sandbox.Config{}, func(w *sandboxtest.World) {
		for _, version := range []string{"v1", "v2"} {
			w.Push("shop/web:" + version)
		}
		story(gateways{w, ecsOf(w.Server)})
	})
}

func ecsOf(server http.Handler) *ecs.Client {
	return ecs.New(ecs.Options{
		BaseEndpoint: aws.String("http://" + sandboxtest.Host), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", ""),
		Retryer: wiretest.Once{}, HTTPClient: &http.Client{Transport: sandboxtest.Carrier{Handler: server}},
	})
}

func image(version string) *string { return aws.String(sandboxtest.Host + "/shop/web:" + version) }

// web is the service web with v1.
func web() *ecs.CreateExpressGatewayServiceInput {
	return &ecs.CreateExpressGatewayServiceInput{
		ServiceName: aws.String("web"), InfrastructureRoleArn: aws.String(roleARN + "infrastructure"), ExecutionRoleArn: aws.String(roleARN + "execution"),
		PrimaryContainer: &types.ExpressGatewayContainer{
			Image: image("v1"), Environment: []types.KeyValuePair{{Name: aws.String("COLOR"), Value: aws.String("red")}}, Command: []string{"serve"},
		},
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("radio")}},
	}
}

// settled is the service web, whose first deployment is over.
func (g gateways) settled() *types.ECSExpressGatewayService {
	g.Helper()
	expect.Value(g.CreateExpressGatewayService(g.Context(), web()))(g)
	g.Later(15 * time.Minute)
	return g.gateway()
}

func (g gateways) gateway() *types.ECSExpressGatewayService {
	g.Helper()
	return expect.Value(g.DescribeExpressGatewayService(g.Context(), &ecs.DescribeExpressGatewayServiceInput{
		ServiceArn: aws.String(expressARN), Include: []types.ExpressGatewayServiceInclude{types.ExpressGatewayServiceIncludeTags},
	}))(g).Service
}

func (g gateways) service() types.Service {
	g.Helper()
	return expect.Value(g.DescribeServices(g.Context(), &ecs.DescribeServicesInput{Services: []string{"web"}}))(g).Services[0]
}

// update gives the service another image, and nothing else.
func (g gateways) update(version string) types.ExpressGatewayServiceConfiguration {
	g.Helper()
	return *expect.Value(g.UpdateExpressGatewayService(g.Context(), &ecs.UpdateExpressGatewayServiceInput{
		ServiceArn: aws.String(expressARN), PrimaryContainer: &types.ExpressGatewayContainer{Image: image(version)},
	}))(g).Service.TargetConfiguration
}

// deployment returns the newest service deployment.
func (g gateways) deployment() types.ServiceDeployment {
	g.Helper()
	listed := expect.Value(g.ListServiceDeployments(g.Context(), &ecs.ListServiceDeploymentsInput{Service: aws.String("web")}))(g)
	return expect.Value(g.DescribeServiceDeployments(g.Context(), &ecs.DescribeServiceDeploymentsInput{
		ServiceDeploymentArns: []string{*listed.ServiceDeployments[0].ServiceDeploymentArn},
	}))(g).ServiceDeployments[0]
}

// TestExpressServiceIsMade compares an answer, and what was made, with what AWS documents.
func TestExpressServiceIsMade(t *testing.T) {
	withGateways(t, func(g gateways) {
		got := g.settled()
		want := &types.ECSExpressGatewayService{
			ServiceArn: aws.String(expressARN), ServiceName: aws.String("web"), Cluster: aws.String("default"), InfrastructureRoleArn: aws.String(roleARN + "infrastructure"),
			Status: &types.ExpressGatewayServiceStatus{StatusCode: types.ExpressGatewayServiceStatusCodeActive}, Tags: web().Tags,
			ActiveConfigurations: []types.ExpressGatewayServiceConfiguration{{
				TaskDefinitionArn: aws.String("arn:aws:ecs:us-east-1:123456789012:task-definition/default-web:1"), ExecutionRoleArn: aws.String(roleARN + "execution"),
				Cpu: aws.String("1024"), Memory: aws.String("2048"), CpuArchitecture: types.ExpressCpuArchitectureX8664, HealthCheckPath: aws.String("/ping"),
				PrimaryContainer: &types.ExpressGatewayContainer{
					Image: image("v1"), ContainerPort: aws.Int32(80), Environment: web().PrimaryContainer.Environment, Command: []string{"serve"},
					AwsLogsConfiguration: &types.ExpressGatewayServiceAwsLogsConfiguration{LogStreamPrefix: aws.String("ecs")},
				},
				ScalingTarget: &types.ExpressGatewayScalingTarget{
					AutoScalingMetric: types.ExpressGatewayServiceScalingMetricAverageCPUUtilization, AutoScalingTargetValue: aws.Int32(60), MinTaskCount: aws.Int32(1), MaxTaskCount: aws.Int32(20),
				},
			}},
		}
		expect.Equal(t, want, got, cmpopts.IgnoreTypes(time.Time{}), cmpopts.IgnoreUnexported(
			types.ECSExpressGatewayService{}, types.ExpressGatewayServiceStatus{}, types.ExpressGatewayServiceConfiguration{}, types.ExpressGatewayContainer{},
			types.ExpressGatewayServiceAwsLogsConfiguration{}, types.ExpressGatewayScalingTarget{}, types.KeyValuePair{}, types.Tag{},
		), cmpopts.IgnoreFields(types.ECSExpressGatewayService{}, "CreatedAt", "UpdatedAt"),
			cmpopts.IgnoreFields(types.ExpressGatewayServiceAwsLogsConfiguration{}, "LogGroup"),
			cmpopts.IgnoreFields(types.ExpressGatewayServiceConfiguration{}, "CreatedAt", "IngressPaths", "NetworkConfiguration", "ServiceRevisionArn"))
		active := got.ActiveConfigurations[0]
		if len(active.IngressPaths) != 1 || active.IngressPaths[0].AccessType != types.AccessTypePublic || len(active.NetworkConfiguration.Subnets) != 2 {
			t.Errorf("it is reached by %+v in %+v", active.IngressPaths, active.NetworkConfiguration)
		}

		s := g.service()
		c := s.DeploymentConfiguration
		shape := []any{s.ResourceManagementType, s.TaskDefinition, len(s.LoadBalancers), c.Strategy, *c.CanaryConfiguration.CanaryPercent, *c.CanaryConfiguration.CanaryBakeTimeInMinutes, *c.BakeTimeInMinutes, c.Alarms.Rollback, *s.HealthCheckGracePeriodSeconds}
		expect.Equal(t, []any{types.ResourceManagementTypeEcs, (*string)(nil), 0, types.DeploymentStrategyCanary, 5.0, int32(3), int32(3), true, int32(300)}, shape)

		revision := expect.Value(g.DescribeServiceRevisions(g.Context(), &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*active.ServiceRevisionArn}}))(t).ServiceRevisions[0]
		made := revision.EcsManagedResources
		if made == nil || len(made.IngressPaths) != 1 || len(made.IngressPaths[0].TargetGroups) != 2 || *made.IngressPaths[0].Endpoint != *active.IngressPaths[0].Endpoint ||
			len(made.MetricAlarms) != 1 || *made.LogGroups[0].LogGroupName != *active.PrimaryContainer.AwsLogsConfiguration.LogGroup || made.AutoScaling.ScalableTarget.MaxCapacity != 20 {
			t.Errorf("the revision has %+v", made)
		}
	})
}

// TestExpressUpdateIsACanary follows an update by its stages. What it does not say stays as it is.
func TestExpressUpdateIsACanary(t *testing.T) {
	withGateways(t, func(g gateways) {
		g.settled()
		to := g.update("v2")
		container := to.PrimaryContainer
		expect.Equal(t, []any{*image("v2"), "red", "serve", int32(80), "arn:aws:ecs:us-east-1:123456789012:task-definition/default-web:2"},
			[]any{*container.Image, *container.Environment[0].Value, container.Command[0], *container.ContainerPort, *to.TaskDefinitionArn})
		g.Later(3 * time.Minute)
		d := g.deployment()
		expect.Equal(t, []any{types.ServiceDeploymentStatusInProgress, 5.0, *to.ServiceRevisionArn}, []any{d.Status, *d.TargetServiceRevision.RequestedProductionTrafficWeight, *d.TargetServiceRevision.Arn})
		both := g.gateway()
		expect.Equal(t, []any{2, *d.ServiceDeploymentArn}, []any{len(both.ActiveConfigurations), aws.ToString(both.CurrentDeployment)})
		g.Later(3 * time.Minute)
		expect.Equal(t, 100.0, *g.deployment().TargetServiceRevision.RequestedProductionTrafficWeight)
		g.Later(5 * time.Minute)
		after := g.gateway()
		expect.Equal(t, []any{types.ServiceDeploymentStatusSuccessful, 1, *image("v2"), ""},
			[]any{g.deployment().Status, len(after.ActiveConfigurations), *after.ActiveConfigurations[0].PrimaryContainer.Image, aws.ToString(after.CurrentDeployment)})

		g.update("v2") // again
		expect.EqualIn(t, "an update that changes nothing begins", *d.ServiceDeploymentArn, *g.deployment().ServiceDeploymentArn)
	})
}

func TestExpressCanaryGoesBackByItsAlarm(t *testing.T) {
	withGateways(t, func(g gateways) {
		g.settled()
		g.update("v2")
		g.Later(3 * time.Minute)
		alarm := g.service().DeploymentConfiguration.Alarms.AlarmNames[0]
		g.AWS("monitoring.SetAlarmState", map[string]any{"AlarmName": alarm, "StateValue": "ALARM", "StateReason": "errors"})
		g.Later(10 * time.Minute)
		d, now := g.deployment(), g.gateway()
		expect.Equal(t, []any{types.ServiceDeploymentStatusRollbackSuccessful, *image("v1")}, []any{d.Status, *now.ActiveConfigurations[0].PrimaryContainer.Image})
	})
}

// TestExpressChanges changes each parameter.
func TestExpressChanges(t *testing.T) {
	withGateways(t, func(g gateways) {
		g.settled()
		own := expect.Value(g.RegisterTaskDefinition(g.Context(), &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("own"), RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, NetworkMode: types.NetworkModeAwsvpc,
			Cpu: aws.String("512"), Memory: aws.String("1024"), ExecutionRoleArn: aws.String(roleARN + "execution"), ContainerDefinitions: []types.ContainerDefinition{
				{Name: aws.String("Main"), Image: image("v1"), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080), Name: aws.String("http")}}},
				{Name: aws.String("sidecar"), Image: image("v1")},
			},
		}))(t).TaskDefinition
		for name, tt := range map[string]struct {
			in   ecs.UpdateExpressGatewayServiceInput
			want func(types.ExpressGatewayServiceConfiguration) bool
		}{
			"memory":       {ecs.UpdateExpressGatewayServiceInput{Memory: aws.String("4096")}, func(c types.ExpressGatewayServiceConfiguration) bool { return *c.Memory == "4096" }},
			"path":         {ecs.UpdateExpressGatewayServiceInput{HealthCheckPath: aws.String("/up")}, func(c types.ExpressGatewayServiceConfiguration) bool { return *c.HealthCheckPath == "/up" }},
			"architecture": {ecs.UpdateExpressGatewayServiceInput{CpuArchitecture: types.ExpressCpuArchitectureArm64}, func(c types.ExpressGatewayServiceConfiguration) bool { return c.CpuArchitecture == "ARM64" }},
			"least": {ecs.UpdateExpressGatewayServiceInput{ScalingTarget: &types.ExpressGatewayScalingTarget{MinTaskCount: aws.Int32(3)}}, func(c types.ExpressGatewayServiceConfiguration) bool {
				return *c.ScalingTarget.MinTaskCount == 3 && *c.ScalingTarget.MaxTaskCount == 20 && g.service().DesiredCount == 3
			}},
			"port": {ecs.UpdateExpressGatewayServiceInput{PrimaryContainer: &types.ExpressGatewayContainer{Image: image("v1"), ContainerPort: aws.Int32(9000)}}, func(c types.ExpressGatewayServiceConfiguration) bool {
				return *c.PrimaryContainer.ContainerPort == 9000
			}},
			"network": {ecs.UpdateExpressGatewayServiceInput{NetworkConfiguration: &types.ExpressGatewayServiceNetworkConfiguration{Subnets: []string{"subnet-a", "subnet-b"}}}, func(c types.ExpressGatewayServiceConfiguration) bool {
				return c.NetworkConfiguration.Subnets[0] == "subnet-a"
			}},
			"own task definition": {ecs.UpdateExpressGatewayServiceInput{TaskDefinitionArn: own.TaskDefinitionArn}, func(c types.ExpressGatewayServiceConfiguration) bool {
				again := g.update("v2") // "a new managed task definition with your changes while preserving your other task-level configuration"
				d := expect.Value(g.DescribeTaskDefinition(g.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: again.TaskDefinitionArn}))(t).TaskDefinition
				return *c.TaskDefinitionArn == *own.TaskDefinitionArn && *c.Cpu == "512" && *d.Family == "default-web" && len(d.ContainerDefinitions) == 2
			}},
		} {
			tt.in.ServiceArn = aws.String(expressARN)
			out := expect.Value(g.UpdateExpressGatewayService(g.Context(), &tt.in))(t)
			if !tt.want(*out.Service.TargetConfiguration) {
				t.Errorf("%s: %+v", name, *out.Service.TargetConfiguration)
			}
		}
	})
}

// TestExpressRefused holds errors to the names that AWS has for them.
func TestExpressRefused(t *testing.T) {
	withGateways(t, func(g gateways) {
		ctx := g.Context()
		g.settled()
		create := func(change func(*ecs.CreateExpressGatewayServiceInput)) error {
			in := web()
			in.ServiceName = aws.String("new")
			change(in)
			return expect.Err(g.CreateExpressGatewayService(ctx, in))
		}
		update := func(in ecs.UpdateExpressGatewayServiceInput) error {
			if in.ServiceArn == nil {
				in.ServiceArn = aws.String(expressARN)
			}
			return expect.Err(g.UpdateExpressGatewayService(ctx, &in))
		}
		definition := func(change func(*ecs.RegisterTaskDefinitionInput)) *string {
			in := &ecs.RegisterTaskDefinitionInput{
				Family: aws.String("own"), RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
				ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("Main"), Image: image("v1"), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80), Name: aws.String("http")}}}},
			}
			change(in)
			return expect.Value(g.RegisterTaskDefinition(ctx, in))(t).TaskDefinition.TaskDefinitionArn
		}
		const fits = "InvalidParameterException: Task definition must contain a container named 'Main' with a single TCP port mapping."
		const both = "InvalidParameterException: taskDefinitionArn cannot be provided with primaryContainer, executionRoleArn, taskRoleArn, cpu, or memory."
		plain := expect.Value(g.CreateService(ctx, &ecs.CreateServiceInput{
			ServiceName: aws.String("plain"), DesiredCount: aws.Int32(0), TaskDefinition: definition(func(*ecs.RegisterTaskDefinitionInput) {}), LaunchType: types.LaunchTypeFargate,
			NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
		}))(t).Service.ServiceArn
		absent := aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/absent")
		for name, tt := range map[string]struct {
			err  error
			want string
		}{
			"no execution role": {create(func(in *ecs.CreateExpressGatewayServiceInput) { in.ExecutionRoleArn = nil }), "InvalidParameterException: executionRoleArn must be provided."},
			"a role's name": {create(func(in *ecs.CreateExpressGatewayServiceInput) {
				in.InfrastructureRoleArn = aws.String("infrastructure")
			}), "InvalidParameterException: The infrastructureRoleArn infrastructure is not valid."},
			"nothing to run": {create(func(in *ecs.CreateExpressGatewayServiceInput) { in.PrimaryContainer = nil }), "InvalidParameterException: primaryContainer must be provided."},
			"a name":         {create(func(in *ecs.CreateExpressGatewayServiceInput) { in.ServiceName = aws.String("a b") }), "InvalidParameterException: Service name contains invalid characters."},
			"there already":  {create(func(in *ecs.CreateExpressGatewayServiceInput) { in.ServiceName = aws.String("web") }), "InvalidParameterException: Creation of service was not idempotent."},
			"no cluster":     {create(func(in *ecs.CreateExpressGatewayServiceInput) { in.Cluster = aws.String("absent") }), "ClusterNotFoundException: Cluster not found."},
			"CPU and memory": {create(func(in *ecs.CreateExpressGatewayServiceInput) {
				in.Cpu = aws.String("256")
				in.Memory = aws.String("8192")
			}), "ClientException: No Fargate configuration exists for given values"},
			"one subnet": {create(func(in *ecs.CreateExpressGatewayServiceInput) {
				in.NetworkConfiguration = &types.ExpressGatewayServiceNetworkConfiguration{Subnets: []string{"subnet-1"}}
			}), "InvalidParameterException: At least two subnets in two different Availability Zones must be specified"},
			"a tag of AWS's": {create(func(in *ecs.CreateExpressGatewayServiceInput) {
				in.Tags = []types.Tag{{Key: aws.String("aws:cloudformation:stack-name"), Value: aws.String("mine")}}
			}), "InvalidParameterException: Tag keys cannot start with aws:."},
			"more least than most": {create(func(in *ecs.CreateExpressGatewayServiceInput) {
				in.ScalingTarget = &types.ExpressGatewayScalingTarget{MinTaskCount: aws.Int32(21)}
			}), "InvalidParameterException: minTaskCount must be less than or equal to maxTaskCount."},
			"a metric": {create(func(in *ecs.CreateExpressGatewayServiceInput) {
				in.ScalingTarget = &types.ExpressGatewayScalingTarget{AutoScalingMetric: "LOAD"}
			}), "InvalidParameterException: autoScalingMetric should be one of"},
			"a share of more than all": {create(func(in *ecs.CreateExpressGatewayServiceInput) {
				in.ScalingTarget = &types.ExpressGatewayScalingTarget{AutoScalingTargetValue: aws.Int32(101)}
			}), "InvalidParameterException: autoScalingTargetValue must be between 1 and 100."},
			"a definition and a container":     {create(func(in *ecs.CreateExpressGatewayServiceInput) { in.TaskDefinitionArn = aws.String("own:1") }), both},
			"a definition and CPU":             {update(ecs.UpdateExpressGatewayServiceInput{TaskDefinitionArn: aws.String("own:1"), Cpu: aws.String("256")}), both},
			"a definition and an architecture": {update(ecs.UpdateExpressGatewayServiceInput{TaskDefinitionArn: aws.String("own:1"), CpuArchitecture: types.ExpressCpuArchitectureArm64}), "InvalidParameterException: taskDefinitionArn cannot be provided with cpuArchitecture."},
			"no container Main":                {update(ecs.UpdateExpressGatewayServiceInput{TaskDefinitionArn: definition(func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Name = aws.String("app") })}), fits},
			"a port without a name":            {update(ecs.UpdateExpressGatewayServiceInput{TaskDefinitionArn: definition(func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].PortMappings[0].Name = nil })}), fits},
			"two ports": {update(ecs.UpdateExpressGatewayServiceInput{TaskDefinitionArn: definition(func(in *ecs.RegisterTaskDefinitionInput) {
				in.ContainerDefinitions[0].PortMappings = append(in.ContainerDefinitions[0].PortMappings, types.PortMapping{ContainerPort: aws.Int32(81), Name: aws.String("more")})
			})}), fits},
			"a path":           {update(ecs.UpdateExpressGatewayServiceInput{HealthCheckPath: aws.String("ping")}), "InvalidParameterException: healthCheckPath must begin with '/'."},
			"a port":           {update(ecs.UpdateExpressGatewayServiceInput{PrimaryContainer: &types.ExpressGatewayContainer{Image: image("v1"), ContainerPort: aws.Int32(0)}}), "InvalidParameterException: containerPort must be between 1 and 65535."},
			"no image":         {update(ecs.UpdateExpressGatewayServiceInput{PrimaryContainer: &types.ExpressGatewayContainer{Image: aws.String("")}}), "InvalidParameterException: The image of primaryContainer must be provided."},
			"no ARN":           {update(ecs.UpdateExpressGatewayServiceInput{ServiceArn: aws.String("web")}), "InvalidParameterException: The serviceArn web is not valid."},
			"not there":        {update(ecs.UpdateExpressGatewayServiceInput{ServiceArn: absent}), "ServiceNotFoundException: Resource not found"},
			"another's":        {update(ecs.UpdateExpressGatewayServiceInput{ServiceArn: plain}), "InvalidParameterException: " + *plain + " has ResourceManagementType=CUSTOMER"},
			"described":        {expect.Err(g.DescribeExpressGatewayService(ctx, &ecs.DescribeExpressGatewayServiceInput{ServiceArn: absent})), "ResourceNotFoundException: Resource not found"},
			"deleted":          {expect.Err(g.DeleteExpressGatewayService(ctx, &ecs.DeleteExpressGatewayServiceInput{ServiceArn: absent})), "ServiceNotFoundException: Resource not found"},
			"more than tags":   {expect.Err(g.DescribeExpressGatewayService(ctx, &ecs.DescribeExpressGatewayServiceInput{ServiceArn: aws.String(expressARN), Include: []types.ExpressGatewayServiceInclude{"ALL"}})), "InvalidParameterException: include should be one of [TAGS]"},
			"plainly deleted":  {expect.Err(g.DeleteService(ctx, &ecs.DeleteServiceInput{Service: aws.String("web"), Force: aws.Bool(true)})), "InvalidParameterException: " + expressARN + " has ResourceManagementType=ECS use DeleteExpressGatewayService to delete"},
			"a plain strategy": {expect.Err(g.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("web"), DeploymentConfiguration: &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyRolling}})), "InvalidParameterException: " + expressARN + " has ResourceManagementType=ECS: deploymentConfiguration cannot be updated"},
			"plain balancing":  {expect.Err(g.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("web"), LoadBalancers: []types.LoadBalancer{}})), "InvalidParameterException: " + expressARN + " has ResourceManagementType=ECS: loadBalancers cannot be updated"},
		} {
			if got := wiretest.Failure(tt.err); !strings.HasPrefix(got, tt.want) {
				g.Errorf("%s: got %q, want %q", name, got, tt.want)
			}
		}
	})
}

// TestExpressServiceForOthers is an Express service as ECS's other operations have it: both APIs
// work on the same resources.
func TestExpressServiceForOthers(t *testing.T) {
	withGateways(t, func(g gateways) {
		ctx := g.Context()
		was := g.settled().ActiveConfigurations[0]
		listed := func(by types.ResourceManagementType) []string {
			return expect.Value(g.ListServices(ctx, &ecs.ListServicesInput{ResourceManagementType: by}))(t).ServiceArns
		}
		expect.Equal(t, [][]string{{expressARN}, {}, {expressARN}}, [][]string{listed(types.ResourceManagementTypeEcs), listed(types.ResourceManagementTypeCustomer), listed("")})

		forced := expect.Value(g.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: was.TaskDefinitionArn, ForceNewDeployment: true}))(t).Service
		expect.Equal(t, 2, len(forced.Deployments))
		g.Later(15 * time.Minute)

		deleted := expect.Value(g.DeleteExpressGatewayService(ctx, &ecs.DeleteExpressGatewayServiceInput{ServiceArn: aws.String(expressARN)}))(t).Service
		expect.Equal(t, types.ExpressGatewayServiceStatusCodeDraining, deleted.Status.StatusCode)
		again := func() error {
			return expect.Err(g.UpdateExpressGatewayService(ctx, &ecs.UpdateExpressGatewayServiceInput{ServiceArn: aws.String(expressARN), Memory: aws.String("4096")}))
		}
		wiretest.WantFailure(t, again(), "ServiceNotActiveException: Service is in DRAINING status.")
		g.Later(5 * time.Minute)
		wiretest.WantFailure(t, again(), "ServiceNotActiveException: Cannot perform this operation on a service in INACTIVE status.")
		expect.Equal(t, types.ExpressGatewayServiceStatusCodeInactive, g.gateway().Status.StatusCode)
		expect.Equal(t, *image("v1"), *g.settled().ActiveConfigurations[0].PrimaryContainer.Image) // made anew
	})
}

func TestExpressServicesAreKept(t *testing.T) {
	config := sandbox.Config{DataDir: t.TempDir(), Region: "us-east-1"}
	server := expect.Value(sandbox.New(config))(t)
	in := web()
	in.TaskRoleArn = aws.String(roleARN + "task")
	made := expect.Value(ecsOf(server).CreateExpressGatewayService(t.Context(), in))(t).Service
	expect.OK(t, server.Close())
	server = expect.Value(sandbox.New(config))(t)
	defer func() { expect.OK(t, server.Close()) }()
	kept := expect.Value(ecsOf(server).DescribeExpressGatewayService(t.Context(), &ecs.DescribeExpressGatewayServiceInput{ServiceArn: made.ServiceArn}))(t).Service
	expect.Equal(t, *made.ActiveConfigurations[0].IngressPaths[0].Endpoint, *kept.ActiveConfigurations[0].IngressPaths[0].Endpoint)
	expect.Equal(t, roleARN+"task", *kept.ActiveConfigurations[0].TaskRoleArn)
}
