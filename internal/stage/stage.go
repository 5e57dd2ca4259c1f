// Package stage decides what may enter the environments of a stage, and when. All of it is
// pure: a Question has everything that was looked at, with its times, and the answer is the
// same whenever it is asked again.
package stage

import (
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Question asks whether a release may enter an environment.
type Question struct {
	Now      time.Time // AWS's
	Release  Candidate
	Env      config.Environment
	Stage    config.Stage
	Here     ledger.Promotions // what the environment has had
	Upstream *Upstream         // the environment of the stage before; nil in the first stage
	// Next is the soak of the stage after this one, for a stage that keeps until verified.
	Next time.Duration

	Approvals []Approval         // all that were given, newest last
	Freeze    *tagboat.Hold      // of everything; nil for none
	Hold      *tagboat.Hold      // of the environment or of an image that changes; nil for none
	Rejected  *tagboat.Rejection // of the release, or of a version that it brings here; nil for none
	Missing   []Missing          // images that have not arrived in the environment's replica
	// Versions is what the gates that look at versions say: scan, labels, signature, and what
	// the team's own check does.
	Versions []tagboat.GateResult
	// Ill is what spoke against the release in this very environment, for keep.
	Ill []Trouble

	Automation bool // no person asks
	Back       bool // the environment goes back: window, freeze, soak and approvals do not count
	BreakGlass bool // a person overrides upstream, soak, approvals, window, freeze and check
}

// Candidate is a release that may enter.
type Candidate struct {
	Name, Commit string
	ID           tagboat.Digest
	Author       string // ARN; "" where AWS does not know any more
	CreatedAt    time.Time
	// Older says that the environment has had it before something newer, or that it was made
	// before what the environment has.
	Older bool
	// Unmade says that it is made when it enters: no command can name it before.
	Unmade bool
}

// Upstream is the environment of the stage before, of the same tenant.
type Upstream struct {
	Environment tagboat.EnvName
	Had         ledger.Promotions
	Troubles    []Trouble // since the release's deployment succeeded there
}

// Trouble is what spoke against a release where it ran: a rollback, a task that was stopped
// for its health, an alarm. Neither autoscaling nor the end of a Spot task is one.
type Trouble struct {
	At   time.Time
	What string // in words, with the service
}

// Approval is one that AWS vouches for.
type Approval struct {
	By           string // ARN of whom AWS says wrote it
	Claims       string // who the writer said it was: a CI system's actor; "" where nobody said
	At           time.Time
	Environments []tagboat.EnvName // for which it is; none for all of the stage
	Revoked      bool              // it takes back the writer's earlier ones
	Message      string
}

// Missing is an image of the release that a replica does not have yet.
type Missing struct {
	Image    tagboat.ImageName
	Registry string
	Since    time.Time // when it was pushed to where it comes from; zero where unknown
}
