package elb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/elb"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

var sdkOnly = cmpopts.IgnoreUnexported(types.TargetGroup{}, types.Matcher{}, types.TargetHealthDescription{},
	types.TargetDescription{}, types.TargetHealth{})

// cloud is a fresh Elastic Load Balancing with a client of AWS's own SDK.
type cloud struct {
	*sdk.Client
	service *elb.Service
	clock   *clock.Manual
	url     string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := clock.NewManual(start)
	service := elb.New(c)
	url := wiretest.Serve(t, service.Service())
	return cloud{Client: newClient(url, wiretest.Account), service: service, clock: c, url: url}
}

func newClient(url, account string) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &url,
		Region:       wiretest.Region,
		Credentials:  credentials.NewStaticCredentialsProvider(account, "secret", ""),
		Retryer:      wiretest.Once{},
	})
}

// input is a target group as ECS services on Fargate have it.
func input(name string) *sdk.CreateTargetGroupInput {
	return &sdk.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-1"), TargetType: types.TargetTypeEnumIp,
	}
}

// create makes a target group and returns its ARN.
func (c cloud) create(t *testing.T, name string) string {
	t.Helper()
	out := expect.Value(c.CreateTargetGroup(t.Context(), input(name)))(t)
	return *out.TargetGroups[0].TargetGroupArn
}

// health returns ID:port, state and reason of each target, and the description.
func (c cloud) health(t *testing.T, arn string) []string {
	t.Helper()
	out := expect.Value(c.DescribeTargetHealth(t.Context(), &sdk.DescribeTargetHealthInput{TargetGroupArn: &arn}))(t)
	return describe(out.TargetHealthDescriptions)
}

func describe(descriptions []types.TargetHealthDescription) []string {
	lines := []string{}
	for _, d := range descriptions {
		lines = append(lines, strings.TrimSpace(*d.Target.Id+" "+*d.HealthCheckPort+" "+string(d.TargetHealth.State)+" "+
			string(d.TargetHealth.Reason)+" "+aws.ToString(d.TargetHealth.Description)))
	}
	return lines
}

func (c cloud) exists(arn string) bool {
	_, _, ok := c.service.Kind(arn)
	return ok
}
