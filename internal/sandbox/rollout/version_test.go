package rollout_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// digests returns the digests that the service's running tasks run.
func (s *rig) digests() map[string]int {
	out := map[string]int{}
	for _, task := range s.Tasks(rollout.TaskFilter{ServiceARN: serviceARN, DesiredStatus: "RUNNING"}) {
		out[task.Containers[0].Digest]++
	}
	return out
}

func TestTheFirstTaskResolvesTheTag(t *testing.T) {
	s := newRig(t)
	old := s.world.push("app:latest")
	s.create(1, "app:latest")
	s.after(5 * time.Minute)
	task := s.Tasks(rollout.TaskFilter{})[0]
	expect.EqualIn(t, "the container's image", "app:latest@"+old, task.Containers[0].Image)
	want := []rollout.ContainerImage{{Container: "app", Image: "app:latest", Digest: old}}
	expect.EqualIn(t, "the revision's images", want, s.service().Revisions[0].Images)

	young := s.world.push("app:latest")
	for _, step := range []struct {
		name string
		do   func()
		want map[string]int
	}{
		{"scaled", func() { s.update(false, func(spec *rollout.ServiceSpec) { spec.Desired = 2 }) }, map[string]int{old: 2}},
		{"replaced", func() { _, _ = s.StopTask(s.now, task.ARN, "") }, map[string]int{old: 2}},
		{"updated with the same task definition", func() { s.update(false, withBalancer) }, map[string]int{old: 2}},
		{"forced", func() { s.update(true, func(*rollout.ServiceSpec) {}) }, map[string]int{young: 2}},
	} {
		step.do()
		s.after(10 * time.Minute)
		expect.EqualIn(t, step.name, step.want, s.digests())
	}
}

func TestVersionConsistencyOff(t *testing.T) {
	s := newRig(t)
	old := s.world.push("app:latest")
	s.create(1, "app:latest", func(spec *rollout.ServiceSpec) { spec.Task.Containers[0].VersionConsistencyOff = true })
	s.after(5 * time.Minute)
	young := s.world.push("app:latest")
	s.update(false, func(spec *rollout.ServiceSpec) { spec.Desired = 2 })
	s.after(5 * time.Minute)
	expect.Equal(t, map[string]int{old: 1, young: 1}, s.digests())
	expect.EqualIn(t, "the container's image", "app:latest", s.Tasks(rollout.TaskFilter{})[0].Containers[0].Image)
	expect.EqualIn(t, "the revision has digest", "", s.service().Revisions[0].Images[0].Digest)
}

// Deleting the digest that a service resolved breaks its replacements, even though the
// tag is there: https://github.com/aws/containers-roadmap/issues/2687
func TestADeletedDigestBreaksReplacements(t *testing.T) {
	s := newRig(t)
	old := s.world.push("app:latest")
	s.create(1, "app:latest")
	s.after(5 * time.Minute)
	s.world.push("app:latest")
	delete(s.world.images, "app@"+old)
	expect.Value(s.StopTask(s.now, s.Tasks(rollout.TaskFilter{})[0].ARN, ""))(t)
	s.after(time.Hour)
	expect.EqualIn(t, "tasks run", 0, s.service().Running)
}

func TestADigestIsTakenAsItIs(t *testing.T) {
	s := newRig(t)
	digest := s.world.push("app:v1")
	s.create(1, "app@"+digest)
	s.after(5 * time.Minute)
	if got := s.Tasks(rollout.TaskFilter{})[0].Containers[0]; got.Image != "app@"+digest || got.Digest != digest {
		t.Errorf("the container runs %s, %s", got.Image, got.Digest)
	}
}

// After three failed attempts a deployment goes on without digests.
func TestUnresolvedAfterThreeFailures(t *testing.T) {
	s := newRig(t)
	s.create(1, "app:v1")
	s.after(7 * time.Minute)
	s.world.push("app:v1")
	s.after(time.Hour)
	task := s.Tasks(rollout.TaskFilter{ServiceARN: serviceARN, DesiredStatus: "RUNNING"})[0]
	if got := task.Containers[0].Image; got != "app:v1" || !s.service().Revisions[0].Unresolved {
		t.Errorf("the container's image is %s", got)
	}
}
