package explain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

func crashed(id string, exit int) ecs.Task {
	return ecs.Task{
		ARN: "arn:aws:ecs:r:1:task/c/" + id, LastStatus: "STOPPED", StopCode: "EssentialContainerExited",
		StoppedReason: "Essential container in task exited",
		Containers:    []ecs.Container{{Name: "app", ExitCode: &exit}},
	}
}

func TestCausesOnceWithLogsMostLikelyFirst(t *testing.T) {
	rare := crashed("3", 7)
	rare.StopCode, rare.StoppedReason = "TaskFailedToStart", "CannotPullContainerError: r/a: not found"
	rare.Containers = nil
	got := explain.Causes(explain.Evidence{
		Tasks: []ecs.Task{crashed("1", 3), crashed("2", 3), rare},
		Logs: map[explain.Stream][]ecs.LogLine{
			{Task: "arn:aws:ecs:r:1:task/c/2", Container: "app"}: {{Message: "connecting\n"}, {Message: "no database"}},
		},
		Events: []ecs.Event{{Message: "(service api) was unable to place a task. Reason: RESOURCE:CPU."}},
	})
	want := []tagboat.Cause{
		{
			Cause: "the image is not in the registry", Evidence: "CannotPullContainerError: r/a: not found",
			Advice: "push the image again or pin a version that exists: a lifecycle rule may have deleted it",
			Class:  "yours",
		},
		{
			Cause:    "container app exited with code 3, in 2 tasks",
			Evidence: "Essential container in task exited\nlast lines of app's log:\n  connecting\n  no database",
			Advice:   "see the last lines of its log",
			Class:    "yours",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

func TestCausesOfWhatRuns(t *testing.T) {
	got := explain.Causes(explain.Evidence{
		Tasks: []ecs.Task{{ARN: "task/c/1", LastStatus: "RUNNING", Health: "UNHEALTHY", Containers: []ecs.Container{{Name: "app", Health: "UNHEALTHY"}}}},
		Targets: []ecs.TargetHealth{
			{TargetGroup: "arn:aws:elasticloadbalancing:r:1:targetgroup/web/0a1", Target: "10.0.0.1", Port: 80, State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [503]"},
			{Target: "10.0.0.2", Port: 80, State: "healthy"},
			{Target: "10.0.0.3", Port: 80, State: "draining", Reason: "Target.DeregistrationInProgress"},
		},
	})
	want := []tagboat.Cause{
		{
			Cause: "container app failed its health check", Evidence: "task 1 runs and its health is UNHEALTHY",
			Advice: "run the healthCheck command in the image; raise startPeriod or retries for a slow start",
			Class:  "yours",
		},
		{
			Cause:    "the load balancer found port 80 of the task unhealthy",
			Evidence: "10.0.0.1:80 in web: Target.ResponseCodeMismatch Health checks failed with these codes: [503]",
			Advice:   "the health check's path answers with another code than the target group's matcher: correct either",
			Class:    "yours",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

// Without any task, what ECS says in events is all there is.
func TestCausesFromEventsOnly(t *testing.T) {
	got := explain.Causes(explain.Evidence{Events: []ecs.Event{
		{Message: "(service api) has reached a steady state."},
		{Message: "(service api) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again."},
	}})
	if len(got) != 1 || got[0].Advice != "lower minimumHealthyPercent or raise maximumPercent in the service definition" {
		t.Errorf("causes: %+v", got)
	}
}

func TestNoCauseWhereNothingSpeaksAgainstIt(t *testing.T) {
	got := explain.Causes(explain.Evidence{
		Tasks: []ecs.Task{
			{LastStatus: "RUNNING", Health: "HEALTHY"},
			{LastStatus: "STOPPED", StopCode: "ServiceSchedulerInitiated", StoppedReason: "Scaling activity initiated by (deployment ecs-svc/1)"},
		},
		Events: []ecs.Event{{Message: "(service api) has started 2 tasks: (task 1) (task 2)."}},
	})
	if len(got) != 0 {
		t.Errorf("causes: %+v", got)
	}
}

// TestTasksThatDoNotStart are told where nothing else is known, and only after a while.
func TestTasksThatDoNotStart(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	slow := ecs.Task{LastStatus: "PENDING", CreatedAt: now.Add(-3 * time.Minute)}
	young := ecs.Task{LastStatus: "PENDING", CreatedAt: now.Add(-10 * time.Second)}
	crashed := ecs.Task{
		LastStatus: "STOPPED", StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited",
		Containers: []ecs.Container{{Name: "app", LastStatus: "STOPPED", ExitCode: new(3)}},
	}
	for name, test := range map[string]struct {
		tasks []ecs.Task
		want  []string
	}{
		"long":             {[]ecs.Task{slow, young, slow}, []string{"2 tasks have not started yet"}},
		"one":              {[]ecs.Task{slow}, []string{"1 task has not started yet"}},
		"soon":             {[]ecs.Task{young}, nil},
		"something better": {[]ecs.Task{slow, crashed}, []string{"container app exited with code 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range explain.Causes(explain.Evidence{Tasks: test.tasks, Now: now}) {
				got = append(got, c.Cause)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestClasses says whose causes are to mend, and nothing where nobody knows.
func TestClasses(t *testing.T) {
	for message, want := range map[string]string{
		"Timeout waiting for network interface provisioning to complete.":                                                                  "aws",
		"Timeout waiting for EphemeralStorage provisioning to complete.":                                                                   "aws",
		"Timeout waiting for a thing of the future provisioning to complete.":                                                              "aws",
		"Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled: InternalError":               "aws",
		"Unexpected EC2 error while attempting to Create Network Interface: InsufficientFreeAddressesInSubnet":                             "transient",
		"Unexpected EC2 error while attempting to Create Network Interface: The security group 'sg-1' does not exist":                      "yours",
		"Capacity is unavailable at this time. Please try again later or in a different availability zone":                                 "aws",
		"ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: ThrottlingException":   "aws",
		"ResourceInitializationError: unable to pull secrets or registry auth: There is a connection issue between the task and SSM":       "transient",
		"ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: AccessDeniedException": "yours",
		"CannotPullContainerError: failed to copy: httpReadSeeker: i/o timeout":                                                            "transient",
		"CannotPullContainerError: toomanyrequests: You have reached your pull rate limit":                                                 "transient",
		"CannotPullContainerError: r/a:1: not found":                                                                                       "yours",
		"something that AWS says from next year on":                                                                                        "",
	} {
		causes := explain.Causes(explain.Evidence{Tasks: []ecs.Task{{LastStatus: "STOPPED", StopCode: "TaskFailedToStart", StoppedReason: message}}})
		if len(causes) != 1 || causes[0].Class != want {
			t.Errorf("%s\n is %+v, want class %q", message, causes, want)
		}
	}
}
