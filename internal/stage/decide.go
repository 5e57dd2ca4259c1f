package stage

import (
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Gates returns what each gate says, in the order in which people want to read them: what
// makes the question pointless first, then what only time opens, then what people decide.
// A gate that a stage does not have is not listed. With BreakGlass a gate that it overrides
// has passed, and says so.
func (q Question) Gates() []tagboat.GateResult { panic("to be written") }

// Open reports whether all gates let the release in, and the first cause and reason else.
func Open(gates []tagboat.GateResult) (bool, tagboat.GateResult) { panic("to be written") }

// Opens returns when all that are closed open without anybody's doing; false where somebody
// has to act.
func Opens(gates []tagboat.GateResult) (time.Time, bool) { panic("to be written") }

// Upcoming returns the release of the stage before that automation would bring next: the
// newest in its trail whose soak has passed and that the environment has not had since, and
// those that were passed over: replaced there before they had passed. The zero value is none.
func Upcoming(now time.Time, soak time.Duration, upstream Upstream, here ledger.Promotions) (next ledger.Promoted, passedOver []ledger.Promoted) {
	panic("to be written")
}

// Behind returns how many releases the environment is behind what the stage before it has.
func Behind(upstream, here ledger.Promotions) int { panic("to be written") }

// Starves says, with both numbers, that the soak of a stage can never end because releases come
// to the stage before faster than it lasts, and nothing there keeps one; "" where that is not so.
func Starves(now time.Time, stage, before config.Stage, upstream ledger.Promotions) string {
	panic("to be written")
}

// Next returns when a window is open next: from and to of the time it is open now, or of the
// next one.
func Next(w config.Window, now time.Time) (from, to time.Time) { panic("to be written") }

// Family returns the environments through which a tenant's releases go, by stage, in the order of
// the stages. The tenant "" is the team itself.
func Family(c *config.Config, tenant string) []config.Environment { panic("to be written") }

// Before returns the environment of the family whose release may enter env next: that of the
// nearest earlier stage. False where env's stage is the first, and skipped has the stages between
// that the family has no environment in.
func Before(c *config.Config, env config.Environment) (before config.Environment, skipped []tagboat.StageName, ok bool) {
	panic("to be written")
}
