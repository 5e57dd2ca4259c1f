package rollout

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// stages follows a deployment by ECS's own record of it, the service deployment: where it
// does more than to roll (it shifts traffic step by step, asks hooks, waits for somebody, or
// is watched by alarms), and where another one has taken its place. DescribeServices tells
// nothing of that, so it takes a call of its own, and only where there is something to tell.
type stages struct {
	client *deploy.Client
	arn    string // of the service deployment; "" where it is not known
	read   string // id of the PRIMARY deployment that arn and staged were read with
	staged bool
	next   time.Time
	last   ecs.ServiceDeployment
}

// stagesEvery is how often the record of one deployment is asked for.
const stagesEvery = 10 * time.Second

// look asks how the deployment under way of a service stands, where it is time to. What it
// reads of the service's record, which is long, changes with the PRIMARY deployment only.
func (s *stages) look(ctx context.Context, service ecs.Service) error {
	if primary, _ := service.Primary(); s.arn == "" || s.read != primary.ID {
		r := deploy.SettingsOf(service)
		s.arn, s.read, s.staged = cmp.Or(r.Current, s.arn), primary.ID, r.Staged()
	}
	if s.arn == "" || !s.staged {
		return nil
	}
	_, err := s.ask(ctx)
	return err
}

// ask asks for the record, where it is time to. It reports whether it did.
func (s *stages) ask(ctx context.Context) (asked bool, err error) {
	if s.client.Deployments == nil || time.Now().Before(s.next) {
		return false, nil
	}
	s.next = time.Now().Add(stagesEvery)
	found, err := s.client.Deployments.DescribeServiceDeployments(ctx, []string{s.arn})
	if err == nil && len(found) > 0 {
		s.last = found[0]
	}
	return true, err
}

// find looks for the record of ours, where no snapshot has named it: the oldest of the
// service's that brings our task definition, not older than our deployment. Both times are
// AWS's.
func (s *stages) find(ctx context.Context, d deploy.Desired, own ecs.Deployment) error {
	if s.arn != "" && s.last.Status != "" && s.last.CreatedAt.Before(own.CreatedAt.Add(-deploy.ClockAccuracy)) {
		s.arn, s.last, s.next = "", ecs.ServiceDeployment{}, time.Time{} // what the service named was the one before
	}
	if s.arn != "" || s.client.Deployments == nil || own.CreatedAt.IsZero() || time.Now().Before(s.next) {
		return nil
	}
	s.next = time.Now().Add(stagesEvery)
	arns, err := s.client.Deployments.ListServiceDeployments(ctx, d.Cluster, d.ServiceName, own.CreatedAt.Add(-deploy.ClockAccuracy))
	if err != nil || len(arns) == 0 {
		return err
	}
	found, err := s.client.Deployments.DescribeServiceDeployments(ctx, arns)
	if err != nil {
		return err
	}
	targets := make([]string, len(found))
	for i, f := range found {
		targets[i] = f.Target.ARN
	}
	revisions, err := s.client.Deployments.DescribeServiceRevisions(ctx, targets)
	if err != nil {
		return err
	}
	definitions := map[string]string{}
	for _, r := range revisions {
		definitions[r.ARN] = r.TaskDefinition
	}
	slices.SortFunc(found, func(a, b ecs.ServiceDeployment) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, f := range found {
		if definitions[f.Target.ARN] == own.TaskDefinition {
			s.arn, s.last, s.next = f.ARN, f, time.Now().Add(stagesEvery)
			return nil
		}
	}
	return nil
}

// note says in which stage the deployment is; "" where that is not known.
func (s *stages) note(d deploy.Desired) string {
	stage := s.last.LifecycleStage
	switch {
	case stage == "":
		return ""
	case len(s.last.Waiting()) > 0:
		return fmt.Sprintf("waits in stage %s for somebody: %s", stage, tagboat.HowToContinue(d.Environment, d.Service))
	case s.last.Target.ProductionTraffic > 0:
		return fmt.Sprintf("stage %s, %g %% of the traffic", stage, s.last.Target.ProductionTraffic)
	default:
		return "stage " + stage
	}
}

// lastEvent returns what ECS said last of a service since a deployment of it began,
// without the service's name, or "".
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func lastEvent(s ecs.Service, d ecs.Deployment) string {
	if len(s.Events) == 0 || d.CreatedAt.IsZero() || s.Events[0].At.Before(d.CreatedAt) {
		return ""
	}
	message := s.Events[0].Message
	if rest, ok := strings.CutPrefix(message, "(service "+s.Name); ok {
		if _, after, ok := strings.Cut(rest, ") "); ok {
			return after
		}
	}
	return message
}
