package express

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// resources are what Express Mode made for a service.
type resources struct {
	Balancer, Listener, Rule string // ARNs
	Groups                   []string
	Alarm, LogGroup          string // names
	SecurityGroup            string // id
	Endpoint                 string
}

// sharedBy is how many services a load balancer can have.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
const sharedBy = 25

// defaultSubnets stand for those of the default VPC.
var defaultSubnets = []string{"subnet-default1", "subnet-default2"}

// provision makes all that a service needs before it is there.
func (c call) provision(g *gateway, port int) error {
	if err := c.balancer(g); err != nil {
		return err
	}
	for range 2 { // one for each of the two sets of tasks
		var out struct {
			Groups []struct {
				ARN string `json:"TargetGroupArn"`
			} `json:"TargetGroups"`
		}
		err := c.do(g, "elasticloadbalancing", "CreateTargetGroup", map[string]any{
			"Name": "ecs-gateway-tg-" + c.id("group", 16), "Protocol": "HTTP", "Port": port, "VpcId": "vpc-0", "TargetType": "ip",
			"HealthCheckPath": g.Settings.HealthCheckPath,
		}, &out)
		if err != nil {
			return err
		}
		g.Made.Groups = append(g.Made.Groups, out.Groups[0].ARN)
	}
	g.Made.Endpoint = fmt.Sprintf("%s-%s.ecs.%s.on.aws", strings.ToLower(g.Name)[:min(2, len(g.Name))], c.id("endpoint", 32), c.caller.Region)
	var rules struct {
		Rules []struct {
			ARN string `json:"RuleArn"`
		}
	}
	err := c.do(g, "elasticloadbalancing", "CreateRule", map[string]any{
		"ListenerArn": g.Made.Listener, "Priority": c.made,
		"Conditions": []any{map[string]any{"Field": "host-header", "HostHeaderConfig": map[string]any{"Values": []string{g.Made.Endpoint}}}},
		"Actions": []any{map[string]any{"Type": "forward", "ForwardConfig": map[string]any{"TargetGroups": []any{
			map[string]any{"TargetGroupArn": g.Made.Groups[0], "Weight": 100}, map[string]any{"TargetGroupArn": g.Made.Groups[1], "Weight": 0},
		}}}},
	}, &rules)
	if err != nil {
		return err
	}
	g.Made.Rule, g.Made.SecurityGroup = rules.Rules[0].ARN, "sg-"+c.id("security", 17)
	g.Made.Alarm = fmt.Sprintf("%s/%s/RollbackAlarm/%s", lastPart(g.ClusterARN), g.Name, c.id("alarm", 8))
	// "if sum of 4xx and 5xx errors percentage is > 1 for 2 datapoints within 3 minutes"
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html
	return c.do(g, "monitoring", "PutMetricAlarm", map[string]any{
		"AlarmName": g.Made.Alarm, "MetricName": "4XXAnd5XXPercentage", "Namespace": "AWS/ApplicationELB", "Statistic": "Average", "Period": 60,
		"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
	}, nil)
}

// balancer finds a load balancer that another Express service may share, or makes one with a
// listener.
func (c call) balancer(g *gateway) error {
	subnets := slices.Sorted(slices.Values(g.subnets()))
	shared := map[string]int{}
	for _, other := range c.gateways {
		shared[other.Made.Balancer]++
	}
	for _, other := range c.gateways {
		same := slices.Equal(slices.Sorted(slices.Values(other.subnets())), subnets) && strings.HasPrefix(other.ARN, c.caller.Scope.ARN("ecs", ""))
		if same && other.Made.Balancer != "" && shared[other.Made.Balancer] < sharedBy {
			g.Made.Balancer, g.Made.Listener = other.Made.Balancer, other.Made.Listener
			return nil
		}
	}
	var balancers struct {
		LoadBalancers []struct {
			ARN string `json:"LoadBalancerArn"`
		}
	}
	if err := c.do(g, "elasticloadbalancing", "CreateLoadBalancer", map[string]any{
		"Name": "ecs-express-gateway-alb-" + c.id("balancer", 8), "Subnets": subnets, "Type": "application", "Scheme": "internet-facing",
	}, &balancers); err != nil {
		return err
	}
	var listeners struct {
		Listeners []struct {
			ARN string `json:"ListenerArn"`
		}
	}
	g.Made.Balancer = balancers.LoadBalancers[0].ARN
	err := c.do(g, "elasticloadbalancing", "CreateListener", map[string]any{
		"LoadBalancerArn": g.Made.Balancer, "Port": 443, "Protocol": "HTTPS",
		"Certificates":   []any{map[string]any{"CertificateArn": c.caller.Scope.ARN("acm", "certificate/"+c.id("certificate", 32))}},
		"DefaultActions": []any{map[string]any{"Type": "fixed-response", "FixedResponseConfig": map[string]any{"StatusCode": "404"}}},
	}, &listeners)
	if err == nil {
		g.Made.Listener = listeners.Listeners[0].ARN
	}
	return err
}

// subnets returns where tasks and load balancer of a service are.
func (g *gateway) subnets() []string {
	if len(g.Settings.Network.Subnets) == 0 {
		return defaultSubnets
	}
	return g.Settings.Network.Subnets
}

// network returns the network configuration of the service.
func (g *gateway) network() map[string]any {
	groups := append([]string{g.Made.SecurityGroup}, g.Settings.Network.SecurityGroups...)
	return map[string]any{"awsvpcConfiguration": map[string]any{"subnets": g.subnets(), "securityGroups": groups, "assignPublicIp": "ENABLED"}}
}

// loadBalancers returns the load balancers of the service.
func (g *gateway) loadBalancers(port int) []any {
	return []any{map[string]any{
		"targetGroupArn": g.Made.Groups[0], "containerName": main, "containerPort": port,
		"advancedConfiguration": map[string]any{
			"alternateTargetGroupArn": g.Made.Groups[1], "productionListenerRule": g.Made.Rule, "roleArn": g.InfrastructureRole,
		},
	}}
}

// release takes away what a service alone had, and the load balancer after its last service. Its log
// group stays.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-delete-task.html
func (c call) release(g *gateway) error {
	type deletion struct {
		service, operation string
		in                 map[string]any
	}
	const balancing = "elasticloadbalancing"
	last := true
	for _, other := range c.gateways {
		last = last && (other == g || other.Made.Balancer != g.Made.Balancer)
	}
	deletions := []deletion{{balancing, "DeleteRule", map[string]any{"RuleArn": g.Made.Rule}}}
	for _, group := range g.Made.Groups {
		deletions = append(deletions, deletion{balancing, "DeleteTargetGroup", map[string]any{"TargetGroupArn": group}})
	}
	deletions = append(deletions, deletion{"monitoring", "DeleteAlarms", map[string]any{"AlarmNames": []string{g.Made.Alarm}}})
	if last {
		deletions = append(deletions, deletion{balancing, "DeleteLoadBalancer", map[string]any{"LoadBalancerArn": g.Made.Balancer}})
	}
	for _, d := range deletions {
		if err := c.do(g, d.service, d.operation, d.in, nil); err != nil {
			return err
		}
	}
	return nil
}

// withResources adds to service revisions what Express Mode made for them.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ECSManagedResources.html
func (s *Service) withResources(describe wire.Operation) wire.Operation {
	return func(ctx context.Context, r *wire.Request) (any, error) {
		out, err := describe(ctx, r)
		data, plain := out.(json.RawMessage)
		if err != nil || !plain || ctx.Value(ownKey{}) != nil {
			return out, err
		}
		var answer struct {
			Revisions []map[string]any `json:"serviceRevisions"`
			Failures  json.RawMessage  `json:"failures"`
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			return nil, fmt.Errorf("reading service revisions: %w", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, revision := range answer.Revisions {
			arn, _ := revision["serviceArn"].(string)
			if g := s.gateways[arn]; g != nil {
				of, _ := revision["serviceRevisionArn"].(string)
				revision["ecsManagedResources"] = g.managed(r.Caller.Scope, g.of(of))
			}
		}
		data, err = json.Marshal(answer)
		return data, err
	}
}

// managed is the ECSManagedResources structure of an answer. All is there at once.
func (g *gateway) managed(scope wire.Scope, of settings) map[string]any {
	is := func(arn string, more map[string]any) map[string]any {
		one := map[string]any{"status": "ACTIVE", "updatedAt": wire.At(g.CreatedAt)}
		if arn != "" {
			one["arn"] = arn
		}
		for name, value := range more {
			one[name] = value
		}
		return one
	}
	groups := []any{}
	for _, arn := range g.Made.Groups {
		groups = append(groups, is(arn, map[string]any{"healthCheckPath": of.HealthCheckPath, "healthCheckPort": defaultPort, "port": defaultPort}))
	}
	metric := map[string]string{"AVERAGE_CPU": "ECSServiceAverageCPUUtilization", "AVERAGE_MEMORY": "ECSServiceAverageMemoryUtilization"}[of.Scaling.Metric]
	return map[string]any{
		"ingressPaths": []any{map[string]any{
			"accessType": "PUBLIC", "endpoint": g.Made.Endpoint,
			"loadBalancer": is(g.Made.Balancer, map[string]any{"scheme": "internet-facing", "subnetIds": g.subnets()}),
			"listener":     is(g.Made.Listener, nil), "rule": is(g.Made.Rule, nil), "targetGroups": groups,
			"certificate": is("", map[string]any{"domainName": g.Made.Endpoint}),
		}},
		"autoScaling": map[string]any{
			"scalableTarget": is("", map[string]any{"minCapacity": of.Scaling.Least, "maxCapacity": of.Scaling.Most}),
			"applicationAutoScalingPolicies": []any{is("", map[string]any{
				"policyType": "TargetTrackingScaling", "metric": cmp.Or(metric, "ALBRequestCountPerTarget"), "targetValue": of.Scaling.Target,
			})},
		},
		"metricAlarms":          []any{is(scope.ARN("cloudwatch", "alarm:"+g.Made.Alarm), nil)},
		"serviceSecurityGroups": []any{is(scope.ARN("ec2", "security-group/"+g.Made.SecurityGroup), nil)},
		"logGroups":             []any{is(scope.ARN("logs", "log-group:"+g.Made.LogGroup), map[string]any{"logGroupName": g.Made.LogGroup})},
	}
}
