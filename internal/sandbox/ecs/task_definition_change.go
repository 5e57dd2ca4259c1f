package ecs

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const maxDefinitionSize = 64 << 10

type registerDefinitionIn struct {
	definition.Task
	Tags *[]tag
}

type taskDefinitionOut struct {
	TaskDefinition map[string]any `json:"taskDefinition"`
	Tags           []tag          `json:"tags,omitempty"`
}

// registerTaskDefinition makes a new revision of what was sent, equal to an older one
// or not. Members that ECS does not have are kept and come back: what the real service
// does with them is not documented, and the SDKs never send them.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
func (c call) registerTaskDefinition(in json.RawMessage) (taskDefinitionOut, error) {
	in = wire.Exact(in, registerDefinitionIn{}, wire.LowerCamel)
	sent, err := readRegistration(in)
	if err != nil {
		return taskDefinitionOut{}, err
	}
	var tags []tag
	if sent.Tags != nil {
		if tags = *sent.Tags; len(tags) == 0 {
			return taskDefinitionOut{}, clientError("Tags can not be empty.")
		}
	}
	if err := c.checkTags(tags); err != nil {
		return taskDefinitionOut{}, err
	}
	document, err := sent.Complete(in, c.fullRole)
	if err != nil {
		return taskDefinitionOut{}, err
	}
	d := c.addRevision(sent.Family, document)
	c.setTags(d.ARN, tags)
	return taskDefinitionOut{TaskDefinition: d.record(), Tags: tags}, nil
}

// readRegistration decodes and checks a request.
func readRegistration(in json.RawMessage) (*registerDefinitionIn, error) {
	var sent registerDefinitionIn
	var compact bytes.Buffer
	if len(in) == 0 {
		in = json.RawMessage("{}")
	}
	if err := json.Unmarshal(in, &sent); err != nil {
		return nil, refused("SerializationException", "%v", err)
	}
	if err := json.Compact(&compact, in); err != nil {
		return nil, refused("SerializationException", "%v", err)
	}
	if compact.Len() > maxDefinitionSize {
		return nil, clientError("Actual length: '%d'. Max allowed length is '%d' bytes.", compact.Len(), maxDefinitionSize)
	}
	return &sent, sent.Check()
}

func (c call) addRevision(name string, document json.RawMessage) *taskDefinition {
	f, ok := c.Families[name]
	if !ok {
		f = &family{Revisions: map[int]*taskDefinition{}}
		c.Families[name] = f
	}
	f.Last++
	d := &taskDefinition{
		ARN:          c.scope.ARN("ecs", "task-definition/"+name+":"+strconv.Itoa(f.Last)),
		Family:       name,
		Revision:     f.Last,
		Status:       active,
		Document:     document,
		RegisteredAt: c.deps.Clock.Now(),
		RegisteredBy: c.caller.ARN,
	}
	f.Revisions[f.Last] = d
	return d
}

type deregisterIn struct{ TaskDefinition string }

// deregisterTaskDefinition makes a revision INACTIVE; services that use it go on.
func (c call) deregisterTaskDefinition(in deregisterIn) (taskDefinitionOut, error) {
	d, err := c.numbered(in.TaskDefinition)
	if err != nil {
		return taskDefinitionOut{}, err
	}
	if d.Status == deleteInProgress {
		return taskDefinitionOut{}, clientError("The specified task definition is inactive.")
	}
	if d.Status == active {
		d.Status, d.DeregisteredAt = inactive, c.deps.Clock.Now()
	}
	return taskDefinitionOut{TaskDefinition: d.record()}, nil
}

// numbered finds a revision where its number has to be given.
func (c call) numbered(id string) (*taskDefinition, error) {
	if !strings.Contains(lastPart(id), ":") {
		return nil, clientError("Revision is missing.")
	}
	d := c.taskDefinition(id)
	if d == nil {
		return nil, clientError("The specified task definition does not exist.")
	}
	return d, nil
}

type deleteDefinitionsIn struct{ TaskDefinitions []string }

type deleteDefinitionsOut struct {
	TaskDefinitions []map[string]any `json:"taskDefinitions"`
	Failures        []failure        `json:"failures"`
}

// deleteTaskDefinitions marks INACTIVE revisions; they vanish once nothing uses them.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
func (c call) deleteTaskDefinitions(in deleteDefinitionsIn) (deleteDefinitionsOut, error) {
	out := deleteDefinitionsOut{TaskDefinitions: []map[string]any{}, Failures: []failure{}}
	if len(in.TaskDefinitions) == 0 {
		return out, invalidParameter("size of TaskDefinition references list must be greater than 0")
	}
	if len(in.TaskDefinitions) > 10 {
		return out, invalidParameter("Size of TaskDefinition references list cannot exceed 10")
	}
	for _, id := range in.TaskDefinitions {
		d, err := c.numbered(id)
		switch {
		case err != nil:
			out.Failures = append(out.Failures, failure{ARN: id, Reason: "The specified task definition does not exist."})
		case d.Status == active:
			out.Failures = append(out.Failures, failure{ARN: d.ARN, Reason: "The specified task definition is still in ACTIVE status. Please deregister the target and try again."})
		default:
			if d.Status != deleteInProgress {
				d.Status, d.DeleteRequestedAt = deleteInProgress, c.deps.Clock.Now()
			}
			out.TaskDefinitions = append(out.TaskDefinitions, d.record())
		}
	}
	return out, nil
}

// forgetDefinitions removes the revisions that are to be deleted and that nothing uses
// any more, a minute after the request at the earliest. It looks through them all, so it runs
// only now and then.
func (r *region) forgetDefinitions() {
	now := r.deps.Clock.Now()
	if now.Before(r.forgetAt) {
		return
	}
	r.forgetAt = now.Add(deletionTakes / 10)
	var used map[string]bool
	for _, f := range r.Families {
		for n, d := range f.Revisions {
			if d.Status != deleteInProgress || now.Sub(d.DeleteRequestedAt) < deletionTakes {
				continue
			}
			if used == nil {
				used = r.usedDefinitions()
			}
			if !used[d.ARN] {
				delete(f.Revisions, n)
				delete(r.Tags, d.ARN)
			}
		}
	}
}

// usedDefinitions returns the ARNs that a service or a task stands on.
func (r *region) usedDefinitions() map[string]bool {
	used := map[string]bool{}
	for _, s := range r.engine.Services("") {
		if s.Status == inactive {
			continue
		}
		used[s.Spec.Task.ARN] = true
		for _, d := range s.Deployments {
			used[d.TaskDefinition] = true
		}
	}
	for _, t := range r.engine.Tasks(rollout.TaskFilter{}) {
		used[t.TaskDefinition] = true
	}
	return used
}
