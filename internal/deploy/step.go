package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Step is one thing that a deployment does: Register, Reuse, TagService, CreateService,
// UpdateService, UpdateExpress, UpdateStack, FollowUpdate, Adopt or Judge. Its String is a line for people.
type Step interface{ String() string }

// Register registers the wanted task definition as a new revision.
type Register struct {
	Family string
	Input  json.RawMessage // of RegisterTaskDefinition
	// LeftOut names members that the revision which Input was made from has, and that
	// cannot be registered again.
	LeftOut []string
}

// Reuse takes a revision that is equal to the wanted task definition.
type Reuse struct {
	ARN string
	// Seen is when the revision was found to be ACTIVE, or was registered; the zero time where
	// that has to be looked at.
	Seen time.Time
}

// TagService changes the tags of the service, which starts no deployment.
type TagService struct {
	Name, ARN string
	Set       map[string]string
	Remove    []string // keys
}

// CreateService creates the service. The task definition is the one of the step
// before it.
type CreateService struct {
	Cluster, Name string
	Input         json.RawMessage // of CreateService, without taskDefinition
}

// UpdateService changes the service. The task definition is the one of the step
// before it, if there is one.
type UpdateService struct {
	Cluster, Name string
	Members       map[string]json.RawMessage // of UpdateService's input, beside the task definition
	Force         bool                       // start a deployment even if nothing differs
}

// Adopt takes up a deployment that is under way with the wanted task definition, as a
// run that was killed leaves it.
type Adopt struct {
	ID             string
	TaskDefinition string // ARN
}

// UpdateStack updates the stack that has the service and its task definition, once for all services
// of it that are deployed together.
type UpdateStack struct {
	Stack     string
	Resources []string // logical ids of those that change; none where another plan says it
}

// FollowUpdate takes up an update of the stack that is under way, as a run that was killed leaves it.
type FollowUpdate struct {
	Stack string
	Token string // of the update
}

// String says what the step does.
func (s Register) String() string {
	text := "register a revision of task definition " + s.Family
	if len(s.LeftOut) > 0 {
		text += ", without what this version of Tagboat does not know: " + strings.Join(s.LeftOut, ", ")
	}
	return text
}

// String says what the step does.
func (s Reuse) String() string { return "reuse " + ecs.LastPart(s.ARN) }

// String says what the step does.
func (s TagService) String() string {
	keys := append(slices.Collect(maps.Keys(s.Set)), s.Remove...)
	slices.Sort(keys)
	return fmt.Sprintf("change tags of service %s: %s", s.Name, strings.Join(keys, ", "))
}

// String says what the step does.
func (s CreateService) String() string {
	return fmt.Sprintf("create service %s in cluster %s", s.Name, s.Cluster)
}

// String says what the step does.
func (s UpdateService) String() string {
	text := fmt.Sprintf("update service %s in cluster %s", s.Name, s.Cluster)
	if len(s.Members) > 0 {
		text += ": " + strings.Join(slices.Sorted(maps.Keys(s.Members)), ", ")
	}
	if s.Force {
		text += " (new deployment)"
	}
	return text
}

// String says what the step does.
func (s UpdateStack) String() string {
	text := "update stack " + s.Stack
	if len(s.Resources) > 0 {
		text += ": " + strings.Join(s.Resources, ", ")
	}
	return text
}

// String says what the step does.
func (s FollowUpdate) String() string {
	return fmt.Sprintf("watch the update %s of stack %s, which is in progress", s.Token, s.Stack)
}

// String says what the step does.
func (s Adopt) String() string { return "watch deployment " + s.ID + ", which is in progress" }

// Judge gives the verdict on a service deployment that brought the wanted versions and that
// nobody of us watched to its end.
type Judge struct {
	Record ecs.ServiceDeployment
	Newest bool // no deployment of the service began after it
	Back   bool // the newest one has what ran well before it
}

// Failed reports whether the deployment came to nothing, and nothing took its place but what was
// there before.
func (s Judge) Failed() bool {
	switch s.Record.Status {
	case ecs.RollbackInProgress, ecs.RollbackSuccessful, ecs.RollbackFailed:
		return true
	case ecs.Stopped:
		return s.Newest || s.Back
	default:
		return false
	}
}

// String says what the step does.
func (s Judge) String() string { return "look how deployment " + ecs.LastPart(s.Record.ARN) + " ended" }
