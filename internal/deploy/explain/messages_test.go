package explain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

// TestMessages has AWS's own messages, from its documentation and from public traces,
// and a few words of what each means.
func TestMessages(t *testing.T) {
	const pulls, sets, secrets = "CannotPullContainerError: ", "ResourceInitializationError: ", "ResourceInitializationError: unable to pull secrets or registry auth: "
	for message, want := range map[string]string{
		pulls + "pull image manifest has been retried 5 time(s): failed to resolve ref r/a:1: r/a:1: not found":                                                                                                                "not in the registry",
		pulls + "Error response from daemon: manifest for r/a:1 not found: manifest unknown: Requested image not found":                                                                                                        "not in the registry",
		pulls + "Error response from daemon: pull access denied for a, repository does not exist or may require 'docker login'":                                                                                                "repository does not exist",
		pulls + "pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'":                                                                                   "processor",
		pulls + "ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: no match for platform in manifest: not found":                                                                           "processor",
		pulls + "failed to resolve ref r/a:1: pulling from host r failed with status code [manifests 1]: 403 Forbidden":                                                                                                        "does not let the task pull",
		pulls + "Error response from daemon: Get https://r/v2/a/manifests/1: no basic auth credentials":                                                                                                                        "wants credentials",
		pulls + "inspect image has been retried 5 time(s): httpReadSeeker: failed open: unexpected status code https://r/v2/a/manifests/1: 401 Unauthorized":                                                                   "refuses the task's credentials",
		pulls + "inspect image has been retried 5 time(s): failed to resolve ref r/a:1: dial tcp: lookup r: no such host":                                                                                                      "cannot resolve",
		pulls + "failed to do request: Head https://r/v2/a/manifests/1: tls: failed to verify certificate: x509: certificate signed by unknown authority":                                                                      "certificate",
		pulls + "inspect image has been retried 5 time(s): httpReadSeeker: failed open: unexpected status code: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit":                "more pulls",
		pulls + "ref pull has been retried 1 time(s): failed to extract layer: write /usr/x: no space left on device":                                                                                                          "disk",
		pulls + "ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: dial tcp 10.0.0.1:443: i/o timeout":                                                                                         "cannot reach the registry",
		pulls + "The task cannot pull r/a from the registry r. There is a connection issue between the task and the registry. Check your task network configuration.":                                                          "cannot reach the registry",
		pulls + "Error response from daemon: Get https://r/v2/: net/http: request canceled while waiting for connection":                                                                                                       "cannot reach the registry",
		pulls + "ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed open: unexpected status code 500":                                                                                               "cannot be pulled",
		secrets + "execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /a/b":                                                            "parameter that does not exist",
		secrets + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key x":                         "no such JSON key",
		secrets + "execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException: Access to KMS is not allowed":                                                                               "may not decrypt",
		secrets + "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: x is not authorized to perform: ecr:GetAuthorizationToken": "log in to ECR",
		secrets + "execution resource retrieval failed: unable to retrieve secrets from ssm: AccessDeniedException: User: x is not authorized to perform: ssm:GetParameters":                                                   "may not read a secret",
		secrets + "execution resource retrieval failed: unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret.":                                                       "secret of the task definition does not exist",
		secrets + "execution resource retrieval failed: unable to retrieve ecr registry auth: RequestError: send request failed caused by: Post https://api.ecr.x: dial tcp 10.0.0.1:443: i/o timeout":                         "cannot reach AWS",
		secrets + "The task cannot pull secrets from Secrets Manager. There is a connection issue between the task and Secrets Manager.":                                                                                       "cannot reach AWS",
		sets + "failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition.":                                                                                          "log group",
		sets + "failed to download env files: file download command: non empty error stream: AccessDenied":                                                                                                                     "environment file",
		sets + "failed to download env files: file download command: NoSuchKey":                                                                                                                                                "environment file",
		sets + "failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection reset by peer":                                                                                                       "EFS",
		sets + "failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream":                                                                                                "log driver's options",
		sets + "failed to initialize logging driver: RequestCanceled":                                                                                                                                                          "log driver could not be started",
		"CannotStartContainerError: Error response from daemon: exec: \"serve\": executable file not found in $PATH":                                                                                                           "not in its image",
		"CannotStartContainerError: failed to create shim: exec: \"/app\": permission denied: unknown":                                                                                                                         "may not be executed",
		"exec /app: exec format error":                                                                                              "another processor",
		"CannotStartContainerError: failed to get container status":                                                                 "could not be started",
		"ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: x":                              "come up in the time",
		"CannotCreateVolumeError: failed to mount volume":                                                                           "volume",
		"CannotInspectContainerError: x":                                                                                            "runtime did not answer",
		"Timeout waiting for network interface provisioning to complete.":                                                           "network interface",
		"Timeout waiting for EphemeralStorage provisioning to complete.":                                                            "disk ready",
		"Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': InsufficientFreeAddressesInSubnet": "no free addresses",
		"Unexpected EC2 error while attempting to Create Network Interface: The security group 'sg-1' does not exist":               "security group",
		"Host EC2 (instance i-1) terminated.":                                                                                       "instance below",
		"RESOURCE:MEMORY":                                                                                                           "free memory",
		"RESOURCE:CPU":                                                                                                              "free CPU",
		"Capacity is unavailable at this time. Please try again later or in a different availability zone":                          "no capacity",
		"You've reached the limit on the number of vCPUs you can run concurrently":                                                  "quota",
		"The requested MEMORY configuration is above your limit":                                                                    "may have",
		"was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance i) has insufficient memory available.": "free memory",
		"the closest matching (container-instance i) has insufficient CPU units available.":                                                                                    "free CPU",
		"the closest matching (container-instance i) is already using a port required by your task.":                                                                           "port",
		"the closest matching (container-instance i) is missing an attribute required by your task.":                                                                           "attribute",
		"the closest matching (container-instance i) encountered error \"AGENT\".":                                                                                             "agent",
		"MemberOf placement constraint unsatisfied.":                                                                                                                           "placement constraints",
		"ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task.":                                                                           "assume a role",
	} {
		f := explain.Stopped(ecs.Task{StopCode: "TaskFailedToStart", StoppedReason: message})
		if !strings.Contains(f.Cause, want) || strings.HasPrefix(f.Cause, "a task stopped") || f.Advice == "" {
			t.Errorf("%s\n is %q (%s), want words like %q", message, f.Cause, f.Advice, want)
		}
	}
}

// What nobody knows is shown as it is.
func TestUnknownMessage(t *testing.T) {
	const message = "FluxCapacitorError: not enough power"
	causes := explain.Causes(explain.Evidence{Tasks: []ecs.Task{{LastStatus: "STOPPED", StopCode: "TaskFailedToStart", StoppedReason: message}}})
	if len(causes) != 1 || !strings.Contains(causes[0].Cause, message) || causes[0].Evidence != message {
		t.Errorf("causes: %+v", causes)
	}
}

func TestSettingsMakeCausesPlainer(t *testing.T) {
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	unhealthy := func(id string, life time.Duration) ecs.Task {
		return ecs.Task{
			ARN: "task/c/" + id, LastStatus: "STOPPED", StopCode: "ServiceSchedulerInitiated", StoppedReason: "Task failed ELB health checks in (target-group arn)",
			StartedAt: start, StoppedAt: start.Add(life), Containers: []ecs.Container{{Name: "app", ExitCode: code(143)}},
		}
	}
	oom := ecs.Task{
		LastStatus: "STOPPED", StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited",
		Containers: []ecs.Container{{Name: "app", ExitCode: code(137), Reason: "OutOfMemoryError: Container killed due to memory usage"}},
	}
	noRoute := ecs.Task{LastStatus: "STOPPED", StopCode: "TaskFailedToStart", StoppedReason: "CannotPullContainerError: dial tcp: i/o timeout"}
	for name, test := range map[string]struct {
		evidence explain.Evidence
		want     []string
	}{
		"out of memory names the container's limit": {
			explain.Evidence{Tasks: []ecs.Task{oom}, Settings: explain.Settings{TaskMemory: "1024", Memory: map[string]string{"app": "512"}}},
			[]string{"its limit is 512 MiB"},
		},
		"or else the task's": {
			explain.Evidence{Tasks: []ecs.Task{oom}, Settings: explain.Settings{TaskMemory: "1 GB"}},
			[]string{"the task's limit is 1 GB"},
		},
		"a grace that is shorter than the start": {
			explain.Evidence{
				Tasks:    []ecs.Task{unhealthy("1", 61*time.Second), unhealthy("2", 64*time.Second)},
				Settings: explain.Settings{LoadBalanced: true, Grace: 10 * time.Second},
			},
			[]string{"stopped 1m1s to 1m4s after its start; healthCheckGracePeriodSeconds is 10", "set healthCheckGracePeriodSeconds to 120"},
		},
		"no route, in private subnets": {
			explain.Evidence{Tasks: []ecs.Task{noRoute}, Settings: explain.Settings{Subnets: []string{"subnet-1"}}},
			[]string{"subnet-1; assignPublicIp is DISABLED", "NAT gateway"},
		},
		"two tasks of which 75 % must stay": {
			explain.Evidence{Settings: explain.Settings{Desired: 2, Running: 2, MinHealthyPercent: 75, MaxPercent: 100, Replacing: true}},
			[]string{"of 2 tasks 2 must stay healthy (minimumHealthyPercent 75, rounded up)", "maximumPercent"},
		},
		"three tasks of which there may be 125 %": {
			explain.Evidence{Settings: explain.Settings{Desired: 3, Running: 3, MinHealthyPercent: 100, MaxPercent: 125, Replacing: true}},
			[]string{"no more than 3 may exist (maximumPercent 125, rounded down)"},
		},
		"alarms by name": {
			explain.Evidence{
				Events:   []ecs.Event{{Message: "(service api) (deployment ecs-svc/1) deployment failed: alarm detected."}},
				Settings: explain.Settings{Alarms: []string{"errors-5xx"}},
			},
			[]string{"alarm", "errors-5xx"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			causes := explain.Causes(test.evidence)
			if len(causes) != 1 {
				t.Fatalf("causes: %+v", causes)
			}
			text := causes[0].Cause + "\n" + causes[0].Evidence + "\n" + causes[0].Advice
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q: %s", want, text)
				}
			}
		})
	}
}

func TestNoDeadlockWhereThereIsRoom(t *testing.T) {
	for _, s := range []explain.Settings{
		{Desired: 4, Running: 4, MinHealthyPercent: 75, MaxPercent: 100, Replacing: true},
		{Desired: 3, Running: 3, MinHealthyPercent: 100, MaxPercent: 134, Replacing: true},
		{Desired: 2, Running: 2, MinHealthyPercent: 100, MaxPercent: 100},
		{MinHealthyPercent: 100, MaxPercent: 100, Replacing: true},
	} {
		if causes := explain.Causes(explain.Evidence{Settings: s}); len(causes) != 0 {
			t.Errorf("%+v: %+v", s, causes)
		}
	}
}
