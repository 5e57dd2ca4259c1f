package explain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

func code(n int) *int { return &n }

func TestStopped(t *testing.T) {
	type got struct {
		Cause, Container string
		Lasting, Counts  bool
	}
	for name, test := range map[string]struct {
		task ecs.Task
		want got
	}{
		"no such image": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref r/a:1: r/a:1: not found"},
			got{Cause: "the image is not in the registry", Lasting: true, Counts: true},
		},
		"no such image of a container": {
			ecs.Task{
				StopCode: "TaskFailedToStart", StoppedReason: "CannotPullContainerError: failed to resolve ref r/a:1: not found",
				Containers: []ecs.Container{{Name: "proxy", Image: "r/p:1"}, {Name: "app", Image: "r/a:1"}},
			},
			got{Cause: "the image is not in the registry", Container: "app", Lasting: true, Counts: true},
		},
		"no access to the registry": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "CannotPullContainerError: failed to resolve ref r/a:1: pulling from host r failed with status code [manifests latest]: 403 Forbidden"},
			got{Cause: "the registry does not let the task pull the image", Lasting: true, Counts: true},
		},
		"no way to the registry": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "CannotPullContainerError: The task cannot pull r/a from the registry r. There is a connection issue between the task and the registry. Check your task network configuration. : failed to copy: httpReadSeeker: i/o timeout"},
			got{Cause: "the task cannot reach the registry", Counts: true},
		},
		"a digest that looks like a status": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "CannotPullContainerError: ref r/a@sha256:403 pull has been retried 1 time(s): failed to copy: unexpected status code 500"},
			got{Cause: "the image cannot be pulled", Counts: true},
		},
		"no such parameter": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /a/b"},
			got{Cause: "a secret of the task definition names a parameter that does not exist", Lasting: true, Counts: true},
		},
		"no access to the secret": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: x is not authorized to perform: ssm:GetParameters"},
			got{Cause: "the execution role may not read a secret of the task definition", Lasting: true, Counts: true},
		},
		"no log group": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue"},
			got{Cause: "the log group of the task definition does not exist", Lasting: true, Counts: true},
		},
		"exit": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{
				{Name: "proxy", ExitCode: code(137)}, {Name: "app", ExitCode: code(3)},
			}},
			got{Cause: "container app exited with code 3", Container: "app", Counts: true},
		},
		"exit without an error": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{{Name: "app", ExitCode: code(0)}}},
			got{Cause: "container app exited with code 0: it ended without an error", Container: "app", Counts: true},
		},
		"out of memory": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "OutOfMemoryError: Container killed due to memory usage", Containers: []ecs.Container{
				{Name: "proxy", ExitCode: code(1)}, {Name: "app", ExitCode: code(137), Reason: "OutOfMemoryError: Container killed due to memory usage"},
			}},
			got{Cause: "container app used more memory than it may (exit code 137)", Container: "app", Counts: true},
		},
		"a sidecar that ends takes the application with it, which heeds no signal": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{{Name: "app", ExitCode: code(137)}, {Name: "side", ExitCode: code(0)}}},
			got{Cause: "container side exited with code 0: it ended without an error", Container: "side", Counts: true},
		},
		"a sidecar that fails, and the application is told to stop": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{{Name: "app", ExitCode: code(143)}, {Name: "side", ExitCode: code(1)}}},
			got{Cause: "container side exited with code 1", Container: "side", Counts: true},
		},
		"an initialisation that ended well, and the application is killed": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{{Name: "app", ExitCode: code(137)}, {Name: "init", ExitCode: code(0), Optional: true}}},
			got{Cause: "container app exited with code 137: it was killed (SIGKILL)", Container: "app", Counts: true},
		},
		"an agent that is not essential failed before": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{{Name: "agent", ExitCode: code(2), Optional: true}, {Name: "app", ExitCode: code(0)}}},
			got{Cause: "container app exited with code 0: it ended without an error", Container: "app", Counts: true},
		},
		"what something waited for did not succeed": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{{Name: "migrate", ExitCode: code(4), Optional: true}, {Name: "app"}}},
			got{Cause: "container migrate exited with code 4", Container: "migrate", Counts: true},
		},
		"the first is killed, and the others are told to stop": {
			ecs.Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", Containers: []ecs.Container{{Name: "side", ExitCode: code(143)}, {Name: "app", ExitCode: code(137)}}},
			got{Cause: "container app exited with code 137: it was killed (SIGKILL)", Container: "app", Counts: true},
		},
		"load balancer": {
			ecs.Task{StopCode: "ServiceSchedulerInitiated", StoppedReason: "Task failed ELB health checks in (target-group arn:aws:x)", Containers: []ecs.Container{{Name: "app", ExitCode: code(143)}}},
			got{Cause: "the load balancer found the task unhealthy", Counts: true},
		},
		"container health": {
			ecs.Task{StopCode: "ServiceSchedulerInitiated", StoppedReason: "Task failed container health checks", Containers: []ecs.Container{{Name: "proxy", Health: "HEALTHY"}, {Name: "app", Health: "UNHEALTHY", ExitCode: code(137)}}},
			got{Cause: "container app failed its health check", Container: "app", Counts: true},
		},
		"scaling": {
			ecs.Task{StopCode: "ServiceSchedulerInitiated", StoppedReason: "Scaling activity initiated by (deployment ecs-svc/0123456789)"},
			got{Cause: "a task stopped: Scaling activity initiated by (deployment ecs-svc/…)"},
		},
		"spot": {
			ecs.Task{StopCode: "SpotInterruption", StoppedReason: "Your Spot Task was interrupted."},
			got{Cause: "AWS took the Spot capacity back"},
		},
		"a person": {
			ecs.Task{StopCode: "UserInitiated", StoppedReason: "Task stopped by user"},
			got{Cause: "somebody stopped the task"},
		},
		"no memory on instances": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "RESOURCE:MEMORY"},
			got{Cause: "no container instance has enough free memory", Counts: true},
		},
		"unknown": {
			ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: "Something new in task 0123456789abcdef0123456789abcdef"},
			got{Cause: "a task stopped: Something new in task …", Counts: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := explain.Stopped(test.task)
			if diff := cmp.Diff(test.want, got{f.Cause, f.Container, f.Lasting, f.Counts}); diff != "" {
				t.Errorf("finding (-want +got):\n%s", diff)
			}
			if f.Advice == "" {
				t.Error("no advice")
			}
			if f.Evidence == "" {
				t.Error("no evidence")
			}
		})
	}
}
