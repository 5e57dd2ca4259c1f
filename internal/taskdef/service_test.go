package taskdef_test

import (
	"encoding/json"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// record is as DescribeServices gives it for a service that was created with little.
const record = `{
	"serviceName":"api","serviceArn":"arn:aws:ecs:eu-west-1:1:service/dev/api","clusterArn":"arn:aws:ecs:eu-west-1:1:cluster/dev",
	"desiredCount":3,"launchType":"FARGATE","platformVersion":"LATEST","schedulingStrategy":"REPLICA",
	"roleArn":"arn:aws:iam::1:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS","propagateTags":"NONE",
	"deploymentController":{"type":"ECS"},"enableExecuteCommand":false,
	"deploymentConfiguration":{"maximumPercent":200,"minimumHealthyPercent":100,"strategy":"ROLLING",
		"deploymentCircuitBreaker":{"enable":false,"rollback":false,"resetOnHealthyTask":true}},
	"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-2","subnet-1"],"securityGroups":["sg-1"],"assignPublicIp":"DISABLED"}},
	"loadBalancers":[{"targetGroupArn":"arn:tg","containerName":"app","containerPort":80}],
	"deployments":[{"id":"ecs-svc/1","status":"PRIMARY","serviceConnectConfiguration":{"enabled":true,"namespace":"arn:aws:servicediscovery:eu-west-1:1:namespace/ns-1"}}]
}`

func TestServiceChanges(t *testing.T) {
	for _, tc := range []struct {
		name, wanted  string
		changes, diff string
	}{
		{"nothing set", `{}`, `{}`, ""},
		{"all the same", `{"serviceName":"api","launchType":"FARGATE","role":"AWSServiceRoleForECS","enableExecuteCommand":false,
			"healthCheckGracePeriodSeconds":0,"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1","subnet-2"],"securityGroups":["sg-1"]}},
			"loadBalancers":[{"containerPort":80,"containerName":"app","targetGroupArn":"arn:tg"}],"placementStrategy":[],
			"serviceConnectConfiguration":{"enabled":true,"namespace":"shop"},"deploymentConfiguration":{"maximumPercent":200}}`, `{}`, ""},
		{"somebody else's desired count", `{"propagateTags":"NONE"}`, `{}`, ""},
		{"desired count that is set", `{"desiredCount":2}`, `{"desiredCount":2}`, "- desiredCount: 3\n+ desiredCount: 2\n"},
		{"one percent", `{"deploymentConfiguration":{"maximumPercent":150,"deploymentCircuitBreaker":{"enable":true,"rollback":true}}}`,
			`{"deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":true,"rollback":true},"maximumPercent":150}}`,
			"- deploymentConfiguration.deploymentCircuitBreaker.enable: false\n+ deploymentConfiguration.deploymentCircuitBreaker.enable: true\n" +
				"- deploymentConfiguration.deploymentCircuitBreaker.rollback: false\n+ deploymentConfiguration.deploymentCircuitBreaker.rollback: true\n" +
				"- deploymentConfiguration.maximumPercent: 200\n+ deploymentConfiguration.maximumPercent: 150\n"},
		{"no load balancers any more", `{"loadBalancers":[]}`, `{"loadBalancers":[]}`,
			"- loadBalancers[80].containerName: \"app\"\n- loadBalancers[80].containerPort: 80\n- loadBalancers[80].targetGroupArn: \"arn:tg\"\n"},
		{"another security group", `{"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1","subnet-2"],"securityGroups":["sg-2"]}}}`,
			`{"networkConfiguration":{"awsvpcConfiguration":{"securityGroups":["sg-2"],"subnets":["subnet-1","subnet-2"]}}}`,
			"- networkConfiguration.awsvpcConfiguration.securityGroups: [\"sg-1\"]\n+ networkConfiguration.awsvpcConfiguration.securityGroups: [\"sg-2\"]\n"},
		{"service connect off", `{"serviceConnectConfiguration":{"enabled":false}}`, `{"serviceConnectConfiguration":{"enabled":false}}`,
			"- serviceConnectConfiguration.enabled: true\n+ serviceConnectConfiguration.enabled: false\n"},
		{"what cannot be seen", `{"monitoring":{"metricConfigurations":[]},"tags":[{"key":"a","value":"b"}]}`, `{}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			changes, diff, err := taskdef.ServiceChanges(definition(t, tc.wanted), json.RawMessage(record))
			if err != nil {
				t.Fatal(report(err))
			}
			if got := string(changes.JSON()); got != tc.changes {
				t.Errorf("changes %s, want %s", got, tc.changes)
			}
			if diff != tc.diff {
				t.Errorf("diff\n%swant\n%s", diff, tc.diff)
			}
		})
	}
}

func TestServiceChangesRefused(t *testing.T) {
	deploy := `{"deploymentController":{"type":"CODE_DEPLOY"},"desiredCount":1,"schedulingStrategy":"REPLICA","launchType":"EC2"}`
	for _, tc := range []struct{ name, wanted, record, want string }{
		{"launch type", `{"launchType":"EC2","desiredCount":9}`, record,
			"launchType cannot be changed from \"FARGATE\" to \"EC2\": ECS fixes it when a service is created\n" +
				"    hint: put the old value back into the file, or delete the service and deploy again\n"},
		{"scheduling strategy", `{"schedulingStrategy":"DAEMON"}`, deploy,
			"schedulingStrategy cannot be changed from \"REPLICA\" to \"DAEMON\": ECS fixes it when a service is created\n" +
				"    hint: put the old value back into the file, or delete the service and deploy again\n"},
		{"CodeDeploy's load balancers", `{"desiredCount":2,"loadBalancers":[{"containerPort":80}]}`, deploy,
			"loadBalancers cannot be changed: the service's deployment controller is CODE_DEPLOY\n" +
				"    hint: with that controller only these can: desiredCount, healthCheckGracePeriodSeconds, placementConstraints, placementStrategy, enableECSManagedTags, propagateTags, deploymentConfiguration\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := taskdef.ServiceChanges(definition(t, tc.wanted), json.RawMessage(tc.record))
			if err == nil || tagboat.KindOf(err) != tagboat.Usage {
				t.Fatalf("error %v", err)
			}
			if got := report(err); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
		})
	}
}
