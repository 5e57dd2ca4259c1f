package cloud

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/tagboat/tagboat/internal/kept"
)

// Place says where in AWS something is, and as whom to go there.
type Place struct {
	Account string // "" takes the account that the credentials are for
	Region  string // "" takes that of the standard chain
	Role    string // ARN of a role to assume; "" takes the caller's own credentials
}

// renewBefore is how long before its end a role's session is renewed.
const renewBefore = 5 * time.Minute

// sessionName is what AWS's own logs call a session of an assumed role.
const sessionName = "tagboat"

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
		s.clock.add, c.world.add, addPacing(c.pacer, s.scope))
	if p.Role != "" {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), p.Role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName
		})
		cfg.Credentials = aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewBefore })
	}
	s.sts = sts.NewFromConfig(cfg)
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], s.addGuard)
	s.connect(cfg)
	c.world.real.Store(s.ecs.client.Options().BaseEndpoint == nil)
	s.ecs.kept = definitionCache{dir: kept.Dir(c.cache), world: c.world.String}
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
	if c.own != "" || c.asked {
		return c.own, false
	}
	for _, other := range c.sessions {
		if other.region == region && roleAccount(other.place.Role) != "" {
			c.asked = true
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
