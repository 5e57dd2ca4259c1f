package explain

import (
	"fmt"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// slowStart is how long a task may take to run before that is worth a word.
const slowStart = time.Minute

// notStarted finds tasks that have long been started and do not run. Where anything else
// is known it explains more.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
func notStarted(tasks []ecs.Task, now time.Time) (Finding, bool) {
	count, longest, status := 0, time.Duration(0), ""
	for _, t := range tasks {
		waited := now.Sub(t.CreatedAt)
		if t.CreatedAt.IsZero() || !t.StartedAt.IsZero() || t.StopCode != "" || waited < slowStart {
			continue
		}
		if _, starting := starts()[t.LastStatus]; !starting {
			continue
		}
		count++
		if waited > longest {
			longest, status = waited, t.LastStatus
		}
	}
	if count == 0 {
		return Finding{}, false
	}
	return Finding{
		Cause:    fmt.Sprintf("%s not started yet", have(count)),
		Evidence: fmt.Sprintf("the oldest is %s after %s", status, longest.Round(time.Second)),
		Advice:   starts()[status],
	}, true
}

// starts says of each state before RUNNING what may take long in it.
func starts() map[string]string {
	return map[string]string{
		"PROVISIONING": "AWS makes the network interface: see whether the subnets have free addresses",
		"PENDING":      "the images are being pulled, or containers wait for others (dependsOn): see how large the images are and how the tasks reach the registry",
		"ACTIVATING":   "the load balancer or service discovery is told of the tasks: see the target group's health checks",
	}
}

func have(tasks int) string {
	if tasks == 1 {
		return "1 task has"
	}
	return fmt.Sprintf("%d tasks have", tasks)
}
