package elb_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/elb"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

func TestSchedulerTellsHealth(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	const ip = "10.0.0.7"
	check := func(want ...string) {
		t.Helper()
		expect.Equal(t, want, c.health(t, arn))
	}
	c.service.Register(start, arn, ip, 8080)
	c.service.Register(start, arn, "10.0.0.8", 8080)
	c.service.Deregister(start, arn, "10.0.0.8", 8080)
	check("10.0.0.7 8080 initial Elb.RegistrationInProgress Target registration is in progress")

	c.service.SetHealth(start, arn, ip, 8080, "initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
	check("10.0.0.7 8080 initial Elb.InitialHealthChecking Initial health checks in progress")

	c.service.SetHealth(start, arn, ip, 8080, "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]")
	check("10.0.0.7 8080 unhealthy Target.ResponseCodeMismatch Health checks failed with these codes: [503]")

	c.service.SetHealth(start, arn, ip, 8080, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
	check("10.0.0.7 8080 draining Target.DeregistrationInProgress Target deregistration is in progress")

	c.service.Deregister(start, arn, ip, 8080)
	c.service.SetHealth(start, arn, ip, 8080, "healthy", "", "")
	if got := c.health(t, arn); len(got) != 0 {
		t.Errorf("after deregistration: %v", got)
	}
}

func TestHealthyHasNoReason(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	c.service.Register(start, arn, "10.0.0.7", 8080)
	c.service.SetHealth(start, arn, "10.0.0.7", 8080, "healthy", "Some.Reason", "of somebody")
	out := expect.Value(c.DescribeTargetHealth(t.Context(), &sdk.DescribeTargetHealthInput{TargetGroupArn: &arn}))(t)
	want := []types.TargetHealthDescription{{
		Target:          &types.TargetDescription{Id: aws.String("10.0.0.7"), Port: aws.Int32(8080)},
		HealthCheckPort: aws.String("8080"),
		TargetHealth:    &types.TargetHealth{State: types.TargetHealthStateEnumHealthy},
	}}
	expect.Equal(t, want, out.TargetHealthDescriptions, sdkOnly)
}

func TestSchedulerOfUnknownGroup(t *testing.T) {
	c := newCloud(t)
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/gone/0123456789abcdef"
	c.service.Register(start, arn, "10.0.0.7", 80)
	c.service.SetHealth(start, arn, "10.0.0.7", 80, "healthy", "", "")
	c.service.Deregister(start, arn, "10.0.0.7", 80)
	if _, ok := c.service.Settings(arn); ok || c.exists(arn) {
		t.Error("a target group came into being")
	}
}

func TestSettings(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	got, ok := c.service.Settings(arn)
	want := elb.Settings{
		Interval: 30 * time.Second, Timeout: 5 * time.Second, HealthyThreshold: 5, UnhealthyThreshold: 2,
		DeregistrationDelay: 5 * time.Minute, Path: "/", Matcher: "200",
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Error(ok, diff)
	}
}

func targets(ids ...string) []types.TargetDescription {
	var t []types.TargetDescription
	for _, id := range ids {
		t = append(t, types.TargetDescription{Id: &id})
	}
	return t
}

func TestTargetsByHand(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	expect.Value(c.RegisterTargets(t.Context(), &sdk.RegisterTargetsInput{TargetGroupArn: &arn, Targets: targets("10.0.0.1", "10.0.0.2")}))(t)
	_, err := c.RegisterTargets(t.Context(), &sdk.RegisterTargetsInput{TargetGroupArn: &arn, Targets: targets("10.0.0.3", "web-1")})
	wiretest.WantFailure(t, err, "ValidationError: The IP address 'web-1' is not a valid")
	const unused = " unused Target.NotInUse Target group is not configured to receive traffic from the load balancer"
	expect.Equal(t, []string{"10.0.0.1 80" + unused, "10.0.0.2 80" + unused}, c.health(t, arn))
	out := expect.Value(c.DescribeTargetHealth(t.Context(), &sdk.DescribeTargetHealthInput{TargetGroupArn: &arn, Targets: targets("10.0.0.9", "10.0.0.2")}))(t)
	want := []string{"10.0.0.9 80 unused Target.NotRegistered Target is not registered to the target group", "10.0.0.2 80" + unused}
	expect.Equal(t, want, describe(out.TargetHealthDescriptions))
	expect.Value(c.DeregisterTargets(t.Context(), &sdk.DeregisterTargetsInput{TargetGroupArn: &arn, Targets: targets("10.0.0.1", "10.0.0.9")}))(t)
	expect.Equal(t, []string{"10.0.0.2 80" + unused}, c.health(t, arn))
}

func TestDeregisterDrains(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	c.service.Register(start, arn, "10.0.0.1", 80)
	c.service.SetHealth(start, arn, "10.0.0.1", 80, "healthy", "", "")
	expect.Value(c.DeregisterTargets(t.Context(), &sdk.DeregisterTargetsInput{TargetGroupArn: &arn, Targets: targets("10.0.0.1")}))(t)
	c.clock.Advance(299 * time.Second)
	want := []string{"10.0.0.1 80 draining Target.DeregistrationInProgress Target deregistration is in progress"}
	expect.Equal(t, want, c.health(t, arn))
	c.clock.Advance(time.Second)
	if got := c.health(t, arn); len(got) != 0 {
		t.Errorf("after the delay: %v", got)
	}
}

func TestSaveAndLoad(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	c.service.Register(start, arn, "10.0.0.1", 80)
	c.service.SetHealth(start, arn, "10.0.0.1", 80, "healthy", "", "")
	state := expect.Value(c.service.Save())(t)
	data := expect.Value(json.Marshal(state))(t)
	to := newCloud(t)
	expect.OK(t, to.service.Load(data))
	expect.Equal(t, []string{"10.0.0.1 80 healthy"}, to.health(t, arn))
	before, _ := c.service.Settings(arn)
	after, _ := to.service.Settings(arn)
	expect.Equal(t, before, after)
	if second := to.create(t, "web2"); second == arn {
		t.Error("an ARN was given twice")
	}
	for _, bad := range []string{`{`, `[]`, `{"Groups":{"arn":null}}`} {
		if err := to.service.Load(json.RawMessage(bad)); err == nil {
			t.Errorf("loaded %s", bad)
		}
	}
	if !to.exists(arn) {
		t.Error("a load that went wrong removed what was there")
	}
}
