package sandbox

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/iam"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// What a sandbox is where its Config does not say otherwise. At the default speed a
// rollout that takes AWS two or three minutes takes a second or two.
const (
	DefaultAccount = "123456789012"
	DefaultRegion  = "us-east-1"
	DefaultSpeed   = 100
)

// Policy is a policy of a role.
type Policy = iam.Policy

// Config says what kind of sandbox to make. Its zero value is a good one.
type Config struct {
	Account string  // of callers whose keys AssumeRole did not issue; twelve digits
	Region  string  // of callers that name none
	Speed   float64 // how many times as fast as the wall's the sandbox's clock runs
	Quotas  string  // "aws": throttle as AWS does; "off" or "": never
	DataDir string  // where state is kept over restarts; "" keeps it in memory only
	Address string  // where it listens, for another sandbox that finds DataDir in use; "" does not say
	Mirror  string  // directory with images of other registries, for tasks; "" for none: see package mirror

	// Clusters are the ECS clusters that exist from the start in every account and
	// region, beside the one named default.
	Clusters []string

	// Instances is how many container instances a cluster has from the start, by the
	// cluster's name.
	Instances map[string]int
	// Strict leaves nothing to the sandbox that somebody has to make on AWS: clusters have
	// the container instances that Instances says, and no other; the registry takes images
	// for repositories that exist, and answers who has logged in; whoever executes commands
	// needs a task role.
	Strict bool

	// Faults are in force from the start.
	Faults []Fault

	// Policies are what roles may do; one without may do everything.
	Policies []Policy

	// Clock replaces the sandbox's clock, on which everything inside of AWS happens:
	// rollouts, health checks, timestamps. Speed counts for nothing then.
	Clock clock.Clock
	// ClientClock replaces the clock of the clients, the wall's. It measures what a
	// client measures by its own time: the rate of its calls and the end of its
	// credentials.
	ClientClock clock.Clock
	// Modules replaces all services but STS.
	Modules []Module
}

var (
	accountPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}$`) })
	clusterPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`) })
	regionPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9-]{1,32}$`) })
)

// holder says which sandbox this is.
func (c Config) holder() string {
	if c.Address == "" {
		return "process " + strconv.Itoa(os.Getpid())
	}
	return "process " + strconv.Itoa(os.Getpid()) + " at " + c.Address
}

// withDefaults returns c with everything filled in but the clocks.
func (c Config) withDefaults() (Config, error) {
	if c.Account == "" {
		c.Account = DefaultAccount
	}
	if c.Region == "" {
		c.Region = DefaultRegion
	}
	if c.Speed == 0 {
		c.Speed = DefaultSpeed
	}
	if c.Quotas == "" {
		c.Quotas = "off"
	}
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case !accountPattern().MatchString(c.Account):
		return fmt.Errorf("%q is not an account: it has twelve digits", c.Account)
	case !regionPattern().MatchString(c.Region):
		return fmt.Errorf("%q is not a region", c.Region)
	case slices.ContainsFunc(c.Clusters, func(name string) bool { return !clusterPattern().MatchString(name) }):
		return fmt.Errorf("clusters %q: a name has up to 255 letters, digits, dashes and underscores", c.Clusters)
	case slices.ContainsFunc(slices.Collect(maps.Keys(c.Instances)), func(name string) bool { return !clusterPattern().MatchString(name) || c.Instances[name] < 0 }):
		return fmt.Errorf("instances %v: must be CLUSTER=NUMBER", c.Instances)
	case c.Speed < 0.01 || c.Speed > 1e6:
		return fmt.Errorf("speed %v is not between 0.01 and 1000000", c.Speed)
	case c.Quotas != "aws" && c.Quotas != "off":
		return fmt.Errorf("quotas are %q: they can be aws or off", c.Quotas)
	default:
		return nil
	}
}

func (c Config) scope() wire.Scope { return wire.Scope{Account: c.Account, Region: c.Region} }

// clocks returns the sandbox's clock, which shows start or later, and the client's.
func (c Config) clocks(start time.Time) (inside, client clock.Clock) {
	inside, client = c.Clock, c.ClientClock
	if inside == nil {
		inside = clock.NewScaled(start, c.Speed)
	}
	if client == nil {
		client = clock.NewScaled(time.Now(), 1)
	}
	return inside, client
}
