package cloud

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cache"
)

// Session is the way to one place in AWS. It is safe for concurrent use.
type Session struct {
	cloud    *Cloud
	place    Place
	own      aws.CredentialsProvider // the caller's, whatever role the place has
	region   string
	sts      *sts.Client // with the caller's own credentials
	clock    clock
	checking chan struct{} // held by who checks the account
	checked  bool

	credentials aws.CredentialsProvider // the role's where the place has one
	assumed     atomic.Pointer[caller]  // who the role's session is, once there was one

	names        sync.Mutex // guards environments
	environments []string   // that the session was used for

	ecs        *ECS
	parameters *Parameters
	secrets    *Secrets
	logs       *Logs
	targets    *Targets
	alarms     *Alarms
	iam        *Permissions
	ecr        *ECR
	sqs        func() *sqs.Client
	stacks     *Stacks
}

func (s *Session) connect(cfg aws.Config) {
	s.ecs = &ECS{client: awsecs.NewFromConfig(cfg)}
	s.parameters = &Parameters{client: ssm.NewFromConfig(cfg)}
	s.secrets = &Secrets{client: secretsmanager.NewFromConfig(cfg)}
	s.logs = &Logs{client: cloudwatchlogs.NewFromConfig(cfg)}
	s.targets = &Targets{client: elb.NewFromConfig(cfg)}
	s.alarms = &Alarms{client: cloudwatch.NewFromConfig(cfg)}
	s.iam = &Permissions{session: s, client: cfg.HTTPClient, endpoint: aws.ToString(cfg.BaseEndpoint)}
	s.ecr = &ECR{client: ecr.NewFromConfig(cfg), now: s.Now, login: make(chan *login, 1)}
	s.ecr.login <- nil
	s.sqs = sync.OnceValue(func() *sqs.Client { return sqs.NewFromConfig(cfg, soonGivesUp) }) // which few commands need
	s.stacks = &Stacks{client: sync.OnceValue(func() *cloudformation.Client { return cloudformation.NewFromConfig(cfg) })}
}

// ECS returns the place's Elastic Container Service.
func (s *Session) ECS() *ECS { return s.ecs }

// Parameters returns the place's Parameter Store, which a ledger can be kept in.
func (s *Session) Parameters() *Parameters { return s.parameters }

// Secrets returns the place's Secrets Manager.
func (s *Session) Secrets() *Secrets { return s.secrets }

// Logs returns the place's CloudWatch Logs.
func (s *Session) Logs() *Logs { return s.logs }

// Targets returns the target groups of the place's load balancers.
func (s *Session) Targets() *Targets { return s.targets }

// Alarms returns the place's CloudWatch alarms.
func (s *Session) Alarms() *Alarms { return s.alarms }

// Stacks returns the place's CloudFormation.
func (s *Session) Stacks() *Stacks { return s.stacks }

// Permissions returns what IAM says of the place's account.
func (s *Session) Permissions() *Permissions { return s.iam }

// ECR returns the place's container registry.
func (s *Session) ECR() *ECR { return s.ecr }

// Region returns the place's region: its own, or that of the AWS configuration; "" where
// neither says one.
func (s *Session) Region() string { return s.region }

// Now returns the time by AWS's clock, to the second, from its answers. Before the first
// answer it is the local clock's. Compare AWS's times with this.
func (s *Session) Now() time.Time { return s.clock.now() }

// Place says where in AWS something is, and as whom to go there.
type Place struct {
	Account string // "" takes the account that the credentials are for
	Region  string // "" takes that of the standard chain
	Role    string // ARN of a role to assume; "" takes the caller's own credentials
}

// At returns the way to a place; the same place has one Session. It makes no call: what
// is wrong with a place shows at its first use.
func (c *Cloud) At(p Place) *Session {
	p.Region = cmp.Or(p.Region, c.config.Region)
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.sessions[p]; ok {
		return s
	}
	s := c.open(p)
	c.sessions[p] = s
	return s
}

func (c *Cloud) open(p Place) *Session {
	s := &Session{cloud: c, place: p, checking: make(chan struct{}, 1)}
	cfg := c.config.Copy()
	cfg.Region, s.region = p.Region, p.Region
	s.own = cfg.Credentials
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)],
		s.addWhereabouts, s.addPeer, addPacing(c.pacer, s.scope))
	s.sts = sts.NewFromConfig(cfg)
	if p.Role != "" {
		cfg.Credentials = c.assume(s.sts, p.Role, &s.assumed)
	}
	s.credentials = cfg.Credentials
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], s.addGuard)
	s.connect(cfg)
	c.world.real.Store(s.ecs.client.Options().BaseEndpoint == nil)
	s.ecs.cache.dir, s.ecs.cache.world = cache.Dir(c.cache), c.world.String
	return s
}

// scope returns what AWS counts the session's calls by: account and region. The account
// of the caller's own credentials may not be known; then it is "", until it is.
func (s *Session) scope(ctx context.Context) string {
	account := roleAccount(s.place.Role)
	if account == "" {
		account = s.cloud.ownAccount(ctx, s)
	}
	return account + "/" + s.region
}

// ownAccount returns the account of the caller's own credentials as far as it is known.
// Where a role is used in the same region, which may be of the same account, AWS is asked
// once; that it does not say is no reason to stop.
func (c *Cloud) ownAccount(ctx context.Context, s *Session) string {
	account, ask := c.knownOwn(s.region)
	if account != "" || !ask {
		return account
	}
	if s.own != nil {
		if credentials, err := s.own.Retrieve(ctx); err == nil && credentials.AccountID != "" {
			c.learn(credentials.AccountID)
			return credentials.AccountID
		}
	}
	account, _, err := s.Identity(ctx)
	if err != nil {
		return ""
	}
	return account
}

// knownOwn returns the account of the caller's own credentials, and whether this is the
// time to ask for it.
func (c *Cloud) knownOwn(region string) (account string, ask bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own != "" || c.tried {
		return c.own, false
	}
	for _, other := range c.sessions {
		if other.region == region && roleAccount(other.place.Role) != "" {
			c.tried = true
			return "", true
		}
	}
	return "", false
}

// learn takes note of the account of the caller's own credentials. What they have done
// before in each region counts for that account.
func (c *Cloud) learn(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own != "" || account == "" {
		return
	}
	c.own = account
	for _, s := range c.sessions {
		c.pacer.Merge("/"+s.region, account+"/"+s.region)
	}
}

// roleAccount returns the account that a role belongs to, and so whoever assumes it.
func roleAccount(role string) string {
	parts := strings.Split(role, ":")
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

// addGuard makes every call wait until the place is known to be the right one.
func (s *Session) addGuard(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("TagboatGuard", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if err := s.check(ctx); err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.Before)
}

// check makes sure, once, that the place has a region and that its account is the one
// that we are in. A failure is not remembered: credentials can be renewed.
func (s *Session) check(ctx context.Context) error {
	if err := s.hasRegion(); err != nil {
		return err
	}
	select {
	case s.checking <- struct{}{}:
		defer func() { <-s.checking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.checked {
		return nil
	}
	err := s.checkAccount(ctx)
	s.checked = err == nil
	return err
}

func (s *Session) hasRegion() error {
	if s.region != "" {
		return nil
	}
	return tagboat.Usagef("%s has no AWS region", s.whereabouts().subject()).
		WithHint("give the environment a region in tagboat.yaml, or set AWS_REGION")
}

// checkAccount compares the account asked for with the one that we are in. Whoever
// assumed a role is in the role's account, so that takes no call.
func (s *Session) checkAccount(ctx context.Context) error {
	if s.place.Account == "" {
		return nil
	}
	if account := roleAccount(s.place.Role); account != "" {
		if account == s.place.Account {
			return nil
		}
		return tagboat.Usagef("%s is in account %s, and its role %s belongs to account %s", s.whereabouts().subject(), s.place.Account, s.place.Role, account).
			WithHint("correct account or role in tagboat.yaml")
	}
	account, arn, err := s.Identity(ctx)
	if err != nil {
		return err
	}
	if account != s.place.Account {
		return tagboat.Usagef("%s is in account %s, and the AWS credentials are for account %s (%s)", s.whereabouts().subject(), s.place.Account, account, arn).
			WithHint("choose other credentials with AWS_PROFILE (aws configure list-profiles), or give the environment a role to assume")
	}
	return nil
}
