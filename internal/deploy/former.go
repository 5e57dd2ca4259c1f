package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// former is what of a service's settings goes back with its task definition.
type former struct {
	members map[string]json.RawMessage // of UpdateService's input
	stays   []string                   // what does not go back, in words
}

// and says what stays as the failed deployment had it, or "".
func (f former) and() string {
	if len(f.stays) == 0 {
		return ""
	}
	return "; what stays as it was for that: " + strings.Join(f.stays, ", ")
}

// former finds out what the settings of a service were while c.good ran well: from what was
// observed before our own change, and else from the service revision that ECS kept of it.
//
// ECS's own way back, StopServiceDeployment, is not taken: it leads to the revision before,
// which need not be one that ran well, only while the deployment goes on, and restores
// nothing that a revision does not hold.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
func (r *roll) former(ctx context.Context, c course, e ending) former {
	changed := changedMembers(r.plan.Steps)
	primary, _ := r.plan.Observed.primary()
	seen := r.plan.Changes() && primary.TaskDefinition == c.good
	names := slices.Collect(maps.Keys(changed))
	if !seen {
		names = slices.DeleteFunc(names, inRevision)
	}
	var f former
	f.add(taskdef.Former(names, r.plan.Observed.Service.Record, mustEncode(changed)))
	if seen {
		return f
	}
	good, failed, err := r.revisions(ctx, c, e)
	if err != nil {
		f.stays = append(f.stays, fmt.Sprintf("the network, load balancers and the like, since what they were could not be read (%v)", err))
	} else {
		f.add(taskdef.Former(taskdef.RevisionMembers(), good.Record, failed.Record))
		if version, ok := f.members["platformVersion"]; ok {
			f.stays = append(f.stays, fmt.Sprintf("platformVersion, which is the number that ran (%s) though LATEST may have been asked for", version))
		}
	}
	if !r.plan.Changes() {
		f.stays = append(f.stays, "what else an earlier run may have set, such as desiredCount and deploymentConfiguration")
	}
	return f
}

func (f *former) add(members map[string]json.RawMessage, stays []string, err error) {
	if err != nil {
		stays = []string{err.Error()}
	}
	if f.members == nil {
		f.members = map[string]json.RawMessage{}
	}
	maps.Copy(f.members, members)
	f.stays = append(f.stays, stays...)
}

func inRevision(member string) bool { return slices.Contains(taskdef.RevisionMembers(), member) }

// changedMembers returns what the steps of a plan change of a service.
func changedMembers(steps []Step) map[string]json.RawMessage {
	for _, s := range steps {
		if update, ok := s.(UpdateService); ok {
			return update.Members
		}
	}
	return nil
}

// mustEncode encodes what was JSON before.
func mustEncode(members map[string]json.RawMessage) json.RawMessage {
	if members == nil {
		return json.RawMessage("{}")
	}
	data, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return data
}

// revisions returns the service revision of what ran well, and that of what failed.
func (r *roll) revisions(ctx context.Context, c course, e ending) (good, failed ecs.ServiceRevision, err error) {
	h, arn := r.plan.Client.Deployments, cmp.Or(e.deployment, readServiceRecord(e.service).Current)
	if h == nil || arn == "" {
		return good, failed, errors.New("ECS names no service deployment")
	}
	records, err := h.DescribeServiceDeployments(ctx, []string{arn})
	if err != nil {
		return good, failed, err
	}
	if len(records) == 0 {
		return good, failed, fmt.Errorf("ECS does not know %s", ecs.LastPart(arn))
	}
	arns := []string{records[0].Target.ARN}
	for _, source := range records[0].Sources {
		arns = append(arns, source.ARN)
	}
	found, err := h.DescribeServiceRevisions(ctx, arns)
	if err != nil {
		return good, failed, err
	}
	for _, revision := range found {
		switch {
		case revision.ARN == records[0].Target.ARN:
			failed = revision
		case revision.TaskDefinition == c.good:
			good = revision
		}
	}
	if failed.TaskDefinition != c.taskDefinition {
		return good, failed, fmt.Errorf("%s did not bring %s", ecs.LastPart(arn), ecs.LastPart(c.taskDefinition))
	}
	if good.ARN == "" {
		good, err = r.revisionOf(ctx, h, c.good)
	}
	return good, failed, err
}

// revisionOf returns the newest service revision with a task definition that ran well.
func (r *roll) revisionOf(ctx context.Context, h History, definition string) (ecs.ServiceRevision, error) {
	looked := 0
	for ran, err := range succeeded(ctx, h, r.plan.Desired, time.Time{}) {
		if err != nil {
			return ecs.ServiceRevision{}, err
		}
		if ran.TaskDefinition == definition {
			return ran.ServiceRevision, nil
		}
		if looked++; looked == revisionsACall {
			break
		}
	}
	return ecs.ServiceRevision{}, fmt.Errorf("ECS does not remember deploying %s", ecs.LastPart(definition))
}
