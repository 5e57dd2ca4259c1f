package ecs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
)

// TestRolesBecomeARNs names roles of a definition and of a task.
func TestRolesBecomeARNs(t *testing.T) {
	f := newFixture(t)
	f.must(t, "RegisterTaskDefinition", `{"family":"f","executionRoleArn":"exec","taskRoleArn":"/path/task","networkMode":"awsvpc",
		"cpu":"256","memory":"512","containerDefinitions":[{"name":"app","image":"`+good+`"},{"name":"side","image":"`+good+`"}]}`)
	d := expect.Value(f.client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: aws.String("f")}))(t)
	const iam = "arn:aws:iam::111111111111:role/"
	expect.EqualIn(t, "the roles", iam+"exec "+iam+"path/task", *d.TaskDefinition.ExecutionRoleArn+" "+*d.TaskDefinition.TaskRoleArn)
	run, err := f.client.RunTask(t.Context(), &sdk.RunTaskInput{
		TaskDefinition: aws.String("f"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: network(),
		Overrides: &types.TaskOverride{
			TaskRoleArn: aws.String("other"), Cpu: aws.String("512"), Memory: aws.String("1024"),
			ContainerOverrides: []types.ContainerOverride{{Name: aws.String("side"), Command: []string{"x"}}},
		},
	})
	if err != nil || len(run.Tasks) != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	o := run.Tasks[0].Overrides
	var names []string
	for _, c := range o.ContainerOverrides {
		names = append(names, *c.Name+fmt.Sprint(c.Command))
	}
	if diff := cmp.Diff([]string{"app[]", "side[x]"}, names); diff != "" || *o.TaskRoleArn != iam+"other" {
		t.Errorf("overrides %+v, (-want +got):\n%s", o, diff)
	}
	if *run.Tasks[0].Cpu != "512" || *run.Tasks[0].Memory != "1024" {
		t.Errorf("the task has %s cpu and %s memory", *run.Tasks[0].Cpu, *run.Tasks[0].Memory)
	}
}

// TestRebalancing is on where it can be, unless somebody says otherwise.
func TestRebalancing(t *testing.T) {
	f := newFixture(t, withInstances(1))
	f.register(t, "web", good)
	f.must(t, "RegisterTaskDefinition", `{"family":"bridge","containerDefinitions":[{"name":"app","image":"`+good+`","memory":64}]}`)
	for i, test := range []struct{ members, want string }{
		{`"desiredCount":1`, "ENABLED"},
		{`"desiredCount":1,"availabilityZoneRebalancing":"DISABLED"`, "DISABLED"},
		{`"desiredCount":1,"deploymentConfiguration":{"maximumPercent":100,"minimumHealthyPercent":0}`, "DISABLED"},
		{`"desiredCount":1,"placementStrategy":[{"type":"binpack","field":"memory"}]`, "DISABLED"},
		{`"desiredCount":1,"placementStrategy":[{"type":"spread","field":"attribute:ecs.availability-zone"}]`, "ENABLED"},
		{`"desiredCount":1,"placementConstraints":[{"type":"memberOf","expression":"attribute:ecs.availability-zone == eu-west-1a"}]`, "DISABLED"},
		{`"schedulingStrategy":"DAEMON"`, "DISABLED"},
	} {
		name := fmt.Sprint("s", i)
		f.must(t, "CreateService", fmt.Sprintf(`{"serviceName":%q,"taskDefinition":"bridge",%s}`, name, test.members))
		expect.EqualIn(t, test.members, test.want, string(f.describe(t, name).AvailabilityZoneRebalancing))
	}
	if code, message := f.post(t, "UpdateService", `{"service":"s0","deploymentConfiguration":{"maximumPercent":100,"minimumHealthyPercent":0}}`); code != "InvalidParameterException" {
		t.Errorf("taking the room that rebalancing needs: %s %s", code, message)
	}
}

// TestRevisionsTellTheirTargets follows a canary: nothing is shifted while it is PENDING,
// and revisions say which target group is theirs, by which rule and role.
func TestRevisionsTellTheirTargets(t *testing.T) {
	f := newFixture(t)
	f.register(t, "web", good)
	in := webService("web")
	in.LoadBalancers[0].AdvancedConfiguration = &types.AdvancedConfiguration{
		AlternateTargetGroupArn: aws.String(group + "-green"), ProductionListenerRule: aws.String(listenerRule), RoleArn: aws.String("arn:aws:iam::111111111111:role/shift"),
	}
	in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyCanary}
	f.create(t, in)
	f.settle(t, "web")
	f.register(t, "web", better)
	f.update(t, &sdk.UpdateServiceInput{TaskDefinition: aws.String("web")})
	listed := expect.Value(f.client.ListServiceDeployments(t.Context(), &sdk.ListServiceDeploymentsInput{Service: aws.String("web")}))(t)
	d := f.serviceDeployment(t, *listed.ServiceDeployments[0].ServiceDeploymentArn)
	if d.Status != types.ServiceDeploymentStatusPending || *d.TargetServiceRevision.RequestedProductionTrafficWeight != 0 || *d.SourceServiceRevisions[0].RequestedProductionTrafficWeight != 100 {
		t.Errorf("a %s deployment sends %v %% to the new revision and %v %% to the old one", d.Status,
			*d.TargetServiceRevision.RequestedProductionTrafficWeight, *d.SourceServiceRevisions[0].RequestedProductionTrafficWeight)
	}
	f.clock.Advance(time.Hour)
	out, err := f.client.DescribeServiceRevisions(t.Context(), &sdk.DescribeServiceRevisionsInput{
		ServiceRevisionArns: []string{*d.SourceServiceRevisions[0].Arn, *d.TargetServiceRevision.Arn},
	})
	if err != nil || len(out.ServiceRevisions) != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	for i, want := range []string{group, group + "-green"} {
		r := out.ServiceRevisions[i]
		a := r.LoadBalancers[0].AdvancedConfiguration
		if *a.ProductionListenerRule != listenerRule || *a.RoleArn != "arn:aws:iam::111111111111:role/shift" || *a.AlternateTargetGroupArn != group+"-green" {
			t.Errorf("revision %d: %+v", i, a)
		}
		resolved := r.ResolvedConfiguration.LoadBalancers[0]
		if *resolved.TargetGroupArn != want || *resolved.ProductionListenerRule != listenerRule {
			t.Errorf("revision %d is behind %s by %s, want %s", i, *resolved.TargetGroupArn, *resolved.ProductionListenerRule, want)
		}
	}
}

func (f *fixture) serviceDeployment(t *testing.T, arn string) types.ServiceDeployment {
	t.Helper()
	out, err := f.client.DescribeServiceDeployments(t.Context(), &sdk.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
	if err != nil || len(out.ServiceDeployments) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	return out.ServiceDeployments[0]
}

// TestPlacementIsSpelledOneWay: whatever letters a placement strategy was sent in.
func TestPlacementIsSpelledOneWay(t *testing.T) {
	f := newFixture(t, withInstances(1))
	f.must(t, "RegisterTaskDefinition", `{"family":"bridge","containerDefinitions":[{"name":"app","image":"`+good+`","memory":64}]}`)
	f.must(t, "CreateService", `{"serviceName":"web","taskDefinition":"bridge","desiredCount":0,"placementStrategy":[
		{"type":"spread","field":"host"},{"type":"binpack","field":"memory"},{"type":"spread","field":"attribute:ecs.availability-zone"},{"type":"random"}]}`)
	var fields []string
	for _, p := range f.describe(t, "web").PlacementStrategy {
		fields = append(fields, aws.ToString(p.Field))
	}
	expect.Equal(t, []string{"instanceId", "MEMORY", "attribute:ecs.availability-zone", ""}, fields)
}
