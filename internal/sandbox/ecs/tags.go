package ecs

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// tag is one tag of a resource.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

const (
	maxTags        = 50
	includeTags    = "TAGS"
	maxTagKeyLen   = 128
	maxTagValueLen = 256
)

// checkTags checks the tags of a new resource.
func checkTags(tags []tag) error {
	if len(tags) > maxTags {
		return invalidParameter("The number of tags exceeds the limit of %d.", maxTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || len(t.Key) > maxTagKeyLen:
			return invalidParameter("Tag keys must have between 1 and %d characters.", maxTagKeyLen)
		case len(t.Value) > maxTagValueLen:
			return invalidParameter("Tag values can have up to %d characters.", maxTagValueLen)
		case owned(t.Key):
			return invalidParameter("Tag keys cannot start with aws:.")
		case seen[t.Key]:
			return invalidParameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[t.Key] = true
	}
	return nil
}

// checkTags checks the tags of a new resource. A service of AWS may give tags that begin with aws:,
// which do not count.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
func (c call) checkTags(tags []tag) error {
	if c.caller.Via != "" {
		tags = withoutOwned(tags)
	}
	return checkTags(tags)
}

func owned(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }

// withoutOwned returns the tags that are not AWS's own.
func withoutOwned(tags []tag) []tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool { return owned(t.Key) })
}

// setTags gives a new resource its tags.
func (r *region) setTags(arn string, tags []tag) {
	if len(tags) > 0 {
		r.Tags[arn] = slices.Clone(tags)
	}
}

// tagsOf returns a resource's tags where a request asks for them, and never nil then.
func (r *region) tagsOf(arn string, include []string) []tag {
	if !slices.Contains(include, includeTags) {
		return nil
	}
	return append([]tag{}, r.Tags[arn]...)
}

type tagResourceIn struct {
	ResourceARN string
	Tags        []tag
	TagKeys     []string
}

func (c call) tagResource(in tagResourceIn) (struct{}, error) {
	if err := c.checkTaggable(in.ResourceARN); err != nil {
		return struct{}{}, err
	}
	if err := c.checkTags(in.Tags); err != nil {
		return struct{}{}, err
	}
	tags := joinTags(c.Tags[in.ResourceARN], in.Tags)
	if err := checkTags(withoutOwned(tags)); err != nil {
		return struct{}{}, err
	}
	c.Tags[in.ResourceARN] = tags
	return struct{}{}, nil
}

func (c call) untagResource(in tagResourceIn) (struct{}, error) {
	if err := c.checkTaggable(in.ResourceARN); err != nil {
		return struct{}{}, err
	}
	if c.caller.Via == "" && slices.ContainsFunc(in.TagKeys, owned) {
		return struct{}{}, invalidParameter("Tag keys cannot start with aws:.")
	}
	c.Tags[in.ResourceARN] = slices.DeleteFunc(slices.Clone(c.Tags[in.ResourceARN]), func(t tag) bool {
		return slices.Contains(in.TagKeys, t.Key)
	})
	return struct{}{}, nil
}

type listTagsOut struct {
	Tags []tag `json:"tags"`
}

func (c call) listTagsForResource(in tagResourceIn) (listTagsOut, error) {
	if err := c.checkTaggable(in.ResourceARN); err != nil {
		return listTagsOut{}, err
	}
	return listTagsOut{Tags: c.tagsOf(in.ResourceARN, []string{includeTags})}, nil
}

// checkTaggable checks whether a resource can have tags.
func (c call) checkTaggable(arn string) error {
	resource, ok := strings.CutPrefix(arn, c.scope.ARN("ecs", ""))
	if !ok {
		return invalidParameter("The ARN provided is invalid.")
	}
	kind, name, _ := strings.Cut(resource, "/")
	exists := false
	switch kind {
	case "cluster":
		exists = c.Clusters[name] != nil && c.Clusters[name].Status == active
	case "task-definition":
		exists = c.taskDefinition(arn) != nil
	case "service", "task":
		if !strings.Contains(name, "/") {
			return invalidParameter("Long arn format must be used for tagging operations")
		}
		exists = c.engine.Service(arn) != nil || c.engine.Task(arn) != nil
	default:
		return invalidParameter("The ARN provided is invalid.")
	}
	if !exists {
		return invalidParameter("The specified %s was not found. Specify a valid resource and try again.", strings.ReplaceAll(kind, "-", " "))
	}
	return nil
}

// forgetTaskTags drops the tags of tasks that are forgotten.
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
