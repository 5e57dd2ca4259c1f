package page

import (
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// ago is a time before noon.
func ago(d time.Duration) time.Time { return noon.Add(-d) }

func release(name string) tagboat.Release {
	at := ago(time.Duration(20-len(name)) * time.Hour)
	return tagboat.Release{Name: name, ID: digestOf("release " + name), Commit: "9f3c1e7ab2d4", Author: "arn:aws:sts::1:assumed-role/ci/run-77", CreatedAt: &at}
}

func sampleEvents() []tagboat.Event {
	from, to := tagboat.Observed{Tag: "1.4.1", Digest: digestOf("1.4.1")}, tagboat.Observed{Tag: "1.4.2", Digest: digestOf("1.4.2")}
	event := func(hours time.Duration, by, command string, change func(*tagboat.Event)) tagboat.Event {
		e := tagboat.Event{At: ago(hours * time.Hour), By: "arn:aws:sts::1:assumed-role/people/" + by, Command: command, Environment: "prod"}
		change(&e)
		return e
	}
	return []tagboat.Event{
		event(2, "anna", "hold", func(e *tagboat.Event) { e.Image, e.Message = "*", "load test until Friday" }),
		event(3, "bea", "deploy", func(e *tagboat.Event) {
			e.Service, e.Verdict, e.DeploymentID = "api", tagboat.VerdictSucceeded, "ecs-svc/1234567890123456789"
			e.Changes = []tagboat.ImageChange{{Image: "api", From: from, To: to}}
		}),
		event(3, "bea", "promote", func(e *tagboat.Event) {
			e.Release, e.FromEnvironment, e.Verdict = "17", "staging", tagboat.VerdictSucceeded
		}),
		event(5, "anna", "approve", func(e *tagboat.Event) { e.Release, e.Message = "17", "looks good" }),
		event(27, "ci", "deploy", func(e *tagboat.Event) {
			e.Service, e.Verdict, e.Message = "worker", tagboat.VerdictRolledBack, "the container exited with 3, 1 s after its start"
			e.Changes = []tagboat.ImageChange{{Image: "worker", From: to, To: from}}
		}),
		event(29, "terraform", "write", func(e *tagboat.Event) { e.Image, e.Foreign, e.From, e.To = "api", true, to, from }),
		event(30, "anna", "pin", func(e *tagboat.Event) { e.Image, e.From, e.To = "web", from, to }),
	}
}

func sampleGates() []tagboat.GateResult {
	opens := noon.Add(3 * time.Hour)
	return []tagboat.GateResult{
		{Gate: "upstream", Passed: true, Reason: "staging has it since 09:12"},
		{Gate: "soak", Reason: "it has soaked for 21h of 24h in staging", Cause: tagboat.CauseSoaking, Opens: &opens, Hint: "wait, or override it: tagboat promote 18 --env prod --break-glass soak"},
		{Gate: "window", Passed: true, Reason: "it is open until 20:00Z"},
		{Gate: "approvals", Reason: "1 of 2 approvals: anna", Cause: tagboat.CauseApprovals, Hint: "another approver has to run: tagboat approve 18 --to prod"},
	}
}

// opened is the drawer of api in prod.
func opened(s sight) drawer {
	at := place{"prod", "api"}
	status := s.at(at)
	envRelease := tagboat.EnvironmentStatus{Environment: "prod", Release: "17"}
	d := drawer{place: at, By: "bea", Cell: s.cellIn(s.column(s.config.Environments["prod"]), "api")}
	d.ServiceDocument = tagboat.ServiceDocument{
		Status: status, Release: &envRelease, Events: sampleEvents(),
		Containers: []tagboat.ServiceContainer{
			{ImageState: status.Images[0], Repository: "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api", Commit: "9f3c1e7ab2d4", Link: "https://example.com/shop/commit/9f3c1e7ab2d4"},
			{ImageState: tagboat.ImageState{Container: "envoy", Image: "proxy", Tag: "1.4", RunningTag: "1.4", Pinned: digestOf("1.4"), Running: digestOf("1.4")}},
		},
		Upstream: &tagboat.UpstreamService{Environment: "staging", Between: []tagboat.Release{release("18")}, Images: []tagboat.ReleaseImageDiff{{
			Image: "api", From: tagboat.Observed{Tag: "1.4.2", Digest: digestOf("1.4.2")}, To: tagboat.Observed{Tag: "1.5.0", Digest: digestOf("1.5.0")},
			Commits: "9f3c1e7..b81d2aa", Link: "https://example.com/shop/compare/9f3c1e7...b81d2aa"}}},
		Next: &tagboat.PromotionResult{Environment: "prod", Release: release("18"), State: tagboat.PromotionWaiting, Cause: tagboat.CauseApprovals, Gates: sampleGates(), PassedOver: []tagboat.Release{release("16")}},
	}
	may := []tagboat.ActionKind{tagboat.ActionPromote, tagboat.ActionRollback, tagboat.ActionHold, tagboat.ActionUnhold, tagboat.ActionApprove, tagboat.ActionContinue, tagboat.ActionAbort}
	d.Acts = actsFor(d, tagboat.PersonDocument{Name: "anna", Role: string(door.Approver), May: may})
	return d
}

func sampleRollout() *tagboat.RolloutDocument {
	task := func(id, deployment, status, wanted, health string) tagboat.RolloutTask {
		return tagboat.RolloutTask{ID: id, Deployment: deployment, Status: status, Wanted: wanted, Health: health}
	}
	return &tagboat.RolloutDocument{Environment: "prod", Service: "api", At: noon,
		Deployments: []tagboat.RolloutDeployment{
			{ID: "new", Status: "PRIMARY", State: "IN_PROGRESS", TaskDefinition: "shop-api:8", Stage: "PRODUCTION_TRAFFIC_SHIFT", Desired: 4, Running: 2, Pending: 1},
			{ID: "old", Status: "ACTIVE", State: "COMPLETED", TaskDefinition: "shop-api:7", Desired: 4, Running: 2}},
		Tasks: []tagboat.RolloutTask{
			task("f3a9c1", "new", "RUNNING", "RUNNING", "HEALTHY"), task("0b77de", "new", "RUNNING", "RUNNING", "UNKNOWN"), task("92c1aa", "new", "PENDING", "RUNNING", "UNKNOWN"),
			task("11bd0e", "old", "RUNNING", "RUNNING", "HEALTHY"), task("77aa02", "old", "DEACTIVATING", "STOPPED", "HEALTHY"), task("5e5e11", "old", "STOPPED", "STOPPED", "UNKNOWN")},
		Messages: []tagboat.RolloutMessage{
			{At: ago(4 * time.Second), Message: "(service api) registered 1 targets in (target-group tg-api)"},
			{At: ago(21 * time.Second), Message: "(service api) has started 2 tasks: (task f3a9c1) (task 0b77de)."}}}
}

func sampleCauses() []tagboat.Cause {
	return []tagboat.Cause{{Cause: "The container app exited with 3, one second after its start", Evidence: "panic: no such table: orders\n\tmain.go:42", Advice: "run the migration before this version, or roll back", Class: "yours"}}
}

func sampleDryRun() dryRun {
	next := release("18")
	pin := tagboat.PinChange{Environment: "prod", Image: "api", From: tagboat.Observed{Tag: "1.4.2", Digest: digestOf("1.4.2")}, To: tagboat.Observed{Tag: "1.5.0", Digest: digestOf("1.5.0")}}
	gates := sampleGates()
	gates[1].Passed, gates[3].Passed, gates[1].Reason, gates[3].Reason = true, true, "it has soaked for 25h of 24h in staging", "2 of 2 approvals: anna, bea"
	a := tagboat.Action{Kind: tagboat.ActionPromote, Environments: []tagboat.EnvName{"prod"}, Release: "18"}
	return dryRun{Form: packed([]tagboat.Action{a}), ActionsDocument: tagboat.ActionsDocument{Plan: "sha256:3f9a2c77b0de11", Ready: true, Actions: []tagboat.PlannedAction{{
		Action: a, Command: "tagboat promote 18 --env prod --plan 3f9a2c77b0de",
		Promotion: &tagboat.PromotionDocument{Promotions: []tagboat.PromotionResult{{
			Environment: "prod", Release: next, From: release("17"), State: tagboat.PromotionReady, Gates: gates, Pins: []tagboat.PinChange{pin},
			Changes: []tagboat.Change{{Environment: "prod", Service: "api", Steps: []string{"register shop-api:8", "update the service api"},
				Diff: "  containerDefinitions[app]\n-   image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api@sha256:1111 (1.4.2)\n+   image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api@sha256:2222 (1.5.0)\n"}}}}}}}}}
}

func sampleOperation() operationScreen {
	a := tagboat.Action{Kind: tagboat.ActionPromote, Environments: []tagboat.EnvName{"prod"}, Release: "18"}
	rollout := *sampleRollout()
	return operationScreen{
		OperationDocument: tagboat.OperationDocument{ID: "op7", By: "anna", State: tagboat.OperationRunning, StartedAt: ago(45 * time.Second),
			Actions: []tagboat.OperationAction{{Action: a, State: tagboat.OperationRunning}},
			Progress: []tagboat.Progress{
				{Environment: "prod", Service: "api", State: "rolling", Healthy: 2, Desired: 4, Note: "2 of 4 new tasks are healthy", At: noon},
				{Environment: "prod", Service: "web", State: "applying", Desired: 2, At: noon},
				{Environment: "prod", Service: "worker", State: "done", Verdict: tagboat.VerdictSucceeded, Healthy: 1, Desired: 1, At: noon}}},
		Rollouts: map[place]tagboat.RolloutDocument{{"prod", "api"}: rollout},
	}
}

func sampleWhy() tagboat.WhyDocument {
	return tagboat.WhyDocument{Environment: "prod", Image: "api", Version: tagboat.Observed{Tag: "1.5.0", Digest: digestOf("1.5.0")}, Release: "18", Open: "gates", Links: []tagboat.Link{
		{Link: "pushed", State: tagboat.LinkClosed, Evidence: "1.5.0 was pushed 26h ago"},
		{Link: "chosen", State: tagboat.LinkClosed, Evidence: "semver >=1.0.0 chooses it"},
		{Link: "released", State: tagboat.LinkClosed, Evidence: "release 18 has it"},
		{Link: "upstream", State: tagboat.LinkClosed, Evidence: "staging runs it since 09:12"},
		{Link: "gates", State: tagboat.LinkOpen, Cause: tagboat.CauseApprovals, Evidence: "1 of 2 approvals: anna", Hint: "another approver has to run: tagboat approve 18 --to prod"},
		{Link: "pinned", State: tagboat.LinkOpen, Evidence: "1.4.2 is pinned"},
		{Link: "deployed", State: tagboat.LinkUnknown, Evidence: "no deployment of it was begun"},
		{Link: "running", State: tagboat.LinkOpen, Evidence: "1.4.2 runs"}}}
}

func sampleImage() tagboat.ImagesDocument {
	version := func(tag string, hours time.Duration, envs ...tagboat.EnvName) tagboat.ImageVersion {
		at := ago(hours * time.Hour)
		return tagboat.ImageVersion{Tags: []string{tag}, Digest: digestOf(tag), PushedAt: &at, Size: 84_300_000, Revision: "9f3c1e7ab2d4", Scan: "COMPLETE", Findings: map[string]int{"MEDIUM": len(envs)}, Pinned: envs, Running: envs, Looked: true}
	}
	return tagboat.ImagesDocument{Image: "api", Repository: "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api", Rule: "semver >=1.0.0", Total: 84,
		Chosen:   &tagboat.ChosenVersion{Tag: "1.5.0", Digest: digestOf("1.5.0"), Decided: "1.5.0 is the highest version of 84"},
		Versions: []tagboat.ImageVersion{version("1.5.0", 26, "dev", "mb-dev", "staging"), version("1.4.2", 80, "mb-staging", "prod", "mb-prod"), version("1.4.1", 120)},
		Tags:     []tagboat.TagVerdict{{Tag: "1.5.0", Accepted: true, Key: "1.5.0"}, {Tag: "1.4.2", Accepted: true, Key: "1.4.2"}, {Tag: "main", Reason: "is not a semantic version"}}}
}

func sampleRelease() releaseScreen {
	since := ago(3 * time.Hour)
	return releaseScreen{From: "17", Names: []string{"17", "16"},
		ReleaseDocument: tagboat.ReleaseDocument{Release: release("18"), Images: []tagboat.ReleaseImage{{Image: "api", Tag: "1.5.0", Digest: digestOf("1.5.0")}, {Image: "web", Tag: "1.4.2", Digest: digestOf("1.4.2")}}},
		Where: []tagboat.Standing{
			{Environment: "dev", State: tagboat.StandingRuns, Periods: []tagboat.Period{{From: since, By: "ci"}}},
			{Environment: "staging", State: tagboat.StandingPartly, Periods: []tagboat.Period{{From: since, By: "ci"}}},
			{Environment: "prod", State: tagboat.StandingWaits, Reason: "1 of 2 approvals"}, {Environment: "mb-prod", State: tagboat.StandingNever}},
		Diff: &tagboat.ReleaseDiffDocument{Images: []tagboat.ReleaseImageDiff{{Image: "api", From: tagboat.Observed{Tag: "1.4.2", Digest: digestOf("1.4.2")}, To: tagboat.Observed{Tag: "1.5.0", Digest: digestOf("1.5.0")}, Commits: "9f3c1e7..b81d2aa"}},
			Files: []tagboat.ReleaseFileDiff{{Service: "api", File: "taskDefinition", Diff: "@@ -3,3 +3,3 @@\n   \"cpu\": \"256\",\n-  \"memory\": \"512\",\n+  \"memory\": \"1024\",\n"}},
			Vars:  []tagboat.ReleaseVarDiff{{Name: "replicas", Scope: "prod", From: 2, To: 4}}}}
}
