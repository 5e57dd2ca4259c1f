package deploy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// usable returns the revision while it is ACTIVE. ECS starts no deployment of one that was
// deregistered, so then it is an equal one of the same family, registered now unless
// somebody did since.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
func (a *applier) usable(ctx context.Context, arn string) (string, error) {
	remembered, known := Target{Client: a.client, Desired: a.desired}.remembered(arn)
	described, err := describeNow(ctx, a.client, arn)
	switch {
	case err == nil && described.Status == ecs.Active:
		return arn, nil
	case errors.Is(err, ecs.ErrNotFound) && known:
		described = remembered // deleted for good, and what was in it is known all the same
	case err != nil:
		return "", err
	}
	definition, err := taskdef.FromJSON(described.Record)
	if err != nil {
		return "", fmt.Errorf("reading task definition %q: %w", arn, err)
	}
	input, left := taskdef.Input(definition)
	again, err := a.again(ctx, input, described)
	if err == nil {
		a.instead = fmt.Sprintf("%s (equal to %s, which was deregistered", ecs.LastPart(again), ecs.LastPart(arn))
		if len(left) > 0 {
			a.instead += fmt.Sprintf("; %s, which ECS answers of it, cannot be registered again", strings.Join(left, ", "))
		}
		a.instead += ")"
	}
	return again, err
}

// again returns an ACTIVE revision equal to one that is not any more.
func (a *applier) again(ctx context.Context, input taskdef.Definition, gone ecs.TaskDefinition) (string, error) {
	read := definitions{}
	found, err := read.equal(ctx, Target{Client: a.client, Desired: Desired{Definition: input}}, gone.Revision)
	if err != nil {
		return "", err
	}
	if found != nil {
		return found.ARN, nil
	}
	registering := applier{client: a.client, desired: Desired{Definition: input}, registrations: a.registrations}
	return registering.register(ctx, Register{Family: gone.Family, Input: input.JSON()})
}

// describeNow reads a revision as ECS has it now. It is asked for by its name, since what
// was read by an ARN is remembered, with the status that it had.
func describeNow(ctx context.Context, client *Client, arn string) (ecs.TaskDefinition, error) {
	described, err := client.ECS.DescribeTaskDefinition(ctx, ecs.LastPart(arn))
	if err != nil {
		return ecs.TaskDefinition{}, fmt.Errorf("reading task definition %q: %w", arn, err)
	}
	return described, nil
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
		if candidate == nil || candidate.Status != ecs.Active || !equal(t.Desired.Definition, *candidate) {
			continue
		}
		now, err := d.describe(ctx, t, ecs.LastPart(candidate.ARN))
		if err != nil || now != nil && now.Status == ecs.Active {
			return now, err
		}
	}
	return nil, nil
}

// revisionOf returns the ARN of another revision of the family.
func revisionOf(of ecs.TaskDefinition, n int) string {
	family, _ := strings.CutSuffix(of.ARN, ":"+strconv.Itoa(of.Revision))
	return family + ":" + strconv.Itoa(n)
}
