package ecs_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
)

func TestClusters(t *testing.T) {
	f := newFixture(t)
	for range 2 { // the second time answers what is there
		expect.Value(f.client.CreateCluster(t.Context(), &sdk.CreateClusterInput{
			ClusterName: aws.String("prod"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
		}))(t)
	}
	in := webService(f.register(t, "web", good))
	in.Cluster = aws.String("prod")
	f.create(t, in)
	listed := expect.Value(f.client.ListClusters(t.Context(), &sdk.ListClustersInput{}))(t)
	expect.EqualIn(t, "clusters", []string{prefix + "cluster/default", prefix + "cluster/prod"}, listed.ClusterArns)
	_, err := f.client.DeleteCluster(t.Context(), &sdk.DeleteClusterInput{Cluster: aws.String("prod")})
	if got, want := failed(err), "ClusterContainsServicesException: The Cluster cannot be deleted while Services are active."; got != want {
		t.Errorf("deleting one that is used: %s", got)
	}
	expect.Value(f.client.DeleteCluster(t.Context(), &sdk.DeleteClusterInput{Cluster: aws.String("default")}))(t)
	_, err = f.client.ListServices(t.Context(), &sdk.ListServicesInput{})
	expect.EqualIn(t, "using a deleted one", "ClusterNotFoundException: The referenced cluster was inactive.", failed(err))
	out, err := f.client.DescribeClusters(t.Context(), &sdk.DescribeClustersInput{
		Clusters: []string{"prod", "default", "none"}, Include: []types.ClusterField{types.ClusterFieldTags},
	})
	if err != nil || len(out.Clusters) != 2 || len(out.Failures) != 1 {
		t.Fatalf("describing: %+v, %v", out, err)
	}
	if c := out.Clusters[0]; c.ActiveServicesCount != 1 || len(c.Tags) != 1 || *out.Clusters[1].Status != "INACTIVE" {
		t.Errorf("described %+v", out.Clusters)
	}
}

func TestAccountSettings(t *testing.T) {
	f := newFixture(t)
	expect.Value(f.client.PutAccountSetting(t.Context(), &sdk.PutAccountSettingInput{Name: types.SettingNameContainerInsights, Value: aws.String("enhanced")}))(t)
	out, err := f.client.ListAccountSettings(t.Context(), &sdk.ListAccountSettingsInput{})
	if err != nil || len(out.Settings) != 1 || *out.Settings[0].Value != "enhanced" {
		t.Errorf("what was set: %+v, %v", out, err)
	}
	out, err = f.client.ListAccountSettings(t.Context(), &sdk.ListAccountSettingsInput{EffectiveSettings: true, Name: types.SettingNameServiceLongArnFormat})
	if err != nil || len(out.Settings) != 1 || *out.Settings[0].Value != "enabled" {
		t.Errorf("what holds: %+v, %v", out, err)
	}
	if code, _ := f.post(t, "PutAccountSetting", `{"name":"x","value":"y"}`); code != "InvalidParameterException" {
		t.Errorf("an unknown setting: %q", code)
	}
}

func TestTags(t *testing.T) {
	f := newFixture(t)
	f.register(t, "web", good)
	service := f.create(t, webService("web"))
	for _, arn := range []string{*service.ServiceArn, prefix + "task-definition/web:1", prefix + "cluster/default"} {
		expect.Value(f.client.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{
			{Key: aws.String("team"), Value: aws.String("tv")}, {Key: aws.String("tier"), Value: aws.String("one")},
		}}))(t)
		expect.Value(f.client.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"tier", "none"}}))(t)
		out, err := f.client.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: &arn})
		if err != nil || len(out.Tags) != 1 || *out.Tags[0].Value != "tv" {
			t.Errorf("the tags of %s are %+v, %v", arn, out.Tags, err)
		}
	}
	for arn, want := range map[string]string{
		prefix + "service/web":         "InvalidParameterException: Long arn format must be used for tagging operations",
		prefix + "service/default/x":   "InvalidParameterException: The specified service was not found. Specify a valid resource and try again.",
		"arn:aws:s3:::bucket":          "InvalidParameterException: The ARN provided is invalid.",
		prefix + "task-definition/w:1": "InvalidParameterException: The specified task definition was not found. Specify a valid resource and try again.",
	} {
		_, err := f.client.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: &arn})
		if failed(err) != want {
			t.Errorf("%s: %v", arn, err)
		}
	}
}

func TestCapacity(t *testing.T) {
	f := newFixture(t)
	out, err := f.client.DescribeCapacityProviders(t.Context(), &sdk.DescribeCapacityProvidersInput{})
	if err != nil || len(out.CapacityProviders) != 2 || *out.CapacityProviders[0].Name != "FARGATE" {
		t.Errorf("capacity providers: %+v, %v", out, err)
	}
	instances, err := f.client.ListContainerInstances(t.Context(), &sdk.ListContainerInstancesInput{})
	if err != nil || len(instances.ContainerInstanceArns) != 0 {
		t.Errorf("container instances: %+v, %v", instances, err)
	}
}

// TestSavedState stops a sandbox in the middle of a rollout and goes on in another one.
func TestSavedState(t *testing.T) {
	f := newFixture(t)
	f.create(t, webService(f.register(t, "web", good)))
	f.clock.Advance(15_000_000_000)
	f.describe(t, "web")
	saved := expect.Value(f.service.Save())(t)
	data := expect.Value(json.Marshal(saved))(t)
	f.service = ecs.New(ecs.Deps{Clock: f.clock, Images: f.world, Logs: f.world, Targets: f.world})
	expect.OK(t, f.service.Load(data))
	f.serve(t)
	if s := f.settle(t, "web"); s.RunningCount != 2 || len(s.Tags) != 1 {
		t.Errorf("after going on: %d tasks, tags %v", s.RunningCount, s.Tags)
	}
	if err := f.service.Load(json.RawMessage(`{`)); err == nil {
		t.Error("no error from a broken state")
	}
}

// TestManyClients calls from many goroutines while time passes; the race detector
// watches.
func TestManyClients(t *testing.T) {
	f := newFixture(t)
	f.service = ecs.New(ecs.Deps{Clock: clock.NewScaled(start, 2000), Images: f.world, Logs: f.world, Targets: f.world})
	f.serve(t)
	f.run(t)
	definition := f.register(t, "web", good)
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			in := webService(definition)
			in.ServiceName = aws.String(fmt.Sprintf("web-%d", i))
			if _, err := f.client.CreateService(t.Context(), in); err != nil {
				t.Error(err)
			}
			for n := range 20 {
				_, errD := f.client.DescribeServices(t.Context(), &sdk.DescribeServicesInput{Services: []string{*in.ServiceName}})
				_, errU := f.client.UpdateService(t.Context(), &sdk.UpdateServiceInput{Service: in.ServiceName, DesiredCount: aws.Int32(int32(n % 4)), ForceNewDeployment: n%5 == 0})
				_, errL := f.client.ListTasks(t.Context(), &sdk.ListTasksInput{})
				if errD != nil || errU != nil || errL != nil {
					t.Error(errD, errU, errL)
				}
			}
		})
	}
	clients.Wait()
}

func TestIgnored(t *testing.T) {
	operations := ecs.New(ecs.Deps{Clock: clock.NewManual(start)}).Service().Operations
	for operation, members := range ecs.Ignored() {
		if _, ok := operations[operation]; !ok || len(members) == 0 {
			t.Errorf("Ignored tells of %s, which is no operation or ignores nothing", operation)
		}
	}
}
