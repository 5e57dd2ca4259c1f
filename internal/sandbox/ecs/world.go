package ecs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// world is what the scheduler of a region sees of the sandbox's other services. Errors
// get the words that they have in a task's stopped reason.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
type world struct{ region *region }

var (
	_ rollout.World        = (*world)(nil)
	_ rollout.TargetGroups = (*world)(nil)
	_ rollout.Functions    = (*world)(nil)
)

// Pull looks an image up in its registry.
func (w *world) Pull(reference string) (rollout.Image, error) {
	if full := FullReference(reference); !w.region.reaches(reference, true) {
		host, name, _ := strings.Cut(full, "/")
		return rollout.Image{}, &rollout.PullError{Reason: fmt.Sprintf("CannotPullContainerError: The task cannot pull %s from the registry %s. "+
			"There is a connection issue between the task and the registry. Check your task network configuration. : "+
			"failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://%s/v2/%s\": dial tcp: i/o timeout", full, full, host, name)}
	}
	image, err := w.region.deps.Images.Resolve(reference)
	if err == nil {
		return rollout.Image{Digest: image.Digest, Labels: image.Labels}, nil
	}
	full := FullReference(reference)
	reason := fmt.Sprintf("CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: %v", err)
	if errors.Is(err, ErrImageNotFound) {
		reason = fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref %s: %s: not found", full, full)
	}
	return rollout.Image{}, &rollout.PullError{Reason: reason}
}

// FullReference writes a reference as the container runtime does: with Docker Hub's
// host and the tag latest where they were left out.
func FullReference(reference string) string {
	host, rest, ok := strings.Cut(reference, "/")
	switch {
	case !ok:
		reference = "docker.io/library/" + reference
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		reference = "docker.io/" + host + "/" + rest
	}
	if !strings.ContainsAny(lastPart(reference), ":@") {
		reference += ":latest"
	}
	return reference
}

// CheckLaunch looks for the log groups and the secrets of a task, and for a platform of
// its images that it can run on.
func (w *world) CheckLaunch(spec *rollout.TaskSpec) string {
	d := w.region.taskDefinition(spec.ARN)
	if d == nil {
		return ""
	}
	content := d.content()
	return cmp.Or(w.checkSecrets(content), w.checkLogGroups(content), w.checkPlatforms(content))
}

// checkSecrets looks for the parameters and the secrets of Secrets Manager.
func (w *world) checkSecrets(content *definition.Task) string {
	const failed = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
	deps := w.region.deps
	var absent []string
	for i := range content.ContainerDefinitions {
		for _, s := range content.ContainerDefinitions[i].AllSecrets() {
			if s.Store() == "asm" {
				if deps.Secrets == nil {
					continue
				}
				if why := deps.Secrets.Unreadable(s.ValueFrom); why != "" {
					return failed + "unable to retrieve secret from asm: service call has been retried 1 time(s): " + why
				}
				continue
			}
			scope, name := w.parameter(s.ValueFrom)
			if deps.Parameters != nil && !deps.Parameters.Exists(scope, name) && !slices.Contains(absent, name) {
				absent = append(absent, name)
			}
		}
	}
	if len(absent) == 0 {
		return ""
	}
	return failed + "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: " + strings.Join(absent, ", ")
}

// parameter returns which parameter a secret's valueFrom means: a name, or an ARN, which
// may be of another region.
func (w *world) parameter(valueFrom string) (wire.Scope, string) {
	parts := strings.SplitN(valueFrom, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return w.region.scope, valueFrom
	}
	name := strings.TrimPrefix(parts[5], "parameter")
	if strings.Count(name, "/") == 1 {
		name = name[1:] // the ARN of a name without slashes has one
		if scope := (wire.Scope{Account: parts[4], Region: parts[3]}); w.region.deps.Parameters != nil && !w.region.deps.Parameters.Exists(scope, name) {
			name = "/" + name
		}
	}
	return wire.Scope{Account: parts[4], Region: parts[3]}, name
}

// checkLogGroups looks for the groups of the awslogs driver, and makes those that the
// task definition wants made.
func (w *world) checkLogGroups(content *definition.Task) string {
	for i := range content.ContainerDefinitions {
		l := content.ContainerDefinitions[i].LogConfiguration
		if l == nil || l.LogDriver != "awslogs" {
			continue
		}
		scope, group := w.logScope(l.Options), l.Options["awslogs-group"]
		if w.region.deps.Logs.GroupExists(scope, group) {
			continue
		}
		if l.Options["awslogs-create-group"] != "true" {
			return "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. " +
				"There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed"
		}
		w.region.deps.Logs.CreateGroup(scope, group)
	}
	return ""
}

func (w *world) logScope(options map[string]string) wire.Scope {
	return wire.Scope{Account: w.region.scope.Account, Region: cmp.Or(options["awslogs-region"], w.region.scope.Region)}
}

// checkPlatforms refuses an image that says what it runs on, if that is not the task's
// platform. An image that cannot be found is Pull's to tell.
func (w *world) checkPlatforms(content *definition.Task) string {
	platform := content.Platform()
	for _, c := range content.ContainerDefinitions {
		if !w.region.reaches(c.Image, false) {
			continue
		}
		image, err := w.region.deps.Images.Resolve(c.Image)
		if err != nil || runsOn(image.Platforms, platform) {
			continue
		}
		return fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform '%s'", platform)
	}
	return ""
}

// runsOn reports whether one of the platforms, which may have a variant, is the one
// wanted. Platforms that an image does not tell, as attestations beside it do not, say
// nothing.
func runsOn(platforms []string, wanted string) bool {
	declared := slices.DeleteFunc(slices.Clone(platforms), func(p string) bool { return strings.HasPrefix(p, "unknown") })
	return len(declared) == 0 || slices.ContainsFunc(declared, func(p string) bool {
		return p == wanted || strings.HasPrefix(p, wanted+"/")
	})
}

// AlarmState returns how an alarm stands.
func (w *world) AlarmState(name string) string {
	if w.region.deps.Alarms == nil {
		return "OK"
	}
	return w.region.deps.Alarms.AlarmState(w.region.scope, name)
}

// Log writes a line to the stream prefix/container/task-id of a container with the
// awslogs driver; without a prefix the stream is named after the container's id.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
func (w *world) Log(at time.Time, task *rollout.Task, container *rollout.ContainerSpec, line string) {
	if container.LogDriver != "awslogs" {
		return
	}
	id := lastPart(task.ARN)
	stream := strings.Join([]string{container.LogOptions["awslogs-stream-prefix"], container.Name, id}, "/")
	if container.LogOptions["awslogs-stream-prefix"] == "" {
		stream = runtimeID(task, container.Name)
	}
	w.region.deps.Logs.Append(w.logScope(container.LogOptions), container.LogOptions["awslogs-group"], stream, at, line)
}

func runtimeID(task *rollout.Task, container string) string {
	for _, c := range task.Containers {
		if c.Name == container {
			return cmp.Or(c.RuntimeID, lastPart(task.ARN))
		}
	}
	return lastPart(task.ARN)
}

// Register adds a task's address to a target group.
func (w *world) Register(at time.Time, targetGroup string, target rollout.Target) {
	w.region.deps.Targets.Register(at, targetGroup, target.ID, target.Port)
}

// Deregister removes it.
func (w *world) Deregister(at time.Time, targetGroup string, target rollout.Target) {
	w.region.deps.Targets.Deregister(at, targetGroup, target.ID, target.Port)
}

// TargetChanged says how it stands.
func (w *world) TargetChanged(at time.Time, targetGroup string, target rollout.Target, state, reason, description string) {
	w.region.deps.Targets.SetHealth(at, targetGroup, target.ID, target.Port, state, reason, description)
}

// TargetGroup returns how a target group checks and drains its targets.
func (w *world) TargetGroup(arn string) (rollout.TargetGroup, bool) {
	groups, ok := w.region.deps.Targets.(rollout.TargetGroups)
	if !ok {
		return rollout.TargetGroup{}, false
	}
	return groups.TargetGroup(arn)
}

// CallHook calls the function of a lifecycle hook.
func (w *world) CallHook(_ time.Time, call rollout.HookCall) rollout.HookAnswer {
	if w.region.deps.Functions == nil {
		return rollout.HookAnswer{Status: "SUCCEEDED"}
	}
	return w.region.deps.Functions.CallHook(w.region.scope, call)
}

// StateChanged sends an event to EventBridge.
func (w *world) StateChanged(at time.Time, detailType string, detail any, resources []string) {
	if w.region.deps.Events != nil {
		if t, ok := detail.(*rollout.Task); ok {
			detail = taskDetail{w.region, t, at}
		}
		w.region.deps.Events.Emit(w.region.scope, at, detailType, detail, resources)
	}
}

// taskDetail is a task as its events have it: as DescribeTasks does, but for its tags, with the
// time of the change, and times as text.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
type taskDetail struct {
	region *region
	task   *rollout.Task
	at     time.Time
}

// MarshalJSON implements json.Marshaler.
func (d taskDetail) MarshalJSON() ([]byte, error) {
	task := d.region.taskRecord(d.task, nil)
	for i := range task.Attachments {
		task.Attachments[i].Type = "eni" // which answers call ElasticNetworkInterface
	}
	record, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(record, &members); err != nil {
		return nil, err
	}
	delete(members, "tags")
	members["updatedAt"], _ = wire.At(d.at).MarshalJSON()
	for name, value := range members {
		if !strings.HasSuffix(name, "At") {
			continue
		}
		var at wire.Time
		if err := json.Unmarshal(value, &at); err != nil {
			return nil, err
		}
		members[name] = []byte(at.Format(`"2006-01-02T15:04:05.000Z"`))
	}
	return json.Marshal(members)
}
