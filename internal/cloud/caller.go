package cloud

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// caller is who we are to AWS.
type caller struct{ account, arn string }

// callerOf returns the caller with an ARN, whose fifth part is the account.
func callerOf(arn string) *caller {
	c := &caller{arn: arn}
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		c.account = parts[4]
	}
	return c
}

// Identity returns the account and the ARN of the caller: the session of the place's role,
// or the identity of the caller's own credentials. AWS is asked until it answers once.
func (s *Session) Identity(ctx context.Context) (account, arn string, err error) {
	if err := s.hasRegion(); err != nil {
		return "", "", err
	}
	us, err := s.identity(ctx)
	if err != nil {
		return "", "", translate(err)
	}
	return us.account, us.arn, nil
}

func (s *Session) identity(ctx context.Context) (*caller, error) {
	if s.place.Role == "" {
		return s.cloud.caller(ctx, s.sts)
	}
	if known := s.assumed.Load(); known != nil {
		return known, nil
	}
	if _, err := s.credentials.Retrieve(ctx); err != nil {
		return nil, err
	}
	return s.assumed.Load(), nil
}

// caller returns who the caller's own credentials are for: the same in every region.
func (c *Cloud) caller(ctx context.Context, client *sts.Client) (*caller, error) {
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if known := c.us.Load(); known != nil {
		return known, nil
	}
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	us := &caller{aws.ToString(out.Account), aws.ToString(out.Arn)}
	c.us.Store(us)
	c.learn(us.account)
	return us, nil
}

// assumption gets the credentials of a role, in sessions that are named after the caller.
// A source identity and transitive session tags of the caller's are passed on by AWS
// itself, where the role's trust policy allows sts:SetSourceIdentity and sts:TagSession.
// Nobody can ask AWS for his own, so none is sent.
//
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
type assumption struct {
	cloud   *Cloud
	client  *sts.Client // with the caller's own credentials
	role    string
	assumed *atomic.Pointer[caller]
}

var _ aws.CredentialsProvider = (*assumption)(nil)

// How long the session of a role lasts, and how long before its end it is renewed. A role
// allows an hour at least, and AWS no more where the caller is a role itself.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	sessionLasts = 15 * time.Minute
	renewBefore  = 5 * time.Minute
)

// assume returns the credentials of a role, which are kept and renewed. assumed gets who that is.
func (c *Cloud) assume(client *sts.Client, role string, assumed *atomic.Pointer[caller]) aws.CredentialsProvider {
	provider := &assumption{cloud: c, client: client, role: role, assumed: assumed}
	return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewBefore })
}

// Retrieve implements aws.CredentialsProvider.
func (a *assumption) Retrieve(ctx context.Context) (aws.Credentials, error) {
	name, err := a.sessionName(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	out, err := a.client.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(a.role), RoleSessionName: aws.String(name), DurationSeconds: aws.Int32(int32(sessionLasts / time.Second)),
	})
	if err != nil {
		return aws.Credentials{}, err
	}
	if out.AssumedRoleUser != nil {
		a.assumed.Store(callerOf(aws.ToString(out.AssumedRoleUser.Arn)))
	}
	return aws.Credentials{
		AccessKeyID: aws.ToString(out.Credentials.AccessKeyId), SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken: aws.ToString(out.Credentials.SessionToken), Source: "AssumeRole",
		CanExpire: true, Expires: aws.ToTime(out.Credentials.Expiration),
	}, nil
}

// sessionName returns what AWS calls the session. Where AWS does not say who the caller is,
// as an endpoint's policy can ask it to, the session bears the program's name.
func (a *assumption) sessionName(ctx context.Context) (string, error) {
	if a.cloud.sessionName != "" {
		return a.cloud.sessionName, nil
	}
	us, err := a.cloud.caller(ctx, a.client)
	switch {
	case isRefused(err):
		return ownName, nil
	case err != nil:
		return "", err
	}
	return sessionNameOf(us.arn), nil
}

// ownName is the name of sessions whose caller is not known.
const ownName = "tagboat"

// longestSessionName is AWS's limit.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const longestSessionName = 64

var notInSessionName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^\w+=,.@-]+`) })

// sessionNameOf returns the session name that stands for a caller: that of a user, or of
// the session of a role. Of a long one the end is left out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
func sessionNameOf(arn string) string {
	return cleanSessionName(arn[strings.LastIndexAny(arn, ":/")+1:])
}

func cleanSessionName(name string) string {
	name = notInSessionName().ReplaceAllString(name, "-")
	switch {
	case name == "":
		return ownName
	case len(name) == 1: // a user's name may have one letter, and a session's not
		return ownName + "-" + name
	default:
		return name[:min(len(name), longestSessionName)]
	}
}
