package deploy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// PastRevision is a service revision that was deployed.
type PastRevision struct {
	ecs.ServiceRevision
	Newest    bool // it is that of the service's newest deployment
	Well      bool // its deployment succeeded
	CreatedAt time.Time
}

// Digest returns what a container ran, or "" where the service revision does not say.
func (r PastRevision) Digest(container tagboat.ContainerName) tagboat.Digest {
	for _, image := range r.Images {
		if image.Container != string(container) {
			continue
		}
		if ref, err := tagboat.ParseReference(image.Image); err == nil && ref.Digest != "" {
			return ref.Digest
		}
	}
	return ""
}

// HasPinned reports whether the revision is known to have the versions that are pinned.
func (r PastRevision) HasPinned(images []Image) bool {
	return !slices.ContainsFunc(images, func(i Image) bool {
		digest := r.Digest(i.Container)
		return digest == "" || digest != i.Pinned.Digest
	})
}

// RevisionsPerCall is what DescribeServiceRevisions takes at most.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
const RevisionsPerCall = 20

// RanWell returns what a service ran well, as Deployed does.
func RanWell(ctx context.Context, h History, d Desired, by time.Time) iter.Seq2[PastRevision, error] {
	return func(yield func(PastRevision, error) bool) {
		for past, err := range Deployed(ctx, h, d, by) {
			if (err != nil || past.Well) && !yield(past, err) {
				return
			}
		}
	}
}

// Deployed returns what was deployed as a service, well or not, the newest first, and reads no
// more of it than is wanted; that alone which had ended at a time, unless it is zero.
func Deployed(ctx context.Context, h History, d Desired, by time.Time) iter.Seq2[PastRevision, error] {
	return func(yield func(PastRevision, error) bool) {
		first := true
		for page, err := range newestFirst(h.ServiceDeployments(ctx, d.Cluster, d.ServiceName, by)) {
			if errors.Is(err, ecs.ErrNotFound) {
				return
			}
			if err != nil {
				yield(PastRevision{}, fmt.Errorf("reading the deployments of service %q: %w", d.ServiceName, err))
				return
			}
			newest := ""
			if first && len(page) > 0 {
				newest, first = page[0].Target.ARN, false
			}
			page = slices.DeleteFunc(page, func(d ecs.ServiceDeployment) bool {
				return !by.IsZero() && (d.FinishedAt.IsZero() || d.FinishedAt.After(by))
			})
			for some := range slices.Chunk(page, RevisionsPerCall) {
				if !yieldRevisions(ctx, h, d, some, newest, yield) {
					return
				}
			}
		}
	}
}

// yieldRevisions yields the revisions that deployments brought, and reports whether more are
// wanted.
func yieldRevisions(ctx context.Context, h History, d Desired, deployments []ecs.ServiceDeployment, newest string, yield func(PastRevision, error) bool) bool {
	revisions, err := revisionsBy(ctx, h, d, deployments)
	if err != nil {
		return yield(PastRevision{}, err) && false
	}
	for _, deployment := range deployments {
		r, known := revisions[deployment.Target.ARN]
		r.Newest, r.Well, r.CreatedAt = r.ARN == newest, deployment.Status == ecs.Successful, deployment.CreatedAt
		if known && r.TaskDefinition != "" && !yield(r, nil) {
			return false
		}
	}
	return true
}

// newestFirst returns the pages as they come while they are in order, newest first, which
// AWS documents nowhere. Where they are not, it reads all of them and brings them in order.
func newestFirst(pages iter.Seq2[[]ecs.ServiceDeployment, error]) iter.Seq2[[]ecs.ServiceDeployment, error] {
	order := func(a, b ecs.ServiceDeployment) int { return b.CreatedAt.Compare(a.CreatedAt) }
	return func(yield func([]ecs.ServiceDeployment, error) bool) {
		var rest []ecs.ServiceDeployment
		for page, err := range pages {
			if err == nil && (rest != nil || !slices.IsSortedFunc(page, order)) {
				rest = append(rest, page...)
				continue
			}
			if !yield(page, err) {
				return
			}
		}
		if rest != nil {
			slices.SortStableFunc(rest, order)
			yield(rest, nil)
		}
	}
}

// JudgementOf returns the judgement of the newest service deployment with the wanted versions;
// nil where there is none among the recent ones, or where it succeeded and something
// else was deployed since: the versions may have been pinned after that.
func JudgementOf(ctx context.Context, p Plan) (*Judge, error) {
	h, d := p.Client.Deployments, p.Desired
	if h == nil || p.Observed.Service == nil || len(d.Images) == 0 {
		return nil, nil
	}
	for page, err := range newestFirst(h.ServiceDeployments(ctx, d.Cluster, d.ServiceName, time.Time{})) {
		if err != nil {
			return nil, fmt.Errorf("reading the deployments of service %q: %w", d.ServiceName, err)
		}
		recent := page[:min(len(page), RevisionsPerCall)]
		revisions, err := revisionsBy(ctx, h, d, recent)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(recent, func(deployment ecs.ServiceDeployment) bool {
			revision, known := revisions[deployment.Target.ARN]
			return known && revision.HasPinned(d.Images)
		})
		if i < 0 || i > 0 && recent[i].Status == ecs.Successful {
			return nil, nil
		}
		now := revisions[recent[0].Target.ARN].TaskDefinition
		back := slices.ContainsFunc(recent[i+1:], func(older ecs.ServiceDeployment) bool {
			return older.Status == ecs.Successful && now != "" && revisions[older.Target.ARN].TaskDefinition == now
		})
		return &Judge{Record: recent[i], Newest: i == 0, Back: back}, nil
	}
	return nil, nil
}

// revisionsBy returns the revisions that deployments brought, by their ARNs.
func revisionsBy(ctx context.Context, h History, d Desired, deployments []ecs.ServiceDeployment) (map[string]PastRevision, error) {
	var arns []string
	for _, deployment := range deployments {
		if !slices.Contains(arns, deployment.Target.ARN) {
			arns = append(arns, deployment.Target.ARN)
		}
	}
	if len(arns) == 0 {
		return nil, nil
	}
	found, err := h.DescribeServiceRevisions(ctx, arns)
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of service %q: %w", d.ServiceName, err)
	}
	revisions := map[string]PastRevision{}
	for _, r := range found {
		revisions[r.ARN] = PastRevision{ServiceRevision: r}
	}
	return revisions, nil
}
