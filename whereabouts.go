package tagboat

import "time"

// WhereDocument is what where prints with -o json.
type WhereDocument struct {
	Asked string `json:"asked"`
	// Found is all that the argument stands for: several where it is ambiguous, none where
	// nothing is known of it.
	Found []Found `json:"found"`
	// Errors are what could not be read; the rest of the document is still valid.
	Errors []EnvironmentError `json:"errors,omitempty"`
	Calls  Calls              `json:"calls"`
}

// Found is a release or a version, and how it stands in each environment.
type Found struct {
	Kind string `json:"kind"` // release or version
	As   string `json:"as"`   // how the argument was understood, in words
	// Release is the name of the release, and ReleaseID what it is; of a version, those of the
	// newest release that is known to have it. Both are "" for none.
	Release   string `json:"release"`
	ReleaseID Digest `json:"releaseId"`
	// Image, Tag and Digest are of a version; "" of a release.
	Image  ImageName  `json:"image"`
	Tag    string     `json:"tag"`
	Digest Digest     `json:"digest"`
	Commit string     `json:"commit"` // git commit; "" where it is not known
	Places []Standing `json:"places"` // in the order of the stages
}

// Standing is how a release or a version stands in one environment.
type Standing struct {
	Environment EnvName   `json:"environment"`
	Stage       StageName `json:"stage"`
	Tenant      string    `json:"tenant"`
	// State is runs, partly, pinned, waits, ran, rejected, passed-over, never or unknown: the
	// first of them that holds.
	State    string        `json:"state"`
	Services []ServiceName `json:"services"` // that run it
	Pinned   bool          `json:"pinned"`
	Periods  []Period      `json:"periods"` // when it was there, the newest first
	// Cause is what it waits for, as a stable word, and Reason the same in words, or why it was
	// rejected or passed over, and By who did that.
	Cause  GateCause `json:"cause"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	Hint   string    `json:"hint"` // what to do; "" for nothing
}

// The states of a Standing.
const (
	StandingRuns       = "runs"
	StandingPartly     = "partly" // some services run it
	StandingPinned     = "pinned" // and nothing runs it
	StandingWaits      = "waits"
	StandingRan        = "ran"
	StandingRejected   = "rejected"
	StandingPassedOver = "passed-over" // it was replaced in the stage before until something newer came here
	StandingNever      = "never"
	StandingUnknown    = "unknown" // the environment could not be read
)

// Period is a time during which something ran.
type Period struct {
	From    time.Time  `json:"from"`
	To      *time.Time `json:"to"` // null where it has not ended
	By      string     `json:"by"` // who brought it
	Message string     `json:"message"`
}

// WhyDocument is what why prints with -o json: the chain from the newest push to the tasks.
type WhyDocument struct {
	Environment EnvName   `json:"environment"`
	Image       ImageName `json:"image"`
	Version     Observed  `json:"version"` // the one that the chain is about
	Release     string    `json:"release"` // that brings it here; "" for none
	ReleaseID   Digest    `json:"releaseId"`
	Runs        []Digest  `json:"runs"`  // what runs by now
	Links       []Link    `json:"links"` // in the order in which a version goes through them
	// Open is the name of the first link that is not closed; "" where all are.
	Open  string `json:"open"`
	Calls Calls  `json:"calls"`
}

// Link is a step between a push and the tasks that run.
type Link struct {
	Link     string    `json:"link"`  // pushed, chosen, released, upstream, gates, pinned, deployed, running
	State    string    `json:"state"` // closed, open or unknown
	Cause    GateCause `json:"cause"` // of a gate that is closed to the version; "" else
	Evidence string    `json:"evidence"`
	Hint     string    `json:"hint"` // what closes it; "" for nothing
}

// The states of a Link.
const (
	LinkClosed  = "closed"
	LinkOpen    = "open"
	LinkUnknown = "unknown"
)

// EnvironmentStatus is what an environment has of releases.
type EnvironmentStatus struct {
	Environment EnvName    `json:"environment"`
	Stage       StageName  `json:"stage"`
	Tenant      string     `json:"tenant"`
	Release     string     `json:"release"` // readable; "" where it has had none
	ReleaseID   Digest     `json:"releaseId"`
	Changed     bool       `json:"changed"` // pins differ from the release's
	Since       *time.Time `json:"since"`   // when its deployments had ended
	Behind      int        `json:"behind"`  // releases that the environment before has had since
	// Next is the release of the promotion that is under way or waits, and Waits what it waits
	// for; both are "" for none.
	Next  string    `json:"next"`
	Waits GateCause `json:"waits"`
	// Starves says that a release can never soak here, with both numbers; "" where it can.
	Starves string `json:"starves"`
	// NoWayBack says that the release which it had before is not kept any more; "" where it is.
	NoWayBack string `json:"noWayBack"`
}
