package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// run starts a task of some containers outside of any service.
func (s *rig) run(containers ...rollout.ContainerSpec) *rollout.Task {
	spec := &rollout.TaskSpec{ARN: "arn:aws:ecs:eu-west-1:123456789012:task-definition/job:1", Family: "job", Revision: 1, Containers: containers}
	task, why := s.RunTask(s.now, rollout.RunTaskSpec{ClusterARN: clusterARN, Task: spec, StartedBy: "me"})
	if why != nil {
		s.t.Fatal(why.Reason)
	}
	return task
}

func TestATasksLife(t *testing.T) {
	s := newRig(t)
	s.world.push("app:v1", "start=1s", `log=hello\nworld`)
	task := s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true})
	for _, step := range []struct {
		until  time.Duration
		status string
	}{
		{0, "PROVISIONING"},
		{5 * time.Second, "PENDING"},
		{18 * time.Second, "PENDING"},
		{19 * time.Second, "RUNNING"},
		{time.Hour, "RUNNING"},
	} {
		s.after(epoch.Add(step.until).Sub(s.now))
		if task.LastStatus != step.status {
			t.Errorf("after %s the task is %s, want %s", step.until, task.LastStatus, step.status)
		}
	}
	expect.EqualIn(t, "logs", []string{"app: hello", "app: world"}, s.world.logs)
	expect.Value(s.StopTask(s.now, task.ARN, "enough"))(t)
	for _, status := range []string{"STOPPING", "DEPROVISIONING", "STOPPED"} {
		if task.LastStatus != status || task.DesiredStatus != "STOPPED" {
			t.Errorf("the task is %s, want %s", task.LastStatus, status)
		}
		next, _ := s.Next()
		s.after(next.Sub(s.now))
	}
	if s.Task(task.ARN) != nil {
		t.Error("the stopped task is not forgotten")
	}
	expect.EqualIn(t, "it was forgotten after", time.Hour, s.now.Sub(task.StoppedAt))
}

// ending is how a task and its containers ended.
type ending struct {
	Code, Reason string
	Exits        []string // "name code reason", "-" for no code
}

func ended(task *rollout.Task) ending {
	out := ending{Code: task.StopCode, Reason: task.StoppedReason}
	for _, c := range task.Containers {
		exit := c.Name + " -"
		if c.ExitCode != nil {
			exit = c.Name + " " + itoa(*c.ExitCode)
		}
		if c.Reason != "" {
			exit += " " + c.Reason
		}
		out.Exits = append(out.Exits, exit)
	}
	return out
}

func TestHowTasksEnd(t *testing.T) {
	const exited = "Essential container in task exited"
	app := func(image string) rollout.ContainerSpec {
		return rollout.ContainerSpec{Name: "app", Image: image, Essential: true}
	}
	side := rollout.ContainerSpec{Name: "side", Image: "side:v1"}
	for _, tc := range []struct {
		name       string
		containers []rollout.ContainerSpec
		refused    string
		stop       bool
		want       ending
	}{
		{"essential exit", []rollout.ContainerSpec{app("app:exits"), side}, "", false,
			ending{"EssentialContainerExited", exited, []string{"app 3", "side 143"}}},
		{"out of memory", []rollout.ContainerSpec{app("app:oom")}, "", false,
			ending{"EssentialContainerExited", exited, []string{"app 137 OutOfMemoryError: Container killed due to memory usage"}}},
		{"another container's exit", []rollout.ContainerSpec{app("app:v1"), {Name: "side", Image: "app:exits"}}, "", true,
			ending{"UserInitiated", "Task stopped by user", []string{"app 143", "side 3"}}},
		{"killed after the stop timeout", []rollout.ContainerSpec{app("app:stubborn")}, "", true,
			ending{"UserInitiated", "Task stopped by user", []string{"app 137"}}},
		{"heeds SIGTERM within a longer one", []rollout.ContainerSpec{{Name: "app", Image: "app:stubborn", Essential: true, StopTimeout: time.Minute}}, "", true,
			ending{"UserInitiated", "Task stopped by user", []string{"app 0"}}},
		{"missing image", []rollout.ContainerSpec{app("app:missing")}, "", false,
			ending{"TaskFailedToStart", "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref app:missing: app:missing: not found", []string{"app -"}}},
		{"missing log group", []rollout.ContainerSpec{app("app:v1")}, "ResourceInitializationError: failed to validate logger args", false,
			ending{"TaskFailedToStart", "ResourceInitializationError: failed to validate logger args", []string{"app -"}}},
		{"bad label", []rollout.ContainerSpec{app("app:odd")}, "", false,
			ending{"TaskFailedToStart", `CannotStartContainerError: label tagboat.sandbox.exit="soon": "soon" is not an exit code from 0 to 255`,
				[]string{`app - CannotStartContainerError: label tagboat.sandbox.exit="soon": "soon" is not an exit code from 0 to 255`}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newRig(t)
			s.world.stock()
			s.world.push("side:v1")
			s.world.push("app:stubborn", "stop=0@50s")
			s.world.push("app:odd", "exit=soon")
			s.world.refused = tc.refused
			task := s.run(tc.containers...)
			s.after(2 * time.Minute)
			if tc.stop {
				expect.Value(s.StopTask(s.now, task.ARN, ""))(t)
				s.after(2 * time.Minute)
			}
			expect.EqualIn(t, "the task", "STOPPED", task.LastStatus)
			expect.Equal(t, tc.want, ended(task))
		})
	}
}

func TestStoppingAPendingTask(t *testing.T) {
	s := newRig(t)
	s.world.push("app:v1")
	task := s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true})
	s.after(7 * time.Second)
	expect.Value(s.StopTask(s.now, task.ARN, ""))(t)
	s.after(time.Minute)
	want := ending{"UserInitiated", "Task stopped by user", []string{"app -"}}
	if diff := cmp.Diff(want, ended(task)); diff != "" || !task.StartedAt.IsZero() {
		t.Errorf("started %s (-want +got):\n%s", task.StartedAt, diff)
	}
	if _, err := s.StopTask(s.now, "none", ""); err == nil {
		t.Error("a task that does not exist was stopped")
	}
}

func TestTaskFilter(t *testing.T) {
	s := created(t, 2)
	job := s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true})
	for _, tc := range []struct {
		filter rollout.TaskFilter
		want   int
	}{
		{rollout.TaskFilter{}, 3},
		{rollout.TaskFilter{ServiceARN: serviceARN}, 2},
		{rollout.TaskFilter{Family: "job"}, 1},
		{rollout.TaskFilter{StartedBy: "me"}, 1},
		{rollout.TaskFilter{DesiredStatus: "STOPPED"}, 0},
		{rollout.TaskFilter{LaunchType: "FARGATE"}, 2},
		{rollout.TaskFilter{ClusterARN: clusterARN, Family: "api"}, 2},
		{rollout.TaskFilter{ClusterARN: "another"}, 0},
	} {
		if got := len(s.Tasks(tc.filter)); got != tc.want {
			t.Errorf("%+v selects %d tasks, want %d", tc.filter, got, tc.want)
		}
	}
	if job.Group != "family:job" || s.Tasks(rollout.TaskFilter{ServiceARN: serviceARN})[0].Group != "service:api" {
		t.Error("the groups are wrong")
	}
}
