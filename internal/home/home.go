// Package home keeps what belongs to no environment, in the one place that tagboat.yaml calls
// home: the numbers of releases, approvals, rejections, broken glass, and the freeze of
// everything. Each is a parameter with a path of its own, so that IAM decides who may do what:
//
//	/tagboat/APP/releases                one version for each release that was numbered
//	/tagboat/APP/approvals/STAGE/ID      one version for each approval
//	/tagboat/APP/rejected/ID             why a release must not be promoted
//	/tagboat/APP/break-glass/STAGE       one version for each time that gates were overridden
//	/tagboat/freeze                      of all applications
//
// Who wrote a version is what Parameter Store says, never what the version says of itself.
package home

import (
	"context"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/stage"
)

// Home reads and writes what belongs to no environment. It is safe for concurrent use.
type Home struct {
	Config *config.Config
	Access *access.Access
}

// Known is what one look found.
type Known struct {
	Freeze   *tagboat.Hold // nil where nothing is frozen, or not any more
	Rejected map[tagboat.Digest]*tagboat.Rejection
}

// Look returns whether everything is frozen, and which of the releases are rejected. It costs
// one call for nine releases.
func (h *Home) Look(ctx context.Context, releases ...tagboat.Digest) (Known, error) {
	panic("to be written")
}

// Numbered is a release that was given its name.
type Numbered struct {
	Name   string
	ID     tagboat.Digest
	Commit string
	From   tagboat.EnvName // whose pins it has; "" where versions were named
	By     string          // ARN, as AWS says; "" from Number itself
	At     time.Time
}

// Number gives a release its name, which no other has: one call. Two that ask at once get two names.
func (h *Home) Number(ctx context.Context, n Numbered) (Numbered, error) { panic("to be written") }

// Numbers returns the releases that were numbered, the newest first, as far as Parameter
// Store keeps them: a hundred.
func (h *Home) Numbers(ctx context.Context) ([]Numbered, error) { panic("to be written") }

// Reject says that a release must not be promoted, and why; with why "" that it may again.
func (h *Home) Reject(ctx context.Context, release tagboat.Digest, why string) error {
	panic("to be written")
}

// Approval is one to write.
type Approval struct {
	Stage        tagboat.StageName
	Release      tagboat.Digest
	Environments []tagboat.EnvName // none for all of the stage
	Message      string
	Actor        string // who a CI system says it is; "" outside of one
	Revoke       bool
}

// Approve writes an approval: one call.
func (h *Home) Approve(ctx context.Context, a Approval) error { panic("to be written") }

// Approvals returns what was approved of a release for a stage, the oldest first: one call.
func (h *Home) Approvals(ctx context.Context, name tagboat.StageName, release tagboat.Digest) ([]stage.Approval, error) {
	panic("to be written")
}

// Freeze freezes everything, or with nil lets it go on.
func (h *Home) Freeze(ctx context.Context, hold *tagboat.Hold) error { panic("to be written") }

// BreakGlass records that the gates of a stage are overridden: who may not write there, may not
// override them.
func (h *Home) BreakGlass(ctx context.Context, name tagboat.StageName, release tagboat.Digest, why string) error {
	panic("to be written")
}
