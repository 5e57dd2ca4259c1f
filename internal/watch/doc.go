// Package watch redeploys what hints tell of, once, where a stage says that automation may:
//
//	hint ──▶ Board (join, settle) ──▶ look: Promotions.Plan ──▶ Decide ──▶ Promotions.Do
//	                                                              └──▶ log, journal, meter
//
// It is driven by levels: whatever a hint says, the registry, the ledger and ECS are looked at, and
// a decision is a function of what they say. So a hint that comes twice, late, out of order or not
// at all changes nothing in the end: a slow sweep looks at everything. Any number of watchers may
// work side by side; the ledger's protocol, and the claim of a promotion, keep them from doing
// anything twice.
package watch

import (
	"context"
	"log/slog"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Promotions is what the watcher looks and acts with.
type Promotions interface {
	Plan(ctx context.Context, r promotion.Request) (*promotion.Set, error)
	Do(ctx context.Context, s *promotion.Set, o rollout.Options) (tagboat.PromotionDocument, error)
}

var _ Promotions = (*promotion.Promotions)(nil)

// Nudger has the wait for a service's deployment look at once instead of at its next poll.
type Nudger interface {
	Nudge(cluster, service string)
}

// Meter counts what the watcher does. Its methods are safe for concurrent use, and return at once.
type Meter interface {
	Hint(source string)
	Decision(kind Kind)
	Updated(sincePush time.Duration)   // a service was told to run what was pushed
	Succeeded(sincePush time.Duration) // it does
	Calls(calls tagboat.Calls)
}

// Watcher looks where hints point, and acts. Its fields do not change once it works.
type Watcher struct {
	Config     *config.Config
	Fleet      *fleet.Fleet
	Promotions Promotions
	Nudger     Nudger
	Index      *hint.Index
	Meter      Meter
	Looked     func() // hears that an environment was looked at; nil for nobody
	// Touched hears of environments where something happens: a hint concerns them, or a promotion begins,
	// goes on or has ended. It is safe for concurrent use, and returns at once; nil is for nobody.
	Touched func(tagboat.EnvName)
	Decided func(Decision) // hears each decision, and returns at once; nil for nobody
	Log     *slog.Logger
	Scope   fleet.Selection // of environments; of those it chooses the ones count whose stage has auto
	Settle  time.Duration   // how long an environment is left to gather hints before it is looked at
	Sweep   time.Duration   // how often everything is looked at
	Grace   time.Duration   // how long what is under way may take once the context ended
}

// Kind is what was decided.
type Kind = tagboat.DecisionKind

// The kinds of decisions.
const (
	Promote   Kind = "promote"   // a release enters
	GoOn      Kind = "go-on"     // a promotion that is under way is watched to its end
	Wait      Kind = "wait"      // for a time, or for others who are at work
	Leave     Kind = "leave"     // held, rejected, not automatic: somebody has to act
	Unchanged Kind = "unchanged" // it runs what it should
	Fail      Kind = "fail"      // it could not be looked at
)

// Decision is what one look at one environment came to.
type Decision = tagboat.Decision
