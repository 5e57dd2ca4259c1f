package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

const (
	clusterARN = "arn:aws:ecs:eu-west-1:123456789012:cluster/dev"
	serviceARN = "arn:aws:ecs:eu-west-1:123456789012:service/dev/api"
	groupARN   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/0123456789abcdef"
)

var epoch = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// world is a World of images by reference that records its calls.
type world struct {
	images  map[string]rollout.Image // by repository:tag or repository@digest
	refused string                   // what CheckLaunch answers
	alarms  map[string]string
	pulls   []string
	logs    []string
	targets map[string]string // "group ip:port" → state
	events  []string          // "detail-type name"
	hooks   []rollout.HookEvent
}

func newWorld() *world {
	return &world{images: map[string]rollout.Image{}, alarms: map[string]string{}, targets: map[string]string{}}
}

// push makes an image that can be pulled by its tag and by its digest.
func (w *world) push(reference string, labels ...string) string {
	digest := fmt.Sprintf("sha256:%064x", len(w.images)+1)
	image := rollout.Image{Digest: digest, Labels: map[string]string{}}
	for _, l := range labels {
		key, value, _ := strings.Cut(l, "=")
		image.Labels["tagboat.sandbox."+key] = value
	}
	repository, _, _ := strings.Cut(reference, ":")
	w.images[reference] = image
	w.images[repository+"@"+digest] = image
	return digest
}

func (w *world) Pull(reference string) (rollout.Image, error) {
	w.pulls = append(w.pulls, reference)
	key := reference
	if name, digest, ok := strings.Cut(reference, "@"); ok {
		repository, _, _ := strings.Cut(name, ":")
		key = repository + "@" + digest
	}
	image, ok := w.images[key]
	if !ok {
		return rollout.Image{}, &rollout.PullError{Reason: "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " +
			reference + ": " + reference + ": not found"}
	}
	return image, nil
}

func (w *world) CheckLaunch(*rollout.TaskSpec) string { return w.refused }
func (w *world) AlarmState(name string) string        { return w.alarms[name] }

func (w *world) Log(_ time.Time, _ *rollout.Task, c *rollout.ContainerSpec, line string) {
	w.logs = append(w.logs, c.Name+": "+line)
}

func targetKey(group string, t rollout.Target) string {
	return fmt.Sprintf("%s %s:%d", group, t.ID, t.Port)
}

func (w *world) Register(_ time.Time, group string, t rollout.Target) {
	w.targets[targetKey(group, t)] = "registered"
}

func (w *world) Deregister(_ time.Time, group string, t rollout.Target) {
	delete(w.targets, targetKey(group, t))
}

func (w *world) TargetChanged(_ time.Time, group string, t rollout.Target, state, reason, _ string) {
	w.targets[targetKey(group, t)] = strings.TrimSpace(state + " " + reason)
}

func (w *world) StateChanged(_ time.Time, detailType string, detail any, _ []string) {
	switch d := detail.(type) {
	case rollout.DeploymentEvent:
		w.events = append(w.events, d.EventName)
	case rollout.ServiceEvent:
		w.events = append(w.events, d.EventName)
	case rollout.HookEvent:
		w.hooks = append(w.hooks, d)
	case *rollout.Task:
	default:
		panic(fmt.Sprintf("unexpected detail of %s: %T", detailType, detail))
	}
}

var _ rollout.World = (*world)(nil)

// rig is an engine with a world and a clock that tests move.
type rig struct {
	*rollout.Engine
	t     testing.TB
	world *world
	now   time.Time
}

func newRig(t testing.TB) *rig {
	w := newWorld()
	return &rig{Engine: rollout.New(w, simulated.Runtime{}, rollout.Options{Seed: "test"}), t: t, world: w, now: epoch}
}

// after moves the clock.
func (s *rig) after(d time.Duration) {
	s.now = s.now.Add(d)
	s.Advance(s.now)
}

// create adds the service with one container that runs an image.
func (s *rig) create(desired int, image string, change ...func(*rollout.ServiceSpec)) *rollout.Service {
	s.t.Helper()
	service := expect.Value(s.CreateService(s.now, serviceSpec(desired, image, change...)))(s.t)
	return service
}

// update changes the service's specification.
func (s *rig) update(force bool, change func(*rollout.ServiceSpec)) *rollout.Service {
	s.t.Helper()
	spec := s.Service(serviceARN).Spec
	change(&spec)
	service := expect.Value(s.UpdateService(s.now, serviceARN, spec, force))(s.t)
	return service
}

// deploy updates the service to another image.
func (s *rig) deploy(image string) *rollout.Service {
	s.t.Helper()
	return s.update(false, func(spec *rollout.ServiceSpec) { spec.Task = taskSpec(image) })
}

// created is a service whose first deployment is complete.
func created(t testing.TB, desired int, change ...func(*rollout.ServiceSpec)) *rig {
	t.Helper()
	s := newRig(t)
	s.world.push("app:v1")
	s.create(desired, "app:v1", change...)
	s.after(10 * time.Minute)
	for range 20 { // a strategy in steps takes longer
		if s.service().Deployments[0].RolloutState == "IN_PROGRESS" {
			s.after(10 * time.Minute)
		}
	}
	if got := s.service().Deployments[0].RolloutState; got != "COMPLETED" {
		t.Fatalf("the first deployment is %s", got)
	}
	return s
}

func (s *rig) service() *rollout.Service { return s.Service(serviceARN) }

// messages returns the service's events since a time, oldest first, with ids replaced.
func (s *rig) messages(since time.Time) []string {
	var out []string
	for _, e := range s.service().Events {
		if e.At.Before(since) {
			break
		}
		m := taskIDs.ReplaceAllString(e.Message, "(task ID)")
		out = append([]string{deploymentIDs.ReplaceAllString(m, "ecs-svc/N")}, out...)
	}
	return out
}

func taskSpec(image string) *rollout.TaskSpec {
	return &rollout.TaskSpec{
		ARN:        "arn:aws:ecs:eu-west-1:123456789012:task-definition/api-" + image,
		Family:     "api",
		Revision:   1,
		Containers: []rollout.ContainerSpec{{Name: "app", Image: image, Essential: true}},
	}
}

func serviceSpec(desired int, image string, change ...func(*rollout.ServiceSpec)) rollout.ServiceSpec {
	spec := rollout.ServiceSpec{
		ARN: serviceARN, Name: "api", ClusterARN: clusterARN, Task: taskSpec(image),
		Desired: desired, MinHealthyPercent: 100, MaxPercent: 200, LaunchType: "FARGATE",
	}
	for _, c := range change {
		c(&spec)
	}
	return spec
}

func withBreaker(spec *rollout.ServiceSpec) {
	spec.Breaker = rollout.Breaker{Enable: true, Rollback: true}
}

func withBalancer(spec *rollout.ServiceSpec) {
	spec.LoadBalancers = []rollout.LoadBalancer{{TargetGroup: groupARN, Container: "app", Port: 8080}}
}

func withBounds(lower, upper int) func(*rollout.ServiceSpec) {
	return func(spec *rollout.ServiceSpec) { spec.MinHealthyPercent, spec.MaxPercent = lower, upper }
}
