package cloud

import (
	"cmp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
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
	s := &Session{place: p, checking: make(chan struct{}, 1)}
	cfg := c.config.Copy()
	cfg.Region = cmp.Or(p.Region, cfg.Region)
	s.region = cfg.Region
	if p.Role == "" && p.Account != "" {
		c.own = p.Account // the guard lets nothing out if it is not
	}
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)],
		s.clock.add, c.world.add, addPacing(c.pacer, func() string { return c.account(p) + "/" + s.region }))
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
	s.ecs.kept = definitionCache{dir: c.cache, world: c.world.String}
	return s
}

// account returns the account of a place as far as it is known: whoever assumes a role
// is in the role's, and all who do not are in the same one.
func (c *Cloud) account(p Place) string {
	if account := roleAccount(p.Role); account != "" {
		return account
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own
}

// roleAccount returns the account that a role belongs to, and so whoever assumes it.
func roleAccount(role string) string {
	parts := strings.Split(role, ":")
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}
