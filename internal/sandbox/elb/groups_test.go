package elb_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

func TestCreateTargetGroup(t *testing.T) {
	c := newCloud(t)
	out := expect.Value(c.CreateTargetGroup(t.Context(), input("web")))(t)
	got := out.TargetGroups[0]
	if arn := *got.TargetGroupArn; !regexp.MustCompile(`^arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/[0-9a-f]{16}$`).MatchString(arn) {
		t.Errorf("the ARN is %s", arn)
	}
	want := types.TargetGroup{
		TargetGroupArn: got.TargetGroupArn, TargetGroupName: aws.String("web"), TargetType: types.TargetTypeEnumIp,
		Protocol: types.ProtocolEnumHttp, ProtocolVersion: aws.String("HTTP1"), Port: aws.Int32(80), VpcId: aws.String("vpc-1"),
		IpAddressType: types.TargetGroupIpAddressTypeEnumIpv4, LoadBalancerArns: []string{},
		HealthCheckEnabled: aws.Bool(true), HealthCheckProtocol: types.ProtocolEnumHttp, HealthCheckPort: aws.String("traffic-port"),
		HealthCheckPath: aws.String("/"), HealthCheckIntervalSeconds: aws.Int32(30), HealthCheckTimeoutSeconds: aws.Int32(5),
		HealthyThresholdCount: aws.Int32(5), UnhealthyThresholdCount: aws.Int32(2), Matcher: &types.Matcher{HttpCode: aws.String("200")},
	}
	expect.Equal(t, want, got, sdkOnly)
	again := expect.Value(c.CreateTargetGroup(t.Context(), input("web")))(t)
	expect.EqualIn(t, "made again", out.TargetGroups, again.TargetGroups, sdkOnly)
}

func TestCreateTargetGroupRules(t *testing.T) {
	type edit = func(*sdk.CreateTargetGroupInput)
	name := func(s string) edit { return func(in *sdk.CreateTargetGroupInput) { in.Name = &s } }
	for title, tt := range map[string]struct {
		edit edit
		want string
	}{
		"longest name":     {name(strings.Repeat("n", 32)), ""},
		"name too long":    {name(strings.Repeat("n", 33)), "ValidationError: Target group name 'nnn"},
		"bad name":         {name("a_b"), "ValidationError: Target group name 'a_b' can only contain"},
		"hyphen in front":  {name("-a"), "ValidationError: Target group name '-a' cannot begin or end"},
		"hyphen behind":    {name("a-"), "ValidationError: Target group name 'a-' cannot begin or end"},
		"other settings":   {func(in *sdk.CreateTargetGroupInput) { in.Name, in.Port = aws.String("there"), aws.Int32(81) }, "DuplicateTargetGroupName: A target group with the same name 'there' exists, but with different settings"},
		"no protocol":      {func(in *sdk.CreateTargetGroupInput) { in.Protocol = "" }, "ValidationError: "},
		"unknown protocol": {func(in *sdk.CreateTargetGroupInput) { in.Protocol = "SCTP" }, "ValidationError: 1 validation error detected: Value 'SCTP' at 'protocol'"},
		"no port":          {func(in *sdk.CreateTargetGroupInput) { in.Port = nil }, "ValidationError: "},
		"port too high":    {func(in *sdk.CreateTargetGroupInput) { in.Port = aws.Int32(70000) }, "ValidationError: 1 validation error detected: Value '70000' at 'port'"},
		"no VPC":           {func(in *sdk.CreateTargetGroupInput) { in.VpcId = nil }, "ValidationError: "},
		"unknown type":     {func(in *sdk.CreateTargetGroupInput) { in.TargetType = "pod" }, "ValidationError: "},
		"function": {func(in *sdk.CreateTargetGroupInput) {
			*in = sdk.CreateTargetGroupInput{Name: aws.String("f"), TargetType: types.TargetTypeEnumLambda}
		}, ""},
		"interval too short":  {func(in *sdk.CreateTargetGroupInput) { in.HealthCheckIntervalSeconds = aws.Int32(4) }, "ValidationError: 1 validation error detected: Value '4' at 'healthCheckIntervalSeconds'"},
		"timeout of interval": {func(in *sdk.CreateTargetGroupInput) { in.HealthCheckTimeoutSeconds = aws.Int32(31) }, "ValidationError: Health check timeout '31'"},
		"threshold too low":   {func(in *sdk.CreateTargetGroupInput) { in.HealthyThresholdCount = aws.Int32(1) }, "ValidationError: 1 validation error detected: Value '1' at 'healthyThresholdCount'"},
		"no path":             {func(in *sdk.CreateTargetGroupInput) { in.HealthCheckPath = aws.String("health") }, "ValidationError: Health check path 'health'"},
		"check by UDP":        {func(in *sdk.CreateTargetGroupInput) { in.HealthCheckProtocol = types.ProtocolEnumUdp }, "ValidationError: Health check protocol 'UDP'"},
	} {
		t.Run(title, func(t *testing.T) {
			c := newCloud(t)
			c.create(t, "there")
			in := input("new")
			tt.edit(in)
			wiretest.WantFailure(t, expect.Err(c.CreateTargetGroup(t.Context(), in)), tt.want)
		})
	}
}

func TestChecksByProtocol(t *testing.T) {
	c := newCloud(t)
	for name, tt := range map[string]struct {
		edit func(*sdk.CreateTargetGroupInput)
		want string // protocol, path, timeout, matcher
	}{
		"http": {func(*sdk.CreateTargetGroupInput) {}, "HTTP / 5 200"},
		"grpc": {func(in *sdk.CreateTargetGroupInput) { in.ProtocolVersion = aws.String("GRPC") }, "HTTP /AWS.ALB/healthcheck 5 12"},
		"tcp":  {func(in *sdk.CreateTargetGroupInput) { in.Protocol = types.ProtocolEnumTcp }, "TCP  10 "},
		"tcp-checked-by-http": {func(in *sdk.CreateTargetGroupInput) {
			in.Protocol, in.HealthCheckProtocol, in.HealthCheckPath = types.ProtocolEnumTcp, types.ProtocolEnumHttp, aws.String("/up")
		}, "HTTP /up 6 200-399"},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(name)
			tt.edit(in)
			out := expect.Value(c.CreateTargetGroup(t.Context(), in))(t)
			g := out.TargetGroups[0]
			matcher := ""
			if g.Matcher != nil {
				matcher = aws.ToString(g.Matcher.HttpCode) + aws.ToString(g.Matcher.GrpcCode)
			}
			timeout := map[int32]string{5: "5", 6: "6", 10: "10"}[*g.HealthCheckTimeoutSeconds]
			got := strings.Join([]string{string(g.HealthCheckProtocol), aws.ToString(g.HealthCheckPath), timeout, matcher}, " ")
			expect.Equal(t, tt.want, got)
		})
	}
}

func TestDescribeTargetGroups(t *testing.T) {
	c := newCloud(t)
	a, b := c.create(t, "a"), c.create(t, "b")
	c.create(t, "c")
	type in = sdk.DescribeTargetGroupsInput
	const none = "TargetGroupNotFound: One or more target groups not found"
	for name, tt := range map[string]struct {
		in      in
		want    string
		wantErr string
	}{
		"all":           {in: in{}, want: "a b c"},
		"pages":         {in: in{PageSize: aws.Int32(2)}, want: "a b c"},
		"names":         {in: in{Names: []string{"c", "a"}}, want: "a c"},
		"ARNs":          {in: in{TargetGroupArns: []string{b}}, want: "b"},
		"unknown name":  {in: in{Names: []string{"a", "d"}}, wantErr: none},
		"unknown ARN":   {in: in{TargetGroupArns: []string{a + "0"}}, wantErr: none},
		"names, ARNs":   {in: in{Names: []string{"a"}, TargetGroupArns: []string{a}}, wantErr: "ValidationError: "},
		"load balancer": {in: in{LoadBalancerArn: aws.String("arn:lb")}, wantErr: "LoadBalancerNotFound: "},
		"page size":     {in: in{PageSize: aws.Int32(401)}, wantErr: "ValidationError: "},
		"marker":        {in: in{Marker: aws.String("x")}, wantErr: "ValidationError: "},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for pages := sdk.NewDescribeTargetGroupsPaginator(c.Client, &tt.in); pages.HasMorePages(); {
				page, err := pages.NextPage(t.Context())
				wiretest.WantFailure(t, err, tt.wantErr)
				if err != nil {
					return
				}
				for _, g := range page.TargetGroups {
					names = append(names, *g.TargetGroupName)
				}
			}
			if got := strings.Join(names, " "); got != tt.want || tt.wantErr != "" {
				t.Errorf("got %q, want %q%s", got, tt.want, tt.wantErr)
			}
		})
	}
	other := newClient(c.url, "222222222222")
	out, err := other.DescribeTargetGroups(t.Context(), &in{})
	if err != nil || len(out.TargetGroups) != 0 {
		t.Errorf("another account sees %v, %v", out, err)
	}
	_, err = other.DescribeTargetHealth(t.Context(), &sdk.DescribeTargetHealthInput{TargetGroupArn: &a})
	wiretest.WantFailure(t, err, "TargetGroupNotFound: Target groups '"+a+"' not found")
}

func TestModifyAndDelete(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	out := expect.Value(c.ModifyTargetGroup(t.Context(), &sdk.ModifyTargetGroupInput{
		TargetGroupArn: &arn, HealthCheckPath: aws.String("/up"), HealthCheckIntervalSeconds: aws.Int32(10),
		HealthyThresholdCount: aws.Int32(2), Matcher: &types.Matcher{HttpCode: aws.String("200-204")},
	}))(t)
	g := out.TargetGroups[0]
	if *g.HealthCheckPath != "/up" || *g.HealthCheckIntervalSeconds != 10 || *g.UnhealthyThresholdCount != 2 {
		t.Errorf("modified: %s, %d, %d", *g.HealthCheckPath, *g.HealthCheckIntervalSeconds, *g.UnhealthyThresholdCount)
	}
	_, err := c.ModifyTargetGroup(t.Context(), &sdk.ModifyTargetGroupInput{TargetGroupArn: &arn, HealthCheckIntervalSeconds: aws.Int32(301)})
	wiretest.WantFailure(t, err, "ValidationError: 1 validation error detected: Value '301'")
	if settings, _ := c.service.Settings(arn); settings.Interval.Seconds() != 10 {
		t.Errorf("after a refused change the interval is %v", settings.Interval)
	}
	_, err = c.ModifyTargetGroup(t.Context(), &sdk.ModifyTargetGroupInput{TargetGroupArn: aws.String("web")})
	wiretest.WantFailure(t, err, "ValidationError: 'web' is not a valid target group ARN")

	for range 2 {
		expect.Value(c.DeleteTargetGroup(t.Context(), &sdk.DeleteTargetGroupInput{TargetGroupArn: &arn}))(t)
	}
	if c.exists(arn) {
		t.Error("a deleted target group exists")
	}
	if again := c.create(t, "web"); again == arn {
		t.Error("a target group made again has the same ARN")
	}
}

func TestAttributes(t *testing.T) {
	c := newCloud(t)
	arn := c.create(t, "web")
	set := func(key, value string) error {
		_, err := c.ModifyTargetGroupAttributes(t.Context(), &sdk.ModifyTargetGroupAttributesInput{
			TargetGroupArn: &arn, Attributes: []types.TargetGroupAttribute{{Key: &key, Value: &value}},
		})
		return err
	}
	const delay = "deregistration_delay.timeout_seconds"
	get := func() string {
		out := expect.Value(c.DescribeTargetGroupAttributes(t.Context(), &sdk.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn}))(t)
		for _, a := range out.Attributes {
			if *a.Key == delay {
				return *a.Value
			}
		}
		return ""
	}
	expect.EqualIn(t, "by default the delay", "300", get())
	wiretest.WantFailure(t, set(delay, "10"), "")
	wiretest.WantFailure(t, set(delay, "3601"), "InvalidConfigurationRequest: ")
	wiretest.WantFailure(t, set(delay, "soon"), "InvalidConfigurationRequest: ")
	wiretest.WantFailure(t, set("colour", "red"), "InvalidConfigurationRequest: Target group attribute key 'colour' is not recognized")
	expect.EqualIn(t, "the delay", "10", get())
}
