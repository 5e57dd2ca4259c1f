package ecs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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

	read *definition.Task // the decoded document, from its first use; it never changes
}

// content returns the members that the sandbox acts on, for reading alone. The document
// was decoded into the same struct when it was registered, so it cannot fail here.
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
// or ARN; nil if there is none.
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

// deletionTakes is how long DELETE_IN_PROGRESS can be seen at least.
const deletionTakes = time.Minute

type describeDefinitionIn struct {
	TaskDefinition string
	Include        []string
}

func (c call) describeTaskDefinition(in describeDefinitionIn) (taskDefinitionOut, error) {
	if in.TaskDefinition == "" {
		return taskDefinitionOut{}, clientError("TaskDefinition can not be blank.")
	}
	d := c.taskDefinition(in.TaskDefinition)
	if d == nil {
		return taskDefinitionOut{}, clientError("Unable to describe task definition.")
	}
	return taskDefinitionOut{TaskDefinition: d.record(), Tags: c.tagsOf(d.ARN, in.Include)}, nil
}

type listDefinitionsIn struct {
	paging
	FamilyPrefix string // whole name of a family, in spite of its name
	Status       string
	Sort         string
}

type listDefinitionsOut struct {
	ARNs      []string `json:"taskDefinitionArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

// listTaskDefinitions answers revisions by family and number, ascending unless asked
// otherwise.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html
func (c call) listTaskDefinitions(in listDefinitionsIn) (listDefinitionsOut, error) {
	status, err := definitionStatus(in.Status)
	if err != nil {
		return listDefinitionsOut{}, err
	}
	l := list[*taskDefinition]{key: func(d *taskDefinition) string { return fmt.Sprintf("%s:%010d", d.Family, d.Revision) }}
	for name, f := range c.Families {
		if in.FamilyPrefix != "" && in.FamilyPrefix != name {
			continue
		}
		for _, d := range f.Revisions {
			if d.Status == status {
				l.items = append(l.items, d)
			}
		}
	}
	slices.SortFunc(l.items, func(a, b *taskDefinition) int { return strings.Compare(l.key(a), l.key(b)) })
	if l.descending = in.Sort == "DESC"; l.descending {
		slices.Reverse(l.items)
	}
	found, next, err := page(in.paging, l, 100)
	out := listDefinitionsOut{ARNs: []string{}, NextToken: next}
	for _, d := range found {
		out.ARNs = append(out.ARNs, d.ARN)
	}
	return out, err
}

func definitionStatus(status string) (string, error) {
	switch status {
	case "":
		return active, nil
	case active, inactive, deleteInProgress:
		return status, nil
	default:
		return "", invalidParameter("Status should be one of [ACTIVE,INACTIVE,DELETE_IN_PROGRESS]")
	}
}

type listFamiliesIn struct {
	paging
	FamilyPrefix string
	Status       string // ACTIVE, INACTIVE or ALL; "" means ALL
}

type listFamiliesOut struct {
	Families  []string `json:"families"`
	NextToken string   `json:"nextToken,omitempty"`
}

// listTaskDefinitionFamilies counts a family as ACTIVE if one of its revisions is.
func (c call) listTaskDefinitionFamilies(in listFamiliesIn) (listFamiliesOut, error) {
	names := []string{}
	for name, f := range c.Families {
		status := inactive
		if f.latest() != nil {
			status = active
		}
		wanted := in.Status == "" || in.Status == "ALL" || in.Status == status
		if wanted && len(f.Revisions) > 0 && strings.HasPrefix(name, in.FamilyPrefix) {
			names = append(names, name)
		}
	}
	names, next, err := pageOfNames(in.paging, names)
	return listFamiliesOut{Families: names, NextToken: next}, err
}

// lastPart returns what follows the last slash of an ARN or a name.
func lastPart(id string) string { return id[strings.LastIndex(id, "/")+1:] }
