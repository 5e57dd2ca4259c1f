package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// rejected is what rollbacks left of a service.
type rejected struct {
	holds   ledger.Holds
	service tagboat.ServiceName
}

var _ status.Rejected = rejected{}

// Version implements status.Rejected.
func (r rejected) Version(image tagboat.ImageName, version tagboat.Digest) bool {
	return r.holds[image].Rejects(version)
}

// Revision implements status.Rejected.
func (r rejected) Revision(definition string) bool {
	return slices.Contains(r.revisions(), definition)
}

func (r rejected) revisions() []string { return r.holds[ledger.OfService(r.service)].Revisions }

// rejects returns, by service, the revisions of an environment that a rollback leaves and that
// brought no other version, and those that were rejected and that it goes back to.
func (r *Rollback) rejects(env tagboat.EnvName) map[tagboat.ServiceName]pinning.RejectedRevisions {
	return r.leftOf(env, func(i int) deploy.PastRevision { return r.ways[i].Brought })
}

// Left returns, by service, the revisions that a set which brings services back leaves in their
// environment, and that brought no other version.
func (s *PlanSet) Left(env tagboat.EnvName) map[tagboat.ServiceName]pinning.RejectedRevisions {
	return s.leftOf(env, func(int) deploy.PastRevision { return deploy.PastRevision{} })
}

// BringsBack makes a set one that brings services back, once what it leaves was rejected: known is
// what the environment had then. The journal says that it is a rollback, and automation's holds
// are those that were looked at before.
func (s *PlanSet) BringsBack(known ledger.Book) { s.back, s.known = true, known }

func (s *PlanSet) leftOf(env tagboat.EnvName, brought func(i int) deploy.PastRevision) map[tagboat.ServiceName]pinning.RejectedRevisions {
	all := map[tagboat.ServiceName]pinning.RejectedRevisions{}
	for i, p := range s.plans {
		if p.Desired.Environment != env || p.LeftAlone != nil {
			continue
		}
		holds, _ := s.cells[i].Book().Holds(env) // it was read when the rollback was planned
		was, to := rejected{holds, p.Desired.Service}, ecs.LastPart(p.Desired.Revision)
		var one pinning.RejectedRevisions
		if was.Revision(to) {
			one.To = []string{to}
		}
		for _, revision := range leaves(p, brought(i)) {
			if !was.Revision(revision) {
				one.Left = append(one.Left, revision)
			}
		}
		if len(one.Left)+len(one.To) > 0 {
			all[p.Desired.Service] = one
		}
	}
	return all
}

// leaves returns the revisions that a plan to go back leaves and that have the versions which
// it goes back to: what the service runs, and what was deployed last.
func leaves(p deploy.Plan, brought deploy.PastRevision) []string {
	to := ecs.LastPart(p.Desired.Revision)
	var left []string
	runs := ""
	if current := p.Observed.Current; current != nil {
		runs = ecs.LastPart(current.ARN)
		if runs != to && !deploy.Equal(p.Desired.Definition, *current) && runsVersions(*current, p.Desired.Images) {
			left = append(left, runs)
		}
	}
	if name := ecs.LastPart(brought.TaskDefinition); name != "" && name != to && name != runs && brought.HasPinned(p.Desired.Images) {
		left = append(left, name)
	}
	return left
}

// runsVersions reports whether a revision has these versions of images.
func runsVersions(revision ecs.TaskDefinition, images []deploy.Image) bool {
	contents, err := deploy.ReadContents(revision.Record)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(images, func(i deploy.Image) bool {
		return !slices.ContainsFunc(contents.Containers, func(c deploy.Container) bool {
			ref, err := tagboat.ParseReference(c.Image)
			return err == nil && c.Name == string(i.Container) && ref.Digest == i.Pinned.Digest
		})
	})
}

// comesBack returns which of the rejected revisions of a cell's service a plan brings back,
// versions aside; "" where it brings none.
func comesBack(ctx context.Context, c fleet.Cell, p deploy.Plan) (string, error) {
	holds, err := c.Book().Holds(c.Env.Name)
	if err != nil {
		return "", err
	}
	var containers []tagboat.ContainerName
	for _, image := range p.Desired.Images {
		containers = append(containers, image.Container)
	}
	for _, revision := range (rejected{holds, c.Service.Name}).revisions() {
		described, err := p.Client.ECS.DescribeTaskDefinition(ctx, revision)
		if errors.Is(err, ecs.ErrNotFound) {
			continue // somebody deleted it
		}
		if err != nil {
			return "", fmt.Errorf("reading task definition %q, which was rejected: %w", revision, err)
		}
		was, err := taskdef.FromJSON(described.Record)
		if err != nil {
			return "", fmt.Errorf("reading task definition %q, which was rejected: %w", revision, err)
		}
		if taskdef.EqualButVersions(p.Desired.Definition, was, containers) {
			return revision, nil
		}
	}
	return "", nil
}

// revisionRejected is the error of automation that would bring a rejected revision back.
func revisionRejected(c fleet.Cell, revision string) error {
	return tagboat.Errorf(tagboat.Blocked, "the task definition of service %s is that of %s, which was rejected in %s by a rollback", c.Service.Name, revision, c.Env.Name).
		WithHint("where it is good after all, a person can deploy it, without --automation")
}

// accept takes back the rejections of what a person deployed and what runs now.
func (d *Delivery) accept(ctx context.Context, s *PlanSet, done []tagboat.Deployment) {
	if s.automation {
		return
	}
	for i, c := range s.cells {
		switch done[i].Verdict {
		case tagboat.VerdictSucceeded, tagboat.VerdictUnchanged, tagboat.VerdictStarted:
		default:
			continue
		}
		revision, err := comesBack(ctx, c, s.plans[i])
		if err == nil && revision != "" {
			err = d.Holds.AcceptRevision(ctx, c.Env, c.Service.Name, revision)
		}
		if err != nil {
			operation.Tell(ctx, Undone{fmt.Errorf("what was rejected of %s in %s stays rejected: %w", c.Service.Name, c.Env.Name, err)})
		}
	}
}

// goingBack says what a service goes back from and to.
func goingBack(p deploy.Plan, since time.Time) tagboat.GoingBack {
	back := tagboat.GoingBack{
		Environment: p.Desired.Environment, Service: p.Desired.Service,
		Images: deploy.WithPreviousVersions(deploy.ImageStates(p.Desired.Images, nil), p),
		To:     aged(p, p.Desired.Revision, since),
	}
	for i := range back.Images {
		if !p.Changes() { // it runs already
			back.Images[i].Previous, back.Images[i].PreviousTag = back.Images[i].Pinned, back.Images[i].Tag
		}
	}
	if primary, ok := p.Observed.Primary(); ok {
		back.From = aged(p, primary.TaskDefinition, primary.CreatedAt)
	}
	return back
}

func aged(p deploy.Plan, revision string, since time.Time) tagboat.RevisionSince {
	return tagboat.RevisionSince{
		TaskDefinition: revision, Since: &since, AgeSeconds: max(0, int64(p.Client.Time().Sub(since).Seconds())),
	}
}
