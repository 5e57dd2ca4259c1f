package cloud

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Session is the way to one place in AWS. It may be used by several goroutines at once.
type Session struct {
	cloud    *Cloud
	place    Place
	own      aws.CredentialsProvider // the caller's, whatever role the place has
	region   string
	sts      *sts.Client
	clock    clock
	checking chan struct{} // held by who checks the account
	checked  bool
	caller   atomic.Pointer[caller]

	ecs        *ECS
	parameters *Parameters
	logs       *Logs
	targets    *Targets
	alarms     *Alarms
	ecr        *ECR
}

func (s *Session) connect(cfg aws.Config) {
	s.ecs = &ECS{client: awsecs.NewFromConfig(cfg)}
	s.parameters = &Parameters{client: ssm.NewFromConfig(cfg)}
	s.logs = &Logs{client: cloudwatchlogs.NewFromConfig(cfg)}
	s.targets = &Targets{client: elb.NewFromConfig(cfg)}
	s.alarms = &Alarms{client: cloudwatch.NewFromConfig(cfg)}
	s.ecr = &ECR{client: ecr.NewFromConfig(cfg), now: s.Now, login: make(chan *login, 1)}
	s.ecr.login <- nil
}

// ECS returns the place's Elastic Container Service.
func (s *Session) ECS() *ECS { return s.ecs }

// Parameters returns the place's Parameter Store, which a ledger can be kept in.
func (s *Session) Parameters() *Parameters { return s.parameters }

// Logs returns the place's CloudWatch Logs.
func (s *Session) Logs() *Logs { return s.logs }

// Targets returns the target groups of the place's load balancers.
func (s *Session) Targets() *Targets { return s.targets }

// Alarms returns the place's CloudWatch alarms.
func (s *Session) Alarms() *Alarms { return s.alarms }

// ECR returns the place's container registry.
func (s *Session) ECR() *ECR { return s.ecr }

// Region returns the place's region: its own, or that of the AWS configuration; "" where
// neither says one.
func (s *Session) Region() string { return s.region }

// Now returns the time by AWS's clock, as far as its answers told: to the second, and
// never the local clock's, once there was an answer. Compare AWS's times with this.
func (s *Session) Now() time.Time { return s.clock.now() }

// caller is who AWS takes us for.
type caller struct{ account, arn string }

// Identity returns the account and the ARN of who calls. AWS is asked until it answers once.
func (s *Session) Identity(ctx context.Context) (account, arn string, err error) {
	if err := s.hasRegion(); err != nil {
		return "", "", err
	}
	if known := s.caller.Load(); known != nil {
		return known.account, known.arn, nil
	}
	out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", "", explain(err)
	}
	us := &caller{aws.ToString(out.Account), aws.ToString(out.Arn)}
	s.caller.Store(us)
	if s.place.Role == "" {
		s.cloud.learn(us.account)
	}
	return us.account, us.arn, nil
}
