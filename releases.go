package tagboat

import (
	"cmp"
	"time"
)

// Release is what JSON says of a release.
type Release struct {
	Name      string     `json:"name"` // readable, such as 17
	ID        Digest     `json:"id"`   // of its content; that of the artifact's manifest
	Commit    string     `json:"commit"`
	Notes     string     `json:"notes"`  // "" in lists, which do not read them
	Author    string     `json:"author"` // who AWS says numbered it; "" where that is not known any more
	CreatedAt *time.Time `json:"createdAt"`
	// Environments are those that have it now.
	Environments []EnvName `json:"environments"`
	// Rejected says why it must not be promoted; nil where nobody rejected it.
	Rejected *Rejection `json:"rejected"`
}

// Readable returns what people call a release: its name, or the beginning of its id.
func (r Release) Readable() string { return cmp.Or(r.Name, r.ID.Short()) }

// Rejection is what somebody said against a release.
type Rejection struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"` // who AWS says it was
	At     time.Time `json:"at"`
}

// ReleaseDocument is what release create, show and reject print with -o json.
type ReleaseDocument struct {
	Release
	// Created says that it is new: the same content is the same release.
	Created  bool             `json:"created"`
	Artifact string           `json:"artifact"` // repository@digest
	Images   []ReleaseImage   `json:"images"`
	Services []ReleaseService `json:"services"`
	Vars     []ReleaseVar     `json:"vars"`
}

// ReleaseImage is a version that a release has of an image.
type ReleaseImage struct {
	Image      ImageName `json:"image"`
	Repository string    `json:"repository"` // without the registry's host
	Tag        string    `json:"tag"`
	Digest     Digest    `json:"digest"`
}

// ReleaseService is a service as a release has it.
type ReleaseService struct {
	Service    ServiceName                 `json:"service"`
	Family     string                      `json:"family"`            // of somebody else's task definition; "" where the release has it
	Stack      string                      `json:"stack,omitempty"`   // that the service is deployed through, with its placeholders
	Express    bool                        `json:"express,omitempty"` // true where Express Mode of ECS owns the service and its task definition
	Containers map[ContainerName]ImageName `json:"containers"`
	DependsOn  []ServiceName               `json:"dependsOn"`
}

// ReleaseVar is one value of one of the application's variables, with its scope.
type ReleaseVar struct {
	Name        string      `json:"name"`
	Value       any         `json:"value"`
	Stage       StageName   `json:"stage,omitempty"`
	Tenant      string      `json:"tenant,omitempty"`
	Environment EnvName     `json:"environment,omitempty"`
	Service     ServiceName `json:"service,omitempty"`
}

// ReleasesDocument is what release list prints with -o json, the newest first.
type ReleasesDocument struct {
	Releases []Release `json:"releases"`
}

// ReleaseDiffDocument is what release diff and release notes print with -o json.
type ReleaseDiffDocument struct {
	From Release `json:"from"` // of notes: what the environment has; the zero value where it has none
	To   Release `json:"to"`
	// Between are the releases after From up to To, the newest first, where they are known.
	Between []Release          `json:"between"`
	Images  []ReleaseImageDiff `json:"images"`
	// Files are the changed lines of each template, as a unified diff.
	Files []ReleaseFileDiff `json:"files"`
	Vars  []ReleaseVarDiff  `json:"vars"`
}

// ReleaseImageDiff is an image whose version differs.
type ReleaseImageDiff struct {
	Image ImageName `json:"image"`
	From  Observed  `json:"from"`
	To    Observed  `json:"to"`
	// Commits is the range of git commits, FROM..TO, and Link where it can be looked at; ""
	// where the images do not say.
	Commits string `json:"commits"`
	Link    string `json:"link"`
}

// ReleaseFileDiff is a file of a service whose lines differ.
type ReleaseFileDiff struct {
	Service ServiceName `json:"service"`
	File    string      `json:"file"` // taskDefinition, service, or tagboat.yaml for what that says of it
	Diff    string      `json:"diff"`
}

// ReleaseVarDiff is a variable whose value differs in a scope; a value is null where there is none.
type ReleaseVarDiff struct {
	Name  string `json:"name"`
	Scope string `json:"scope"` // in words; "" for everywhere
	From  any    `json:"from"`
	To    any    `json:"to"`
}

// ApprovalDocument is what approve prints with -o json.
type ApprovalDocument struct {
	Release Release   `json:"release"`
	Stage   StageName `json:"stage"`
	Needed  int       `json:"needed"` // one more than the stage asks for where nobody knows any more who made the release
	// Environments are those of the stage, or those that were named, with what counts there.
	Environments []EnvironmentApprovals `json:"environments"`
	Warnings     []string               `json:"warnings,omitempty"`
}

// EnvironmentApprovals are the approvals of a release for an environment.
type EnvironmentApprovals struct {
	Environment EnvName    `json:"environment"`
	Count       int        `json:"count"` // of people whose approval counts
	Approvals   []Approval `json:"approvals"`
}

// Approval is somebody's last approval, which was not taken back.
type Approval struct {
	By      string    `json:"by"`    // ARN, as AWS says
	Actor   string    `json:"actor"` // who a CI system said it was; "" outside of one
	At      time.Time `json:"at"`
	Lapses  time.Time `json:"lapses"`
	Message string    `json:"message"`
	Counts  bool      `json:"counts"` // promote --dry-run says whether evidence made it fall, too
	Reason  string    `json:"reason"` // why it does not count; "" where it does
}

// GateCause is a stable word for why a release does not enter an environment, or does.
type GateCause string

// The causes.
const (
	CauseAlreadyThere  GateCause = "already-there"       // the environment has the release, and its services run it
	CauseNoStage       GateCause = "no-such-stage"       // the tenant has no environment in the stage
	CauseNoUpstream    GateCause = "no-upstream-version" // the stage before has not had the release, or no release at all
	CauseSoaking       GateCause = "soaking-until"       // it has not run long enough in the stage before
	CauseUnhealthy     GateCause = "unhealthy-upstream"  // it did not run well in the stage before
	CauseApprovals     GateCause = "needs-approvals"
	CauseWindow        GateCause = "window-opens-at"
	CauseFrozen        GateCause = "frozen-until"
	CauseHeld          GateCause = "held"
	CauseRejected      GateCause = "rejected"
	CauseNotReplicated GateCause = "not-replicated"
	CauseKept          GateCause = "kept-until" // automation leaves the environment what it has
	CauseCheck         GateCause = "check-failed"
	CauseScan          GateCause = "scan"
	CauseLabels        GateCause = "labels"
	CauseSignature     GateCause = "signature"
	CauseUnderWay      GateCause = "promotion-under-way"
	CausePaused        GateCause = "deployment-waits" // a pause hook of a deployment waits for somebody
	CauseOff           GateCause = "not-automatic"
	CauseOlder         GateCause = "older"   // automation never goes back
	CauseProblem       GateCause = "problem" // the plan has a problem
)

// GateResult is what one gate says of one release in one environment.
type GateResult struct {
	Gate   string    `json:"gate"` // the word of tagboat.yaml, or hold, freeze, rejection, replica, upstream, keep, promotion
	Passed bool      `json:"passed"`
	Cause  GateCause `json:"cause"` // "" where it passed
	Reason string    `json:"reason"`
	Hint   string    `json:"hint"` // who can unblock it, and how
	// Opens is when it passes without anybody's doing; null where somebody has to act.
	Opens *time.Time `json:"opens"`
	// BrokenGlass says that it did not pass and was overridden.
	BrokenGlass bool `json:"brokenGlass,omitempty"`
}

// PromotionDocument is what promote prints with -o json.
type PromotionDocument struct {
	Plan       string            `json:"plan"` // hash of what would be done; promote --plan does that and nothing else
	Stage      StageName         `json:"stage"`
	Promotions []PromotionResult `json:"promotions"`
	Warnings   []string          `json:"warnings,omitempty"`
	Calls      Calls             `json:"calls"`
}

// PromotionResult is how a promotion stands, or ended, in one environment.
type PromotionResult struct {
	Environment EnvName   `json:"environment"` // "" for a tenant that has none in the stage
	Stage       StageName `json:"stage"`
	Tenant      string    `json:"tenant"`
	Release     Release   `json:"release"` // without its environments
	From        Release   `json:"from"`    // what the environment has; the zero value for none
	// State is blocked, ready, waiting, promoted, unchanged, rolled-back, failed, superseded,
	// timed-out or interrupted.
	State      string       `json:"state"`
	Cause      GateCause    `json:"cause"` // the first reason against it; "" for none
	Reason     string       `json:"reason"`
	Gates      []GateResult `json:"gates"`
	PassedOver []Release    `json:"passedOver"` // releases that were replaced upstream before they could enter
	Pins       []PinChange  `json:"pins"`
	Changes    []Change     `json:"changes"`
	Problems   []Problem    `json:"problems"`
	// Diff is what a release that is gone back to has in place of what the environment has, of a
	// dry run.
	Diff        *ReleaseDiffDocument `json:"diff,omitempty"`
	Deployments []Deployment         `json:"deployments"`
	Key         string               `json:"key"` // idempotency key; "" where nothing was begun
}

// The states of a PromotionResult.
const (
	PromotionBlocked     = "blocked" // a gate does not let it in
	PromotionReady       = "ready"   // of a dry run: it would go in
	PromotionWaiting     = "waiting" // it was begun and waits for a gate
	PromotionDone        = "promoted"
	PromotionUnchanged   = "unchanged"
	PromotionRolledBack  = "rolled-back"
	PromotionFailed      = "failed"
	PromotionSuperseded  = "superseded"
	PromotionTimedOut    = "timed-out"
	PromotionAborted     = "aborted"
	PromotionInterrupted = "interrupted"
	PromotionAbsent      = "absent" // the tenant has no environment in the stage
)

// RollbacksDocument is what check-rollbacks prints with -o json: the last good releases of each
// environment, the newest first, and whether each could be deployed there now.
type RollbacksDocument struct {
	Rollbacks []RollbackCheck `json:"rollbacks"`
	// Errors are environments that could not be looked at.
	Errors []EnvironmentError `json:"errors"`
	Calls  Calls              `json:"calls"`
}

// RollbackCheck is whether a release that an environment had could be deployed there.
type RollbackCheck struct {
	Environment EnvName    `json:"environment"`
	Release     string     `json:"release"`
	ReleaseID   Digest     `json:"releaseId"`
	Since       *time.Time `json:"since"`   // when the environment got it last
	Current     bool       `json:"current"` // the environment has it
	Possible    bool       `json:"possible"`
	Problems    []Problem  `json:"problems"` // why it could not be deployed
	Warnings    []Problem  `json:"warnings"` // what could not be checked
}
