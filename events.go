package tagboat

import "time"

// Event is one line of the append-only history: who did what, when and why.
type Event struct {
	ID          string      `json:"id"` // the same however often the event is read
	At          time.Time   `json:"at"`
	By          string      `json:"by"`      // who AWS says it was: an ARN
	Actor       string      `json:"actor"`   // who a CI system says it was; "" outside of one
	Command     string      `json:"command"` // pin, import, restore, deploy, rollback, hold, unhold, tag, publish, release, promote, approve, revoke, reject, unreject, freeze, unfreeze, break-glass; "write" for others' writes
	Environment EnvName     `json:"environment"`
	Image       ImageName   `json:"image"`
	Service     ServiceName `json:"service"`
	From        Observed    `json:"from"`
	To          Observed    `json:"to"`
	// Parameter is where the pin is kept, and ParameterVersion what it became.
	Parameter        string  `json:"parameter"`
	ParameterVersion int64   `json:"parameterVersion"`
	TaskDefinition   string  `json:"taskDefinition"` // of a hold on a service: its revisions that are rejected
	Verdict          Verdict `json:"verdict"`
	// Changes are the versions that a deployment was to bring, and those that ran before.
	Changes []ImageChange `json:"changes,omitempty"`
	// Release and ReleaseID are what a release is called and is, and Cause why it was promoted or
	// what was overridden for it.
	Release   string    `json:"release,omitempty"`
	ReleaseID Digest    `json:"releaseId,omitempty"`
	Cause     GateCause `json:"cause,omitempty"`
	// Key is the idempotency key of a promotion: one line for each, however often it was taken up.
	Key string `json:"key,omitempty"`
	// FromRelease is what a promotion replaced, and Gates what gates said that people should be
	// able to look up.
	FromRelease string `json:"fromRelease,omitempty"`
	// FromEnvironment is the environment of the stage before, from which the release came.
	FromEnvironment EnvName      `json:"fromEnvironment,omitempty"`
	Gates           []GateResult `json:"gates,omitempty"`
	Message         string       `json:"message"`
	Commit          string       `json:"commit"` // git commit that a CI system built
	Run             string       `json:"run"`    // address of the run of a CI system
	// Operation is the same in all deployments that one command made.
	Operation string `json:"operation"`
	// DeploymentID is the deployment in ECS; "" where a service was not changed.
	DeploymentID string `json:"deploymentId"`
	// Foreign says that somebody wrote who knows nothing of the ledger's protocol.
	Foreign bool `json:"foreign"`
	// Overwrote says that such a write put back what was there before an update.
	Overwrote bool `json:"overwrote"`
}

// ImageChange is a version that takes the place of another one.
type ImageChange struct {
	Image ImageName `json:"image"`
	From  Observed  `json:"from"`
	To    Observed  `json:"to"`
}

// Observed is a version as people and machines call it; both are "" for none.
type Observed struct {
	Tag    string `json:"tag"`
	Digest Digest `json:"digest"`
}

// HistoryDocument is what history prints with -o json, the newest event first.
type HistoryDocument struct {
	Events []Event `json:"events"`
	// Since is from when on the history is whole; null where it is from the beginning.
	Since *time.Time `json:"since"`
	// Errors are what could not be read; the rest of the document is still valid.
	Errors []EnvironmentError `json:"errors,omitempty"`
}
