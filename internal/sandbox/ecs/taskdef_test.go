package ecs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
)

// TestRoundTrip registers a definition with much in it, and expects it back with what
// AWS adds.
func TestRoundTrip(t *testing.T) {
	f := newFixture(t)
	in := &sdk.RegisterTaskDefinitionInput{
		Family: aws.String("web"), Cpu: aws.String(".5 vCPU"), Memory: aws.String("1GB"), NetworkMode: types.NetworkModeAwsvpc,
		ExecutionRoleArn: aws.String("arn:aws:iam::111111111111:role/exec"), TaskRoleArn: aws.String("arn:aws:iam::111111111111:role/task"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		RuntimePlatform:         &types.RuntimePlatform{CpuArchitecture: types.CPUArchitectureArm64, OperatingSystemFamily: types.OSFamilyLinux},
		EphemeralStorage:        &types.EphemeralStorage{SizeInGiB: 30},
		Volumes:                 []types.Volume{{Name: aws.String("data")}, {Name: aws.String("files"), EfsVolumeConfiguration: &types.EFSVolumeConfiguration{FileSystemId: aws.String("fs-1")}}},
		Tags:                    []types.Tag{{Key: aws.String("team"), Value: aws.String("radio")}},
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String("111111111111.dkr.ecr.eu-west-1.amazonaws.com/app@" + goodDigest),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}},
			Environment:  []types.KeyValuePair{{Name: aws.String("B"), Value: aws.String("")}, {Name: aws.String("NONE")}, {Name: aws.String("A"), Value: aws.String("${x}")}},
			Secrets:      []types.Secret{{Name: aws.String("S"), ValueFrom: aws.String("/app/password")}},
			HealthCheck:  &types.HealthCheck{Command: []string{"CMD", "true"}},
			MountPoints:  []types.MountPoint{{SourceVolume: aws.String("data"), ContainerPath: aws.String("/data"), ReadOnly: aws.Bool(false)}},
			DockerLabels: map[string]string{"git": "abc"},
			Ulimits:      []types.Ulimit{{Name: types.UlimitNameNofile, SoftLimit: 1, HardLimit: 2}},
		}, {
			Name: aws.String("side"), Image: aws.String("nginx"), Essential: aws.Bool(false), StopTimeout: aws.Int32(5),
			DependsOn:        []types.ContainerDependency{{ContainerName: aws.String("app"), Condition: types.ContainerConditionHealthy}},
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwsfirelens},
		}, {
			Name: aws.String("router"), Image: aws.String("fluent-bit"), FirelensConfiguration: &types.FirelensConfiguration{Type: types.FirelensConfigurationTypeFluentbit},
		}},
	}
	out := expect.Value(f.client.RegisterTaskDefinition(t.Context(), in))(t)
	want := registered(in)
	ignore := []cmp.Option{cmpopts.IgnoreUnexported(
		types.TaskDefinition{}, types.ContainerDefinition{}, types.PortMapping{}, types.KeyValuePair{}, types.Secret{}, types.HealthCheck{},
		types.MountPoint{}, types.Ulimit{}, types.ContainerDependency{}, types.RuntimePlatform{}, types.EphemeralStorage{}, types.Volume{},
		types.Attribute{}, types.Tag{}, types.HostVolumeProperties{}, types.EFSVolumeConfiguration{}, types.FirelensConfiguration{},
		types.LogConfiguration{},
	)}
	expect.EqualIn(t, "the definition changed on its way", want, out.TaskDefinition, ignore...)
	described := expect.Value(f.client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String("web:1"), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}))(t)
	expect.EqualIn(t, "described", want, described.TaskDefinition, ignore...)
	expect.EqualIn(t, "tags", in.Tags, described.Tags, ignore...)
}

// registered returns what AWS answers to TestRoundTrip's request.
func registered(in *sdk.RegisterTaskDefinitionInput) *types.TaskDefinition {
	app, side, router := in.ContainerDefinitions[0], in.ContainerDefinitions[1], in.ContainerDefinitions[2]
	app.Environment = []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("${x}")}, {Name: aws.String("B"), Value: aws.String("")}}
	router.Essential, router.User = aws.Bool(true), aws.String("0")
	router.Environment, router.MountPoints, router.PortMappings = []types.KeyValuePair{}, []types.MountPoint{}, []types.PortMapping{}
	router.SystemControls, router.VolumesFrom = []types.SystemControl{}, []types.VolumeFrom{}
	data, files := in.Volumes[0], in.Volumes[1]
	data.Host = &types.HostVolumeProperties{}
	files.EfsVolumeConfiguration = &types.EFSVolumeConfiguration{FileSystemId: aws.String("fs-1"), RootDirectory: aws.String("/")}
	app.Essential = aws.Bool(true)
	app.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(8080), HostPort: aws.Int32(8080), Protocol: types.TransportProtocolTcp}}
	app.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}, Interval: aws.Int32(30), Timeout: aws.Int32(5), Retries: aws.Int32(3)}
	app.SystemControls, app.VolumesFrom = []types.SystemControl{}, []types.VolumeFrom{}
	side.Environment, side.MountPoints, side.PortMappings = []types.KeyValuePair{}, []types.MountPoint{}, []types.PortMapping{}
	side.SystemControls, side.VolumesFrom = []types.SystemControl{}, []types.VolumeFrom{}
	attributes := []types.Attribute{}
	for _, name := range []string{
		"com.amazonaws.ecs.capability.docker-remote-api.1.18", "com.amazonaws.ecs.capability.docker-remote-api.1.19",
		"com.amazonaws.ecs.capability.docker-remote-api.1.24", "com.amazonaws.ecs.capability.docker-remote-api.1.25", "com.amazonaws.ecs.capability.ecr-auth", "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
		"com.amazonaws.ecs.capability.task-iam-role",
		"ecs.capability.container-health-check", "ecs.capability.container-ordering",
		"ecs.capability.efs", "ecs.capability.efsAuth", "ecs.capability.execution-role-ecr-pull", "ecs.capability.firelens.fluentbit",
		"ecs.capability.secrets.ssm.environment-variables", "ecs.capability.task-eni",
	} {
		attributes = append(attributes, types.Attribute{Name: aws.String(name)})
	}
	return &types.TaskDefinition{
		Family: in.Family, Cpu: aws.String("512"), Memory: aws.String("1024"), NetworkMode: in.NetworkMode,
		ExecutionRoleArn: in.ExecutionRoleArn, TaskRoleArn: in.TaskRoleArn, RequiresCompatibilities: in.RequiresCompatibilities,
		RuntimePlatform: in.RuntimePlatform, EphemeralStorage: in.EphemeralStorage, Volumes: []types.Volume{data, files},
		PlacementConstraints: []types.TaskDefinitionPlacementConstraint{},
		ContainerDefinitions: []types.ContainerDefinition{app, side, router},
		Compatibilities:      []types.Compatibility{types.CompatibilityEc2, types.CompatibilityFargate, types.CompatibilityManagedInstances},
		RequiresAttributes:   attributes,
		TaskDefinitionArn:    aws.String(prefix + "task-definition/web:1"), Revision: 1, Status: types.TaskDefinitionStatusActive,
		RegisteredAt: aws.Time(start), RegisteredBy: aws.String("arn:aws:iam::111111111111:user/tester"),
	}
}

func TestUnknownMembersStay(t *testing.T) {
	f := newFixture(t)
	f.register(t, "web", good, `"someday":{"n":12345678901234567890}`, `"user":null`)
	code, message := f.post(t, "DescribeTaskDefinition", `{"taskDefinition":"web"}`)
	if code != "" {
		t.Fatalf("%s: %s", code, message)
	}
	body := f.raw(t, "DescribeTaskDefinition", `{"taskDefinition":"web"}`)
	var answer struct {
		TaskDefinition struct{ ContainerDefinitions []map[string]any }
	}
	decode(t, body, &answer)
	want := map[string]any{
		"name": "app", "image": good, "cpu": number("0"), "essential": true,
		"environment": []any{}, "mountPoints": []any{}, "systemControls": []any{}, "volumesFrom": []any{},
		"portMappings": []any{map[string]any{"containerPort": number("80"), "hostPort": number("80"), "protocol": "tcp"}},
		"someday":      map[string]any{"n": number("12345678901234567890")},
	}
	expect.Equal(t, want, answer.TaskDefinition.ContainerDefinitions[0])
}

// TestRevisions follows a family from its first revision to their deletion.
func TestRevisions(t *testing.T) {
	f := newFixture(t)
	for range 3 {
		f.register(t, "web", good)
	}
	describe := func(id string) string {
		out, err := f.client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: &id})
		if err != nil {
			return failed(err)
		}
		return fmt.Sprintf("%d %s", out.TaskDefinition.Revision, out.TaskDefinition.Status)
	}
	deregister := func(id string) {
		t.Helper()
		expect.Value(f.client.DeregisterTaskDefinition(t.Context(), &sdk.DeregisterTaskDefinitionInput{TaskDefinition: &id}))(t)
	}
	check := func(want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for id := range want {
			got[id] = describe(id)
		}
		expect.Equal(t, want, got)
	}
	const unknown = "ClientException: Unable to describe task definition."
	check(map[string]string{
		"web": "3 ACTIVE", "web:2": "2 ACTIVE", prefix + "task-definition/web:1": "1 ACTIVE",
		"web:4": unknown, "we": unknown, "web:x": unknown, "arn:aws:ecs:eu-west-1:999999999999:task-definition/web:1": unknown,
	})
	deregister("web:3")
	check(map[string]string{"web": "2 ACTIVE", "web:3": "3 INACTIVE"})

	deleted, err := f.client.DeleteTaskDefinitions(t.Context(), &sdk.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"web:3", "web:1"}})
	if err != nil || len(deleted.TaskDefinitions) != 1 || len(deleted.Failures) != 1 {
		t.Fatalf("deleting an INACTIVE and an ACTIVE revision: %+v, %v", deleted, err)
	}
	check(map[string]string{"web:3": "3 DELETE_IN_PROGRESS", "web:1": "1 ACTIVE"})
	f.clock.Advance(2 * time.Minute)
	check(map[string]string{"web:3": unknown, "web": "2 ACTIVE"})
	f.register(t, "web", good)
	check(map[string]string{"web": "4 ACTIVE"})

	for _, id := range []string{"web:1", "web:2", "web:4"} {
		deregister(id)
	}
	check(map[string]string{"web": unknown})
	if code, message := f.post(t, "DeregisterTaskDefinition", `{"taskDefinition":"web"}`); code+message != "ClientExceptionRevision is missing." {
		t.Errorf("deregistering without a number: %s: %s", code, message)
	}
}

func TestListTaskDefinitions(t *testing.T) {
	f := newFixture(t)
	for _, family := range []string{"web", "web-admin", "api"} {
		for range 3 {
			f.register(t, family, good)
		}
	}
	arn := func(name string) string { return prefix + "task-definition/" + name }
	list := func(in sdk.ListTaskDefinitionsInput) (all []string, pages int) {
		for p := sdk.NewListTaskDefinitionsPaginator(f.client, &in); p.HasMorePages(); pages++ {
			out := expect.Value(p.NextPage(t.Context()))(t)
			all = append(all, out.TaskDefinitionArns...)
		}
		return all, pages
	}
	got, pages := list(sdk.ListTaskDefinitionsInput{FamilyPrefix: aws.String("web"), MaxResults: aws.Int32(2)})
	if diff := cmp.Diff([]string{arn("web:1"), arn("web:2"), arn("web:3")}, got); diff != "" || pages != 2 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	got, pages = list(sdk.ListTaskDefinitionsInput{Sort: types.SortOrderDesc, MaxResults: aws.Int32(4)})
	want := []string{
		arn("web:3"), arn("web:2"), arn("web:1"), arn("web-admin:3"), arn("web-admin:2"), arn("web-admin:1"), arn("api:3"), arn("api:2"), arn("api:1"),
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
		t.Errorf("%d pages, descending (-want +got):\n%s", pages, diff)
	}
	families := expect.Value(f.client.ListTaskDefinitionFamilies(t.Context(), &sdk.ListTaskDefinitionFamiliesInput{FamilyPrefix: aws.String("web")}))(t)
	expect.EqualIn(t, "families", []string{"web", "web-admin"}, families.Families)
	if code, message := f.post(t, "ListTaskDefinitions", `{"nextToken":"?"}`); code+message != "InvalidParameterExceptionInvalid token" {
		t.Errorf("a wrong token: %s: %s", code, message)
	}
}

// TestAccountsApart registers the same family in two accounts.
func TestAccountsApart(t *testing.T) {
	f := newFixture(t)
	f.register(t, "web", good)
	out, err := f.clientOf("222222222222").ListTaskDefinitions(t.Context(), &sdk.ListTaskDefinitionsInput{})
	if err != nil || len(out.TaskDefinitionArns) != 0 {
		t.Errorf("the other account sees %v, %v", out, err)
	}
}
