package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
)

// expressLooks is how often the deployment of an update that AWS took is looked for, with longer and
// longer pauses: for a minute in all, since answers of AWS may be old.
const expressLooks = 8

// updateExpress gives a service of Express Mode another image: all else of its container is sent as
// it is. The answer names a task definition and no deployment, which is the PRIMARY one that was not
// there before.
func (a *applier) updateExpress(ctx context.Context, s deploy.UpdateExpress) (ecs.Service, error) {
	service, err := a.expressUpdated(ctx, s)
	if err != nil {
		return ecs.Service{}, changeError{fmt.Errorf("updating Express Mode service %q: %w", s.Name, err)}
	}
	return service, nil
}

func (a *applier) expressUpdated(ctx context.Context, s deploy.UpdateExpress) (ecs.Service, error) {
	if a.client.Express == nil {
		return ecs.Service{}, errors.New("nobody can ask Express Mode")
	}
	arn, had := a.observed.Service.ARN, a.definition
	active, err := a.client.Express.DescribeExpressService(ctx, arn)
	if err != nil {
		return ecs.Service{}, err
	}
	container, err := deploy.ContainerOf(active, had, s.Image)
	if err != nil {
		return ecs.Service{}, err
	}
	input, err := json.Marshal(map[string]any{"serviceArn": arn, "primaryContainer": container})
	if err != nil {
		return ecs.Service{}, err
	}
	var service ecs.Service
	sought := expressDeployment{image: s.Image}
	err = persist(ctx, false, func() (err error) {
		sought.definition, err = a.client.Express.UpdateExpressService(ctx, input)
		return err
	}, func() (found bool, err error) {
		service, found, err = a.findExpress(ctx, sought)
		return found, err
	})
	if err != nil || service.ARN != "" {
		return service, err
	}
	return a.awaitExpress(ctx, sought)
}

// expressDeployment is how the deployment of an update is known.
type expressDeployment struct {
	definition string // ARN; "" where AWS did not say
	image      string // of its container Main
}

// awaitExpress waits until the service shows the deployment of an update that AWS took.
func (a *applier) awaitExpress(ctx context.Context, sought expressDeployment) (ecs.Service, error) {
	var failed error
	for look := range expressLooks {
		if look > 0 {
			if err := wait.For(ctx, min(firstPause<<(look-1), 15*time.Second)); err != nil {
				return ecs.Service{}, err
			}
		}
		service, found, err := a.findExpress(ctx, sought)
		if found && err == nil {
			return service, nil
		}
		failed = err
	}
	return ecs.Service{}, unknownOutcome{err: errors.New("AWS took the update, and the service shows no deployment of it"), look: failed}
}

// findExpress looks for a deployment, and notes its task definition. One that somebody else began
// since is found too, where ours is known by its task definition: it took the place of ours.
func (a *applier) findExpress(ctx context.Context, sought expressDeployment) (ecs.Service, bool, error) {
	now, began, err := a.began(ctx)
	switch {
	case err != nil || !began:
		return now, false, err
	case sought.definition != "":
		a.definition = sought.definition
		return now, true, nil
	}
	primary, _ := now.Primary()
	image, err := deploy.ExpressImage(ctx, a.client.ECS, primary.TaskDefinition)
	if err != nil || image != sought.image {
		return now, false, err
	}
	a.definition = primary.TaskDefinition
	return now, true, nil
}

// startExpressRollback gives the service the image of what ran well before.
func (r *roll) startExpressRollback(ctx context.Context, c course) (course, error) {
	a := applier{client: r.plan.Client, desired: r.plan.Desired, observed: r.plan.Observed, definition: c.taskDefinition}
	image, err := deploy.ExpressImage(ctx, a.client.ECS, c.good)
	if err != nil {
		return course{}, err
	}
	a.observed.Service = withDeployment(*r.plan.Observed.Service, c.id)
	service, err := a.updateExpress(ctx, deploy.UpdateExpress{Cluster: r.plan.Desired.Cluster, Name: r.plan.Desired.ServiceName, Image: image})
	if err != nil {
		return course{}, err
	}
	back := course{before: append(a.observed.IDs(), c.before...), good: c.good}
	back.started(service, a.definition)
	back.instead = fmt.Sprintf("the image of %s, as %s", ecs.LastPart(c.good), ecs.LastPart(a.definition))
	return back, nil
}
