package tagboat

import "time"

// ActionKind is a kind of thing that a person can do to environments.
type ActionKind string

// The kinds of actions.
const (
	ActionPromote  ActionKind = "promote"
	ActionRollback ActionKind = "rollback"
	ActionHold     ActionKind = "hold"
	ActionUnhold   ActionKind = "unhold"
	ActionApprove  ActionKind = "approve"
	ActionContinue ActionKind = "continue" // answers a pause hook
	ActionAbort    ActionKind = "abort"    // ends a promotion that is under way or waits
)

// Action is one thing that a person wants done.
type Action struct {
	Kind ActionKind `json:"kind"`
	// Environments are those that it is about. An approval may name a stage in their place, or some
	// of its environments beside it, and a promotion may name one or the other.
	Environments []EnvName `json:"environments,omitempty"`
	Stage        StageName `json:"stage,omitempty"`
	// Release is a name, an id, or the beginning of one. Left out, a promotion brings what the stage
	// before has, and a rollback the last good release or version. Without it nothing is approved.
	Release  string        `json:"release,omitempty"`
	Services []ServiceName `json:"services,omitempty"` // of a rollback or continue: those alone
	Images   []ImageName   `json:"images,omitempty"`   // of hold and unhold: those alone, and else the environment
	At       *time.Time    `json:"at,omitempty"`       // of a rollback: back to what ran then
	Until    *time.Time    `json:"until,omitempty"`    // of a hold: its end
	Back     bool          `json:"back,omitempty"`     // of continue: the deployment rolls back instead
	Revoke   bool          `json:"revoke,omitempty"`   // of approve: take back what the person approved
	Message  string        `json:"message,omitempty"`  // the reason, for the history
}

// ActionsDocument is the dry run of one or several actions.
type ActionsDocument struct {
	Plan    string          `json:"plan"` // hash of what would be done: an operation does that and nothing else
	Actions []PlannedAction `json:"actions"`
	// Conflicts say in words which of the actions exclude each other.
	Conflicts []string `json:"conflicts"`
	// Ready says that all of it could be done: nothing is refused, and nothing conflicts.
	Ready bool  `json:"ready"`
	Calls Calls `json:"calls"`
}

// PlannedAction is what an action would do.
type PlannedAction struct {
	Action
	Command   string             `json:"command"`             // that does the same in a terminal
	Promotion *PromotionDocument `json:"promotion,omitempty"` // of a promotion, and of a rollback by release
	Rollback  *PlanDocument      `json:"rollback,omitempty"`  // of a rollback by what ran
	Holds     []HoldChange       `json:"holds,omitempty"`
	Approval  *ApprovalDocument  `json:"approval,omitempty"` // as it stands before
	Waiting   []PausedDeployment `json:"waiting,omitempty"`  // of continue
	Active    []ActivePromotion  `json:"active,omitempty"`   // of abort
	Refused   *ErrorDetail       `json:"refused"`            // why it cannot be done; null where it can
}

// HoldChange is what the holds of an environment are and would be.
type HoldChange struct {
	Environment EnvName     `json:"environment"`
	From        []HeldImage `json:"from"`
	To          []HeldImage `json:"to"`
}

// PausedDeployment is a deployment that waits at a pause hook for somebody.
type PausedDeployment struct {
	Environment  EnvName     `json:"environment"`
	Service      ServiceName `json:"service"`
	DeploymentID string      `json:"deploymentId"`
	Stage        string      `json:"stage"` // of the deployment's lifecycle, in which it waits
}

// ActivePromotion is a promotion that is under way, or waits.
type ActivePromotion struct {
	Environment EnvName   `json:"environment"`
	Release     string    `json:"release"`
	ReleaseID   Digest    `json:"releaseId"`
	By          string    `json:"by"`
	Since       time.Time `json:"since"`
	Waits       GateCause `json:"waits"` // "" where it is under way
}

// The states of operations and of their actions.
const (
	OperationWaiting   = "waiting" // of an action: another one goes first
	OperationRunning   = "running"
	OperationSucceeded = "succeeded"
	OperationFailed    = "failed"
	OperationStopped   = "interrupted" // the server ended before it; what it began in ECS continues
)

// OperationsDocument is what a server has done for people since it started, the newest first.
type OperationsDocument struct {
	Operations []OperationDocument `json:"operations"`
}

// OperationDocument is how a dry run that a person had carried out goes on, or ended.
type OperationDocument struct {
	ID        string            `json:"id"`
	By        string            `json:"by"` // the person
	Plan      string            `json:"plan"`
	State     string            `json:"state"` // running, succeeded, failed or interrupted
	StartedAt time.Time         `json:"startedAt"`
	EndedAt   *time.Time        `json:"endedAt"`
	Actions   []OperationAction `json:"actions"`
	// Progress is how each service's deployment stands, in the order in which they began.
	Progress []Progress `json:"progress"`
	// Notes are what happened beside it that people should know, in words.
	Notes []string `json:"notes"`
	Calls Calls    `json:"calls"`
}

// OperationAction is how one action of an operation goes on, or ended.
type OperationAction struct {
	Action
	State       string             `json:"state"`                // waiting, running, succeeded, failed or interrupted
	Promotions  []PromotionResult  `json:"promotions,omitempty"` // those that have ended
	Deployments []Deployment       `json:"deployments,omitempty"`
	Holds       []HoldsDocument    `json:"holds,omitempty"` // as they are now
	Approval    *ApprovalDocument  `json:"approval,omitempty"`
	Continued   []PausedDeployment `json:"continued,omitempty"`
	Error       *ErrorDetail       `json:"error"` // null where there was none
}

// Progress is how one deployment stands.
type Progress struct {
	Environment EnvName     `json:"environment"`
	Service     ServiceName `json:"service"`
	State       string      `json:"state"`   // applying, rolling, rolling-back or done
	Verdict     Verdict     `json:"verdict"` // "" until it is over
	Healthy     int         `json:"healthy"`
	Desired     int         `json:"desired"`
	Note        string      `json:"note"` // what happened last
	At          time.Time   `json:"at"`
}

// PersonDocument is who the caller is to a server, and what the caller may do.
type PersonDocument struct {
	Name     string       `json:"name"`
	Role     string       `json:"role"` // viewer, deployer or approver
	May      []ActionKind `json:"may"`  // the actions that the server takes from the caller
	ReadOnly bool         `json:"readOnly"`
	// Token is what requests that change something carry in the header X-Csrf-Token; "" where the
	// caller sends a bearer token, and needs none.
	Token string `json:"token"`
}
