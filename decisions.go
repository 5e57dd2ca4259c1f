package tagboat

import "time"

// WatchDocument is what watch prints with --once or --dry-run and -o json.
type WatchDocument struct {
	Decisions []Decision `json:"decisions"` // in the order of the stages
	Calls     Calls      `json:"calls"`
}

// Decision is what one look at one environment came to.
type Decision struct {
	Environment EnvName      `json:"environment"`
	Stage       StageName    `json:"stage"`
	Kind        DecisionKind `json:"kind"`    // promote, go-on, wait, leave, unchanged or fail
	Release     string       `json:"release"` // its name; the beginning of its id where it has none yet, "" for none
	Cause       GateCause    `json:"cause"`   // of what does not happen
	Why         string       `json:"why"`
	Until       *time.Time   `json:"until"` // when to look again; null where nobody knows
	// State is how the promotion that was decided ended, as promote says it; "" where none was begun.
	State string `json:"state"`
}

// DecisionKind is what was decided.
type DecisionKind string
