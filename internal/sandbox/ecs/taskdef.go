package ecs

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The states of a task definition.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-definition-state.html
const (
	active           = "ACTIVE"
	inactive         = "INACTIVE"
	deleteInProgress = "DELETE_IN_PROGRESS"
)

// family is the revisions of one family. Numbers are never used twice, so Last
// outlives the revisions.
type family struct {
	Last      int
	Revisions map[int]*taskDefinition
}

// latest returns the newest ACTIVE revision, or nil.
func (f *family) latest() *taskDefinition {
	for n := f.Last; n > 0; n-- {
		if d, ok := f.Revisions[n]; ok && d.Status == active {
			return d
		}
	}
	return nil
}

// taskDefinition is one revision. Document holds what was sent, with the defaults that
// ECS fills in; members that this package does not know stay in it, so that a client
// gets back what it registered.
type taskDefinition struct {
	ARN               string
	Family            string
	Revision          int
	Status            string
	Document          json.RawMessage
	RegisteredAt      time.Time
	RegisteredBy      string
	DeregisteredAt    time.Time
	DeleteRequestedAt time.Time

	read *definition.Task // the document, once somebody asked; it never changes
}

// content returns the members that the sandbox acts on, for who only reads. The document was decoded into
// the same struct when it was registered, so it cannot fail here.
func (d *taskDefinition) content() *definition.Task {
	if d.read == nil {
		d.read = &definition.Task{}
		_ = json.Unmarshal(d.Document, d.read)
	}
	return d.read
}

// taskSpec returns what the scheduler has to know of the revision.
func (d *taskDefinition) taskSpec() *rollout.TaskSpec { return d.content().Spec(d.ARN, d.Revision) }

// record returns the TaskDefinition structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
func (d *taskDefinition) record() map[string]any {
	var document map[string]json.RawMessage
	_ = json.Unmarshal(d.Document, &document)
	record := map[string]any{}
	for name, value := range document {
		record[name] = value
	}
	content := d.content()
	maps.Copy(record, map[string]any{
		"family":             d.Family,
		"taskDefinitionArn":  d.ARN,
		"revision":           d.Revision,
		"status":             d.Status,
		"requiresAttributes": content.Attributes(),
		"compatibilities":    content.Compatibilities(),
		"registeredAt":       wire.At(d.RegisteredAt),
		"registeredBy":       d.RegisteredBy,
	})
	if !d.DeregisteredAt.IsZero() {
		record["deregisteredAt"] = wire.At(d.DeregisteredAt)
	}
	if !d.DeleteRequestedAt.IsZero() {
		record["deleteRequestedAt"] = wire.At(d.DeleteRequestedAt)
	}
	return record
}

// taskDefinition finds a revision by family (the newest ACTIVE one), family:revision
// or ARN; nil where there is none.
func (r *region) taskDefinition(id string) *taskDefinition {
	name := id
	if strings.HasPrefix(id, "arn:") {
		var ok bool
		if name, ok = strings.CutPrefix(id, r.scope.ARN("ecs", "task-definition/")); !ok {
			return nil
		}
	}
	name, revision, numbered := strings.Cut(name, ":")
	f, ok := r.Families[name]
	if !ok {
		return nil
	}
	if !numbered {
		return f.latest()
	}
	n, err := strconv.Atoi(revision)
	if err != nil {
		return nil
	}
	return f.Revisions[n]
}

// launchable finds the revision that a service or a task is to run. ECS refuses one
// that was deregistered.
func (r *region) launchable(id string) (*taskDefinition, error) {
	if id == "" {
		return nil, invalidParameter("TaskDefinition can not be blank.")
	}
	d := r.taskDefinition(id)
	if d == nil || d.Status == deleteInProgress {
		return nil, clientError("TaskDefinition not found.")
	}
	if d.Status != active {
		return nil, clientError(definitionInactive)
	}
	return d, nil
}
