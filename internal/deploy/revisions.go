package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/ecs"
)

// definitions reads task definitions for one look, each once, however many services
// have it, and the tasks of clusters, where those say what a definition does not.
type definitions struct {
	memo  memo[definitionQuestion, *ecs.TaskDefinition]
	tasks memo[definitionQuestion, clusterTasks]
}

type definitionQuestion struct {
	to *Client
	id string
}

// describe returns a task definition; one that does not exist, or was deleted for good,
// is nil. Whoever gets one must not change it.
func (d *definitions) describe(ctx context.Context, t Target, id string) (*ecs.TaskDefinition, error) {
	return d.memo.get(ctx, definitionQuestion{t.Client, id}, func() (*ecs.TaskDefinition, error) {
		if d, ok := t.Cached(id); ok {
			return &d, nil
		}
		described, err := t.Client.ECS.DescribeTaskDefinition(ctx, id)
		if errors.Is(err, ecs.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading task definition %q: %w", id, err)
		}
		return &described, nil
	})
}

// Cached returns a revision by its ARN where that takes no call.
func (t Target) Cached(arn string) (ecs.TaskDefinition, bool) {
	return t.Client.ECS.Cached(arn, t.Desired.Definition.JSON())
}

// lookAtLatest reads the latest active revision of the wanted family, once; nil where
// there is none.
func lookAtLatest(ctx context.Context, t Target, o *Observed) (*ecs.TaskDefinition, error) {
	if o.latest != nil {
		return o.latest, nil
	}
	latest, err := o.read.describe(ctx, t, t.Desired.Definition.Family())
	o.latest = latest
	return latest, err
}

// lookForEqual reads recent revisions of the wanted family until one is equal to what
// is wanted. It reads none where the current one is.
func lookForEqual(ctx context.Context, t Target, o *Observed) error {
	if t.Desired.Express {
		return lookAtExpress(ctx, t, o)
	}
	if o.ClusterMissing || o.Current != nil && o.Current.Status == ecs.Active && Equal(t.Desired.Definition, *o.Current) {
		return nil
	}
	if t.Desired.Revision != "" {
		return lookForRevision(ctx, t, o)
	}
	if t.Desired.Unseen {
		return nil
	}
	if none, err := needsNoRevision(ctx, t, o); none || err != nil {
		return err
	}
	latest, err := lookAtLatest(ctx, t, o)
	if err != nil || latest == nil {
		return err
	}
	return lookBack(ctx, t, o, latest)
}

// lookBack is lookForEqual from the latest revision on.
func lookBack(ctx context.Context, t Target, o *Observed, latest *ecs.TaskDefinition) (err error) {
	calls := 0
	if t.Desired.newerThan(ctx, *latest) {
		calls = revisionsByCall // no older one is read
	}
	for n := latest.Revision; n > max(0, latest.Revision-mostRevisions); n-- {
		arn := revisionOf(*latest, n)
		candidate, cached := latest, false
		if o.Current != nil && arn == o.Current.ARN {
			continue // it is not equal, or not active any more
		}
		if n != latest.Revision {
			if _, cached = t.Cached(arn); !cached {
				calls++
			}
			if calls > revisionsByCall && !cached {
				continue
			}
			if candidate, err = o.read.describe(ctx, t, arn); err != nil {
				return err
			}
		}
		if candidate == nil || candidate.Status != ecs.Active || !Equal(t.Desired.Definition, *candidate) {
			continue
		}
		if cached { // it may have been deregistered since
			if candidate, err = o.read.describe(ctx, t, ecs.LastPart(arn)); err != nil {
				return err
			}
		}
		if candidate != nil && candidate.Status == ecs.Active {
			o.Candidates = append(o.Candidates, *candidate)
			return nil
		}
	}
	return nil
}

// newerThan reports whether a version that should run was pinned for the first time after a
// revision was registered, so that no older revision can have it.
func (d Desired) newerThan(ctx context.Context, revision ecs.TaskDefinition) bool {
	_, registered := Registration(revision)
	if d.FirstPinned == nil || registered.IsZero() {
		return false
	}
	return slices.ContainsFunc(d.Images, func(image Image) bool {
		return d.FirstPinned(ctx, image).After(registered.Add(ClockAccuracy))
	})
}

// lookForRevision reads the revision that is gone back to. Where it was deregistered it
// looks for an equal one that was registered since, however many there are.
func lookForRevision(ctx context.Context, t Target, o *Observed) error {
	now, err := o.read.describe(ctx, t, t.Desired.Revision) // it was read by its name a moment ago
	if err != nil || now == nil {
		return err
	}
	if now.Status != ecs.Active {
		if now, err = o.read.equal(ctx, t, now.Revision); err != nil || now == nil {
			return err
		}
	}
	o.Candidates = append(o.Candidates, *now)
	return nil
}

// mostRevisions is how many revisions of a family are searched for one that is equal to a
// revision that was deregistered.
const mostRevisions = 100

// equal returns the newest ACTIVE revision that is equal to what is wanted, of those after
// a revision; nil where there is none. Revisions are counted up by one, so those before
// the latest have names that need no list.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
func (d *definitions) equal(ctx context.Context, t Target, after int) (*ecs.TaskDefinition, error) {
	latest, err := d.describe(ctx, t, t.Desired.Definition.Family())
	if err != nil || latest == nil {
		return nil, err
	}
	for n := latest.Revision; n > max(after, latest.Revision-mostRevisions); n-- {
		candidate, err := d.describe(ctx, t, revisionOf(*latest, n))
		if err != nil {
			return nil, err
		}
		if candidate == nil || candidate.Status != ecs.Active || !Equal(t.Desired.Definition, *candidate) {
			continue
		}
		now, err := d.describe(ctx, t, ecs.LastPart(candidate.ARN))
		if err != nil || now != nil && now.Status == ecs.Active {
			return now, err
		}
	}
	return nil, nil
}

// EqualAfter is definitions.equal for one look.
func EqualAfter(ctx context.Context, t Target, after int) (*ecs.TaskDefinition, error) {
	var read definitions
	return read.equal(ctx, t, after)
}

// revisionOf returns the ARN of another revision of the family.
func revisionOf(of ecs.TaskDefinition, n int) string {
	family, _ := strings.CutSuffix(of.ARN, ":"+strconv.Itoa(of.Revision))
	return family + ":" + strconv.Itoa(n)
}

// DescribeNow reads a revision as ECS has it now. It is asked for by its name, since what
// was read by an ARN is remembered, with the status that it had.
func DescribeNow(ctx context.Context, client *Client, arn string) (ecs.TaskDefinition, error) {
	described, err := client.ECS.DescribeTaskDefinition(ctx, ecs.LastPart(arn))
	if err != nil {
		return ecs.TaskDefinition{}, fmt.Errorf("reading task definition %q: %w", arn, err)
	}
	return described, nil
}

// memo keeps the answers to questions, so that each is asked once. It is safe for concurrent use.
type memo[Question comparable, Answer any] struct {
	mu      sync.Mutex
	answers map[Question]*memoized[Answer]
}

// memoized is an answer, which is there once its channel is closed.
type memoized[Answer any] struct {
	given chan struct{}
	is    Answer
	err   error
}

// get returns the answer to a question, which is put if nobody has put it yet.
func (a *memo[Question, Answer]) get(ctx context.Context, q Question, put func() (Answer, error)) (none Answer, err error) {
	a.mu.Lock()
	if a.answers == nil {
		a.answers = map[Question]*memoized[Answer]{}
	}
	known, ok := a.answers[q]
	if !ok {
		known = &memoized[Answer]{given: make(chan struct{})}
		a.answers[q] = known
	}
	a.mu.Unlock()
	if !ok {
		known.is, known.err = put()
		close(known.given)
	}
	select {
	case <-known.given:
		return known.is, known.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
