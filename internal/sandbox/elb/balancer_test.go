package elb_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/elb"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

func (c cloud) balancer(t *testing.T, name string) string {
	t.Helper()
	out := expect.Value(c.CreateLoadBalancer(t.Context(), &sdk.CreateLoadBalancerInput{Name: &name, Subnets: []string{"subnet-1", "subnet-2"}}))(t)
	return *out.LoadBalancers[0].LoadBalancerArn
}

func forward(group string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}}
}

func (c cloud) listener(t *testing.T, balancer, group string, port int32) string {
	t.Helper()
	out := expect.Value(c.CreateListener(t.Context(), &sdk.CreateListenerInput{
		LoadBalancerArn: &balancer, Port: &port, Protocol: types.ProtocolEnumHttp, DefaultActions: forward(group),
	}))(t)
	return *out.Listeners[0].ListenerArn
}

// TestLoadBalancer makes a load balancer with a listener and a rule, reads them back, and
// goes on after a restart.
func TestLoadBalancer(t *testing.T) {
	c := newCloud(t)
	balancer, blue, green := c.balancer(t, "front"), c.create(t, "blue"), c.create(t, "green")
	listener := c.listener(t, balancer, blue, 80)
	made := expect.Value(c.CreateRule(t.Context(), &sdk.CreateRuleInput{
		ListenerArn: &listener, Priority: aws.Int32(10),
		Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/api/*"}}},
		Actions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{
			TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &green, Weight: aws.Int32(1)}},
		}}},
	}))(t)
	if !c.service.Routes(*made.Rules[0].RuleArn) || c.service.Routes(listener) {
		t.Error("a rule routes, and the listener of an application load balancer does not")
	}
	for _, group := range []string{blue, green} {
		if targets, balanced, ok := c.service.Kind(group); targets != "ip" || !balanced || !ok {
			t.Errorf("%s: %s, %v, %v", group, targets, balanced, ok)
		}
	}
	saved := expect.Value(c.service.Save())(t)
	service := elb.New(clock.NewManual(start))
	expect.OK(t, service.Load(saved.(json.RawMessage)))
	later := cloud{Client: newClient(wiretest.Serve(t, service.Service()), wiretest.Account)}
	for _, c := range []cloud{c, later} {
		rules := expect.Value(c.DescribeRules(t.Context(), &sdk.DescribeRulesInput{ListenerArn: &listener}))(t)
		var got []string
		for _, r := range rules.Rules {
			got = append(got, *r.Priority)
		}
		groups := expect.Value(c.DescribeTargetGroups(t.Context(), &sdk.DescribeTargetGroupsInput{LoadBalancerArn: &balancer}))(t)
		for _, g := range groups.TargetGroups {
			got = append(got, *g.TargetGroupName+" "+g.LoadBalancerArns[0])
		}
		expect.Equal(t, []string{"default", "10", "blue " + balancer, "green " + balancer}, got)
	}
	_, err := c.DeleteTargetGroup(t.Context(), &sdk.DeleteTargetGroupInput{TargetGroupArn: &green})
	wiretest.WantFailure(t, err, "ResourceInUse: Target group '"+green+"' is currently in use by a listener or a rule")
	expect.Value(c.DeleteLoadBalancer(t.Context(), &sdk.DeleteLoadBalancerInput{LoadBalancerArn: &balancer}))(t)
	if _, balanced, _ := c.service.Kind(blue); balanced || c.service.Routes(*made.Rules[0].RuleArn) {
		t.Error("a load balancer that is gone still sends")
	}
}

func TestLoadBalancerRules(t *testing.T) {
	c := newCloud(t)
	balancer, group := c.balancer(t, "front"), c.create(t, "web")
	listener := c.listener(t, balancer, group, 80)
	for title, tt := range map[string]struct {
		call func() error
		want string
	}{
		"one subnet": {func() error {
			return expect.Err(c.CreateLoadBalancer(t.Context(), &sdk.CreateLoadBalancerInput{Name: aws.String("x"), Subnets: []string{"subnet-1"}}))
		}, "ValidationError: At least two subnets in two different Availability Zones must be specified"},
		"another of the name": {func() error {
			return expect.Err(c.CreateLoadBalancer(t.Context(), &sdk.CreateLoadBalancerInput{Name: aws.String("front"), Subnets: []string{"subnet-1", "subnet-3"}}))
		}, "DuplicateLoadBalancerName"},
		"no such balancer": {func() error {
			return expect.Err(c.CreateListener(t.Context(), &sdk.CreateListenerInput{
				LoadBalancerArn: aws.String(balancer + "0"), Port: aws.Int32(81), DefaultActions: forward(group),
			}))
		}, "LoadBalancerNotFound"},
		"the port of another": {func() error {
			return expect.Err(c.CreateListener(t.Context(), &sdk.CreateListenerInput{LoadBalancerArn: &balancer, Port: aws.Int32(80), DefaultActions: forward(group)}))
		}, "DuplicateListener"},
		"no such group": {func() error {
			return expect.Err(c.CreateListener(t.Context(), &sdk.CreateListenerInput{
				LoadBalancerArn: &balancer, Port: aws.Int32(81), DefaultActions: forward(group + "0"),
			}))
		}, "TargetGroupNotFound"},
		"the group of another": {func() error {
			other := c.balancer(t, "other")
			return expect.Err(c.CreateListener(t.Context(), &sdk.CreateListenerInput{LoadBalancerArn: &other, Port: aws.Int32(80), DefaultActions: forward(group)}))
		}, "TargetGroupAssociationLimit"},
		"the priority of another": {func() error {
			in := &sdk.CreateRuleInput{ListenerArn: &listener, Priority: aws.Int32(1), Actions: forward(group), Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/"}}}}
			if _, err := c.CreateRule(t.Context(), in); err != nil {
				return err
			}
			return expect.Err(c.CreateRule(t.Context(), in))
		}, "PriorityInUse: Priority '1' is currently in use"},
		"the default rule": {func() error {
			out, err := c.DescribeRules(t.Context(), &sdk.DescribeRulesInput{ListenerArn: &listener})
			if err != nil {
				return err
			}
			return expect.Err(c.DeleteRule(t.Context(), &sdk.DeleteRuleInput{RuleArn: out.Rules[0].RuleArn}))
		}, "OperationNotPermitted"},
	} {
		t.Run(title, func(t *testing.T) { wiretest.WantFailure(t, tt.call(), tt.want) })
	}
}
