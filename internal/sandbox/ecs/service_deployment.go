package ecs

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type listServiceDeploymentsIn struct {
	paging
	clusterIn
	Service   string
	Status    []string
	CreatedAt *struct{ Before, After wire.Time }
}

type listServiceDeploymentsOut struct {
	ServiceDeployments []serviceDeploymentBrief `json:"serviceDeployments"`
	NextToken          string                   `json:"nextToken,omitempty"`
}

// listServiceDeployments answers the newest first.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
func (c call) listServiceDeployments(cluster *cluster, in listServiceDeploymentsIn) (listServiceDeploymentsOut, error) {
	out := listServiceDeploymentsOut{ServiceDeployments: []serviceDeploymentBrief{}}
	s := c.service(cluster, in.Service)
	if s == nil {
		return out, serviceNotFound()
	}
	l := list[*rollout.ServiceDeployment]{descending: true, key: func(d *rollout.ServiceDeployment) string {
		return d.CreatedAt.UTC().Format("2006-01-02T15:04:05.000000000") + d.ARN
	}}
	for _, d := range s.History {
		if in.wants(d) {
			l.items = append(l.items, d)
		}
	}
	slices.SortFunc(l.items, func(a, b *rollout.ServiceDeployment) int { return strings.Compare(l.key(b), l.key(a)) })
	found, next, err := page(in.paging, l, 20)
	for _, d := range found {
		out.ServiceDeployments = append(out.ServiceDeployments, briefOf(d, s))
	}
	out.NextToken = next
	return out, err
}

func (in listServiceDeploymentsIn) wants(d *rollout.ServiceDeployment) bool {
	if len(in.Status) > 0 && !slices.Contains(in.Status, d.Status) {
		return false
	}
	if in.CreatedAt == nil {
		return true
	}
	before, after := in.CreatedAt.Before.Time, in.CreatedAt.After.Time
	return (before.IsZero() || d.CreatedAt.Before(before)) && (after.IsZero() || d.CreatedAt.After(after))
}

type describeServiceDeploymentsIn struct{ ServiceDeploymentARNs []string }

type describeServiceDeploymentsOut struct {
	ServiceDeployments []serviceDeploymentRecord `json:"serviceDeployments"`
	Failures           []failure                 `json:"failures"`
}

func (c call) describeServiceDeployments(in describeServiceDeploymentsIn) (describeServiceDeploymentsOut, error) {
	out := describeServiceDeploymentsOut{ServiceDeployments: []serviceDeploymentRecord{}, Failures: []failure{}}
	if err := checkBatch("serviceDeploymentArns", in.ServiceDeploymentARNs, 20); err != nil {
		return out, err
	}
	for _, arn := range in.ServiceDeploymentARNs {
		d, s := c.engine.ServiceDeployment(arn)
		if d == nil {
			out.Failures = append(out.Failures, missing(arn))
			continue
		}
		out.ServiceDeployments = append(out.ServiceDeployments, c.serviceDeploymentRecord(d, s))
	}
	return out, nil
}

type describeServiceRevisionsIn struct{ ServiceRevisionARNs []string }

type describeServiceRevisionsOut struct {
	ServiceRevisions []serviceRevisionRecord `json:"serviceRevisions"`
	Failures         []failure               `json:"failures"`
}

func (c call) describeServiceRevisions(in describeServiceRevisionsIn) (describeServiceRevisionsOut, error) {
	out := describeServiceRevisionsOut{ServiceRevisions: []serviceRevisionRecord{}, Failures: []failure{}}
	if err := checkBatch("serviceRevisionArns", in.ServiceRevisionARNs, 20); err != nil {
		return out, err
	}
	for _, arn := range in.ServiceRevisionARNs {
		revision, s := c.engine.ServiceRevision(arn)
		if revision == nil {
			out.Failures = append(out.Failures, missing(arn))
			continue
		}
		out.ServiceRevisions = append(out.ServiceRevisions, serviceRevisionRecordOf(revision, s))
	}
	return out, nil
}

type stopServiceDeploymentIn struct {
	ServiceDeploymentARN string
	StopType             string // ROLLBACK, the default; the documentation allows no other
}

type stopServiceDeploymentOut struct {
	ARN string `json:"serviceDeploymentArn"`
}

func (c call) stopServiceDeployment(in stopServiceDeploymentIn) (stopServiceDeploymentOut, error) {
	out := stopServiceDeploymentOut{ARN: in.ServiceDeploymentARN}
	if in.StopType != "" && in.StopType != "ROLLBACK" {
		return out, invalidParameter("stopType should be one of [ROLLBACK]")
	}
	return out, c.engine.StopServiceDeployment(c.deps.Clock.Now(), in.ServiceDeploymentARN)
}

type continueServiceDeploymentIn struct {
	ServiceDeploymentARN string
	HookID               string
	Action               string // CONTINUE, the default, or ROLLBACK
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
func (c call) continueServiceDeployment(in continueServiceDeploymentIn) (stopServiceDeploymentOut, error) {
	out := stopServiceDeploymentOut{ARN: in.ServiceDeploymentARN}
	if in.Action != "" && in.Action != "CONTINUE" && in.Action != "ROLLBACK" {
		return out, invalidParameter("action should be one of [ROLLBACK,CONTINUE]")
	}
	return out, c.engine.ContinueServiceDeployment(c.deps.Clock.Now(), in.ServiceDeploymentARN, in.HookID, in.Action == "ROLLBACK")
}

// serviceDeploymentBrief is the ServiceDeploymentBrief structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html
type serviceDeploymentBrief struct {
	ARN          string    `json:"serviceDeploymentArn"`
	ServiceARN   string    `json:"serviceArn"`
	ClusterARN   string    `json:"clusterArn"`
	Status       string    `json:"status"`
	StatusReason string    `json:"statusReason,omitempty"`
	RevisionARN  string    `json:"targetServiceRevisionArn"`
	CreatedAt    wire.Time `json:"createdAt,omitzero"`
	StartedAt    wire.Time `json:"startedAt,omitzero"`
	FinishedAt   wire.Time `json:"finishedAt,omitzero"`
}

func briefOf(d *rollout.ServiceDeployment, s *rollout.Service) serviceDeploymentBrief {
	return serviceDeploymentBrief{
		ARN: d.ARN, ServiceARN: s.Spec.ARN, ClusterARN: s.Spec.ClusterARN,
		Status: d.Status, StatusReason: d.StatusReason, RevisionARN: d.Target.ARN,
		CreatedAt: wire.At(d.CreatedAt), StartedAt: wire.At(d.StartedAt), FinishedAt: wire.At(d.FinishedAt),
	}
}

// serviceDeploymentRecord is the ServiceDeployment structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
type serviceDeploymentRecord struct {
	ARN            string                  `json:"serviceDeploymentArn"`
	ServiceARN     string                  `json:"serviceArn"`
	ClusterARN     string                  `json:"clusterArn"`
	Status         string                  `json:"status"`
	StatusReason   string                  `json:"statusReason,omitempty"`
	LifecycleStage string                  `json:"lifecycleStage,omitempty"`
	Configuration  deploymentConfiguration `json:"deploymentConfiguration"`
	Sources        []revisionSummary       `json:"sourceServiceRevisions"`
	Target         revisionSummary         `json:"targetServiceRevision"`
	Breaker        breakerRecord           `json:"deploymentCircuitBreaker"`
	Alarms         alarmsRecord            `json:"alarms"`
	Rollback       *rollbackRecord         `json:"rollback,omitempty"`
	Hooks          []hookRecord            `json:"lifecycleHookDetails,omitempty"`
	CreatedAt      wire.Time               `json:"createdAt,omitzero"`
	UpdatedAt      wire.Time               `json:"updatedAt,omitzero"`
	StartedAt      wire.Time               `json:"startedAt,omitzero"`
	FinishedAt     wire.Time               `json:"finishedAt,omitzero"`
	StoppedAt      wire.Time               `json:"stoppedAt,omitzero"`
}

// hookRecord is the DeploymentLifecycleHookDetail structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html
type hookRecord struct {
	ID            string    `json:"hookId"`
	TargetType    string    `json:"targetType"`
	TargetARN     string    `json:"targetArn,omitempty"`
	Status        string    `json:"status"`
	ExpiresAt     wire.Time `json:"expiresAt"`
	TimeoutAction string    `json:"timeoutAction"`
}

func hookRecordOf(h *rollout.HookRun) hookRecord {
	record := hookRecord{
		ID: h.ID, TargetType: h.Type, TargetARN: h.Target, Status: h.Status,
		ExpiresAt: wire.At(h.ExpiresAt), TimeoutAction: "ROLLBACK",
	}
	if h.Continue {
		record.TimeoutAction = "CONTINUE"
	}
	return record
}

type breakerRecord struct {
	Status    string `json:"status"`
	Failures  int    `json:"failureCount"`
	Threshold int    `json:"threshold"`
}

type alarmsRecord struct {
	Status    string   `json:"status"`
	Names     []string `json:"alarmNames,omitempty"`
	Triggered []string `json:"triggeredAlarmNames,omitempty"`
}

type rollbackRecord struct {
	Reason      string    `json:"reason"`
	StartedAt   wire.Time `json:"startedAt"`
	RevisionARN string    `json:"serviceRevisionArn,omitempty"`
}

// revisionCount is the ServiceCurrentRevisionSummary structure of an answer.
type revisionCount struct {
	ARN       string `json:"arn"`
	Requested int    `json:"requestedTaskCount"`
	Running   int    `json:"runningTaskCount"`
	Pending   int    `json:"pendingTaskCount"`
}

// revisionSummary is the ServiceRevisionSummary structure of an answer.
type revisionSummary struct {
	revisionCount
	ProductionTraffic float64 `json:"requestedProductionTrafficWeight"`
	TestTraffic       float64 `json:"requestedTestTrafficWeight"`
}

func (r *region) serviceDeploymentRecord(d *rollout.ServiceDeployment, s *rollout.Service) serviceDeploymentRecord {
	record := serviceDeploymentRecord{
		ARN: d.ARN, ServiceARN: s.Spec.ARN, ClusterARN: s.Spec.ClusterARN,
		Status: d.Status, StatusReason: d.StatusReason, LifecycleStage: d.LifecycleStage,
		Configuration: r.settingsOf(s).Configuration,
		Sources:       []revisionSummary{},
		Target:        revisionSummary{revisionCount: countOf(d.Target), ProductionTraffic: 100, TestTraffic: 100},
		Breaker:       breakerRecord{Status: d.Breaker.Status, Failures: d.Breaker.Failures, Threshold: d.Breaker.Threshold},
		Alarms:        alarmsRecord{Status: d.Alarms.Status, Names: d.Alarms.Names, Triggered: d.Alarms.Triggered},
		CreatedAt:     wire.At(d.CreatedAt), UpdatedAt: wire.At(d.UpdatedAt), StartedAt: wire.At(d.StartedAt),
		FinishedAt: wire.At(d.FinishedAt), StoppedAt: wire.At(d.StoppedAt),
	}
	old := revisionSummary{}
	t := d.Traffic
	if t == nil && d.Status == "PENDING" { // nothing has begun yet
		t = &rollout.Traffic{}
	}
	if t != nil {
		record.Target.ProductionTraffic, record.Target.TestTraffic = t.Production, t.Test
		old.ProductionTraffic, old.TestTraffic = 100-t.Production, 100-t.Test
	}
	for i, source := range d.Sources {
		if i > 0 { // traffic comes from the newest
			old = revisionSummary{}
		}
		old.revisionCount = countOf(source)
		record.Sources = append(record.Sources, old)
	}
	for _, h := range d.Hooks {
		record.Hooks = append(record.Hooks, hookRecordOf(h))
	}
	if b := d.Rollback; b != nil {
		record.Rollback = &rollbackRecord{Reason: b.Reason, StartedAt: wire.At(b.StartedAt), RevisionARN: b.RevisionARN}
	}
	return record
}

func countOf(c rollout.RevisionCount) revisionCount {
	return revisionCount{ARN: c.ARN, Requested: c.Requested, Running: c.Running, Pending: c.Pending}
}

// current returns the newest service deployment, "" where it has not begun, and the
// revisions that have or should have tasks.
func current(s *rollout.Service) (arn string, revisions []revisionCount) {
	revisions = []revisionCount{}
	for _, d := range s.Deployments {
		count := revisionCount{ARN: d.RevisionARN, Requested: d.Desired, Running: d.Running, Pending: d.Pending}
		if awaited(s, d) {
			count.Requested = 0
		}
		revisions = append(revisions, count)
	}
	if len(s.History) == 0 || s.History[0].Status == "PENDING" {
		return "", revisions
	}
	return s.History[0].ARN, revisions
}
