package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// copyEach copies a file for each line of a list, with NAME filled in, in the file's
// name as well. Where that says no NAME, the copies follow each other in one file:
// each LIST FROM TO.
func copyEach(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: each LIST FROM TO")
	}
	content := map[string]string{}
	for _, name := range strings.Fields(ts.ReadFile(args[0])) {
		content[strings.ReplaceAll(args[2], "NAME", name)] += strings.ReplaceAll(ts.ReadFile(args[1]), "NAME", name)
	}
	for file, text := range content {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

// overtake waits for a rollout of a service, and deploys another revision of its family
// then, as somebody else would: overtake CLUSTER SERVICE [ACCOUNT].
func overtake(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: overtake CLUSTER SERVICE [ACCOUNT]")
	}
	cluster, service, account := args[0], args[1], accountOf(args, 2)
	ours := rollingOut(ts, cluster, service, account)
	var answer struct{ TaskDefinition map[string]any }
	ts.Check(json.Unmarshal(aws(ts, account, ecsTarget+"DescribeTaskDefinition", `{"taskDefinition":"`+ours+`"}`), &answer))
	definition := answer.TaskDefinition
	definition["memory"] = "1024"
	theirs, err := json.Marshal(definition)
	ts.Check(err)
	aws(ts, account, ecsTarget+"RegisterTaskDefinition", string(theirs))
	aws(ts, account, ecsTarget+"UpdateService", fmt.Sprintf(`{"cluster":%q,"service":%q,"taskDefinition":%q}`, cluster, service, service))
}

// rollingOut waits until a service has a deployment beside the one that ran, and returns
// the task definition of it.
func rollingOut(ts *testscript.TestScript, cluster, service, account string) string {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 10_000 {
		<-ticker.C
		var answer struct {
			Services []struct {
				Deployments []struct{ Status, TaskDefinition string }
			}
		}
		ts.Check(json.Unmarshal(aws(ts, account, ecsTarget+"DescribeServices", fmt.Sprintf(`{"cluster":%q,"services":[%q]}`, cluster, service)), &answer))
		if len(answer.Services) == 1 && len(answer.Services[0].Deployments) > 1 {
			return answer.Services[0].Deployments[0].TaskDefinition
		}
	}
	ts.Fatalf("no rollout of %s began in %s", service, cluster)
	return ""
}

// pushEach pushes shop/NAME for each line of a list: pusheach LIST TAG [LABEL=VALUE...].
func pushEach(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: pusheach LIST TAG [LABEL=VALUE...]")
	}
	for _, name := range strings.Fields(ts.ReadFile(args[0])) {
		pushImage(ts, neg, append([]string{"shop/" + name + ":" + args[1]}, args[2:]...))
	}
}
