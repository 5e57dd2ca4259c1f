package taskdef_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/taskdef"
)

func TestServiceTags(t *testing.T) {
	have := map[string]string{"team": "shop", "old": "1", "aws:cloudformation:stack-name": "s", "tagboat:stopped": "2"}
	for _, tc := range []struct {
		name, wanted string
		set          map[string]string
		remove       []string
		diff         string
	}{
		{"no tags in the file", `{}`, nil, nil, ""},
		{"an empty list says nothing", `{"tags":[]}`, nil, nil, ""},
		{"the same in another order", `{"tags":[{"key":"team","value":"shop"},{"value":"1","key":"old"}]}`, map[string]string{}, nil, ""},
		{"one changed, one new, one gone", `{"tags":[{"key":"team","value":"web"},{"key":"new","value":""}]}`,
			map[string]string{"team": "web", "new": ""}, []string{"old"},
			"+ tags[new]: \"\"\n- tags[old]: \"1\"\n- tags[team]: \"shop\"\n+ tags[team]: \"web\"\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, remove, diff := taskdef.ServiceTags(definition(t, tc.wanted), have)
			if d := cmp.Diff(tc.set, set); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tc.remove, remove); d != "" {
				t.Error(d)
			}
			if diff != tc.diff {
				t.Errorf("diff\n%swant\n%s", diff, tc.diff)
			}
		})
	}
}

// TestServiceChangesOfAnswers: ECS answers settings of a service otherwise than they were
// sent, and a change of each is still seen.
func TestServiceChangesOfAnswers(t *testing.T) {
	for _, tc := range []struct{ name, sent, answered, changed, changes string }{
		{"host", `{"placementStrategy":[{"type":"spread","field":"host"}]}`, `{"placementStrategy":[{"type":"spread","field":"instanceId"}]}`,
			`{"placementStrategy":[{"type":"spread","field":"attribute:ecs.availability-zone"}]}`,
			`{"placementStrategy":[{"field":"attribute:ecs.availability-zone","type":"spread"}]}`},
		{"memory", `{"placementStrategy":[{"type":"binpack","field":"memory"}]}`, `{"placementStrategy":[{"type":"binpack","field":"MEMORY"}]}`,
			`{"placementStrategy":[{"type":"binpack","field":"cpu"}]}`, `{"placementStrategy":[{"field":"cpu","type":"binpack"}]}`},
		{"order of placement strategies", `{"placementStrategy":[{"type":"spread","field":"host"},{"type":"random"}]}`,
			`{"placementStrategy":[{"type":"spread","field":"instanceId"},{"type":"random"}]}`,
			`{"placementStrategy":[{"type":"random"},{"type":"spread","field":"host"}]}`, `{"placementStrategy":[{"type":"random"},{"field":"host","type":"spread"}]}`},
		{"order of subnets", `{"networkConfiguration":{"awsvpcConfiguration":{"subnets":["a","b"]}}}`,
			`{"networkConfiguration":{"awsvpcConfiguration":{"subnets":["b","a"],"securityGroups":[],"assignPublicIp":"DISABLED"}}}`,
			`{"networkConfiguration":{"awsvpcConfiguration":{"subnets":["a","c"]}}}`, `{"networkConfiguration":{"awsvpcConfiguration":{"subnets":["a","c"]}}}`},
		{"a base of 0", `{"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1}]}`,
			`{"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1,"base":0}]}`,
			`{"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1,"base":1}]}`,
			`{"capacityProviderStrategy":[{"base":1,"capacityProvider":"FARGATE_SPOT","weight":1}]}`},
		{"back to the launch type", `{"launchType":"FARGATE","desiredCount":1}`, `{"launchType":"FARGATE","desiredCount":1}`,
			`{"desiredCount":2}`, `{"desiredCount":2}`},
		{"what LATEST stands for", `{"platformVersion":"LATEST"}`, `{"platformVersion":"1.4.0"}`, `{"platformVersion":"1.3.0"}`, `{"platformVersion":"1.3.0"}`},
		{"availability zones", `{"availabilityZoneRebalancing":"ENABLED"}`, `{"availabilityZoneRebalancing":"ENABLED"}`,
			`{"availabilityZoneRebalancing":"DISABLED"}`, `{"availabilityZoneRebalancing":"DISABLED"}`},
		{"the deployment's settings", `{"deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":true,"rollback":true}}}`,
			`{"deploymentConfiguration":{"strategy":"ROLLING","bakeTimeInMinutes":0,"maximumPercent":200,"minimumHealthyPercent":100,"alarms":{"alarmNames":[],"enable":false,"rollback":false},
				"deploymentCircuitBreaker":{"enable":true,"rollback":true,"resetOnHealthyTask":true,"thresholdConfiguration":{"type":"BOUNDED_PERCENT","value":50}},"newIn2027":{"x":1}}}`,
			`{"deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":true,"rollback":false}}}`,
			`{"deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":true,"rollback":false}}}`},
		{"registries", `{"serviceRegistries":[{"registryArn":"arn:aws:servicediscovery:r:1:service/srv-1"}]}`,
			`{"serviceRegistries":[{"registryArn":"arn:aws:servicediscovery:r:1:service/srv-1","containerPort":0}]}`, `{"serviceRegistries":[]}`, `{"serviceRegistries":[]}`},
		{"a volume", `{"volumeConfigurations":[{"name":"v","managedEBSVolume":{"roleArn":"arn:aws:iam::1:role/r","sizeInGiB":20}}]}`,
			`{"deployments":[{"status":"PRIMARY","volumeConfigurations":[{"name":"v","managedEBSVolume":{"roleArn":"arn:aws:iam::1:role/r","sizeInGiB":20,"encrypted":true,"volumeType":"gp3","filesystemType":"xfs"}}]}]}`,
			`{"volumeConfigurations":[{"name":"v","managedEBSVolume":{"roleArn":"arn:aws:iam::1:role/r","sizeInGiB":30}}]}`,
			`{"volumeConfigurations":[{"managedEBSVolume":{"roleArn":"arn:aws:iam::1:role/r","sizeInGiB":30},"name":"v"}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if changes, diff, err := taskdef.ServiceChanges(definition(t, tc.sent), json.RawMessage(tc.answered)); err != nil || !changes.Empty() || diff != "" {
				t.Errorf("what was sent differs: %s %v\n%s", changes.JSON(), err, diff)
			}
			changes, diff, err := taskdef.ServiceChanges(definition(t, tc.changed), json.RawMessage(tc.answered))
			if err != nil || string(changes.JSON()) != tc.changes || diff == "" {
				t.Errorf("changes %s, want %s: %v\n%s", changes.JSON(), tc.changes, err, diff)
			}
		})
	}
	spot := json.RawMessage(`{"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1,"base":0}]}`)
	changes, _, err := taskdef.ServiceChanges(definition(t, `{"launchType":"FARGATE"}`), spot)
	if want := `{"capacityProviderStrategy":[]}`; err != nil || string(changes.JSON()) != want {
		t.Errorf("back to the launch type: %s, want %s: %v", changes.JSON(), want, err)
	}
	old := json.RawMessage(`{"platformVersion":"1.3.0"}`)
	if changes, _, err := taskdef.ServiceChanges(definition(t, `{"platformVersion":"LATEST"}`), old); err != nil || changes.Text("platformVersion") != "LATEST" {
		t.Errorf("from an old platform version to LATEST: %s %v", changes.JSON(), err)
	}
}
