package taskdef_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestFormer brings members of a service back to what they were, those that were absent and
// those that only deployments and revisions tell among them.
func TestFormer(t *testing.T) {
	const service = `{"desiredCount":2,"loadBalancers":[],"networkConfiguration":{"awsvpcConfiguration":{"subnets":["a"]}},
		"deploymentConfiguration":{"minimumHealthyPercent":50,"addedYesterday":1},
		"deployments":[{"status":"PRIMARY","volumeConfigurations":[{"name":"v"}]},{"status":"ACTIVE","serviceConnectConfiguration":{"enabled":true}}]}`
	const revision = `{"serviceRevisionArn":"arn","loadBalancers":[{"containerName":"app"}],"serviceConnectConfiguration":{"enabled":true,"namespace":"n","seenAt":1}}`
	for _, tc := range []struct {
		name, was, is string
		members       []string
		want          string
		stays         []string
	}{
		{
			name: "what the service itself tells", was: service, members: []string{"desiredCount", "networkConfiguration"},
			is:   `{"desiredCount":5,"networkConfiguration":{"awsvpcConfiguration":{"subnets":["a"],"securityGroups":["sg"]}}}`,
			want: `{"desiredCount":2,"networkConfiguration":{"awsvpcConfiguration":{"subnets":["a"]}}}`,
		},
		{
			name: "what its deployment tells", was: service, members: []string{"serviceConnectConfiguration", "volumeConfigurations"},
			is:   `{"serviceConnectConfiguration":{"enabled":true,"namespace":"n"},"volumeConfigurations":[{"name":"w"}]}`,
			want: `{"serviceConnectConfiguration":{"enabled":false},"volumeConfigurations":[{"name":"v"}]}`,
		},
		{
			name: "what was absent", was: service, members: []string{"loadBalancers", "serviceRegistries", "vpcLatticeConfigurations", "placementStrategy", "enableExecuteCommand", "healthCheckGracePeriodSeconds", "capacityProviderStrategy"},
			is:   `{"loadBalancers":[{}],"serviceRegistries":[{}],"vpcLatticeConfigurations":[{}],"placementStrategy":[{}],"enableExecuteCommand":true,"healthCheckGracePeriodSeconds":9,"capacityProviderStrategy":[{}]}`,
			want: `{"capacityProviderStrategy":[],"enableExecuteCommand":false,"healthCheckGracePeriodSeconds":0,"loadBalancers":[],"placementStrategy":[],"serviceRegistries":[],"vpcLatticeConfigurations":[]}`,
		},
		{
			name: "what the configuration of deployments keeps", was: service, members: []string{"deploymentConfiguration"},
			is:   `{"deploymentConfiguration":{"minimumHealthyPercent":100,"deploymentCircuitBreaker":{"enable":true,"rollback":true},"lifecycleHooks":[{}],"strategy":"CANARY","canaryConfiguration":{}}}`,
			want: `{"deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":false,"rollback":false},"lifecycleHooks":[],"minimumHealthyPercent":50,"strategy":"ROLLING"}}`,
		},
		{
			name: "a revision", was: revision, members: taskdef.RevisionMembers(),
			is:   `{"serviceRevisionArn":"arn:2","loadBalancers":[],"serviceConnectConfiguration":{"enabled":true,"namespace":"n","seenAt":1},"vpcLatticeConfigurations":[{}],"launchType":"EC2"}`,
			want: `{"loadBalancers":[{"containerName":"app"}],"vpcLatticeConfigurations":[]}`,
		},
		{
			name: "what nothing brings back", was: `{"serviceRevisionArn":"arn"}`, members: taskdef.RevisionMembers(),
			is:   `{"networkConfiguration":{"awsvpcConfiguration":{}, "a":1},"monitoring":{"b":1}}`,
			want: `{}`, stays: []string{"monitoring", "networkConfiguration"},
		},
		{name: "what nobody tells", was: service, members: []string{"monitoring"}, is: `{"monitoring":{"b":1}}`, want: `{}`, stays: []string{"monitoring"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			former, stays, err := taskdef.Former(tc.members, json.RawMessage(tc.was), json.RawMessage(tc.is))
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(former)
			if diff := cmp.Diff(tc.want, string(got)); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if diff := cmp.Diff(tc.stays, stays); diff != "" {
				t.Error(diff)
			}
		})
	}
}
