package ecs

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// forgetTaskTags drops the tags of tasks that nobody can ask for any more.
func (r *region) forgetTaskTags() {
	for arn := range r.Tags {
		if strings.HasPrefix(arn, r.scope.ARN("ecs", "task/")) && r.engine.Task(arn) == nil {
			delete(r.Tags, arn)
		}
	}
}

// runTags returns the tags of a new task: those of the call and, where it says so, those
// of the task definition.
func (c call) runTags(in runTaskIn, definition string) []tag {
	if in.PropagateTags == "TASK_DEFINITION" {
		return joinTags(c.Tags[definition], in.Tags)
	}
	return in.Tags
}

// taskTags returns the tags of a task where a request asks for them, never nil. A task
// of a service has those that the service passes on, as they are now.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
func (r *region) taskTags(t *rollout.Task, include []string) []tag {
	if !slices.Contains(include, includeTags) {
		return []tag{}
	}
	var passed []tag
	if s := r.engine.Service(t.ServiceARN); s != nil {
		own := r.settingsOf(s)
		switch own.Other.Propagate {
		case "SERVICE":
			passed = r.Tags[t.ServiceARN]
		case "TASK_DEFINITION":
			passed = r.Tags[t.TaskDefinition]
		}
		if own.Other.ManagedTags {
			passed = joinTags(passed, []tag{
				{Key: "aws:ecs:clusterName", Value: lastPart(t.ClusterARN)}, {Key: "aws:ecs:serviceName", Value: own.Name},
			})
		}
	}
	return joinTags(passed, r.Tags[t.ARN])
}

// joinTags returns both; of two with one key the later one stays.
func joinTags(tags, more []tag) []tag {
	joined := []tag{}
	for _, t := range tags {
		if !slices.ContainsFunc(more, func(m tag) bool { return m.Key == t.Key }) {
			joined = append(joined, t)
		}
	}
	return append(joined, more...)
}
