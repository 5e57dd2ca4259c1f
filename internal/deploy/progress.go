package deploy

import (
	"time"

	"github.com/tagboat/tagboat"
)

// Progress hears how deployments go on. Event may be called by several goroutines at
// once and should return at once.
type Progress interface{ Event(Update) }

// Update is how one deployment stands.
type Update struct {
	Environment tagboat.EnvName
	Service     tagboat.ServiceName
	State       State
	Verdict     tagboat.Verdict // "" until it is over
	Healthy     int             // tasks of the deployment that run
	Desired     int             // tasks that it should have
	Note        string          // what happened last, in words; may be ""
	At          time.Time
}

// State is the part of a deployment's life that it is in.
type State string

// The states, in the order in which they can follow each other.
const (
	StateApplying    State = "applying"
	StateRolling     State = "rolling"
	StateRollingBack State = "rolling-back"
	StateDone        State = "done"
)

// silent is the Progress of who asked for none.
type silent struct{}

// Event does nothing.
func (silent) Event(Update) {}

var _ Progress = silent{}
