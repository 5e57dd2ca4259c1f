package ecs

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type listServiceDeploymentsIn struct {
	paging
	Cluster   string
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
func (c call) listServiceDeployments(in listServiceDeploymentsIn) (listServiceDeploymentsOut, error) {
	out := listServiceDeploymentsOut{ServiceDeployments: []serviceDeploymentBrief{}}
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return out, err
	}
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
	if err := checkBatch("serviceDeploymentArns", in.ServiceDeploymentARNs); err != nil {
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
	if err := checkBatch("serviceRevisionArns", in.ServiceRevisionARNs); err != nil {
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

// checkBatch holds the limit of the two Describe operations of this file.
func checkBatch(name string, arns []string) error {
	const most = 20
	if len(arns) == 0 {
		return invalidParameter("%s cannot be empty.", name)
	}
	if len(arns) > most {
		return invalidParameter("%s cannot have more than %d elements.", name, most)
	}
	return nil
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
