package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
)

// applier carries out the steps of one plan. Each step looks before it repeats what
// may have taken effect.
type applier struct {
	client        *deploy.Client
	desired       deploy.Desired
	observed      deploy.Observed
	definition    string // ARN of the revision that the service gets
	registrations *registrations
	instead       string        // says which revision took the place of one that was deregistered
	tagged        bool          // the tags of the service were changed
	pins          Pins          // asked right before the service changes; may be nil
	changed       func(*course) // notes what shows the change that was made last; may be nil
}

// changeError is the error of a call that changes the service itself.
type changeError struct{ error }

// Unwrap returns what it says.
func (e changeError) Unwrap() error { return e.error }

// apply carries out the steps and returns what to judge the rollout by: the id in the
// answer to the call that started it.
func (a *applier) apply(ctx context.Context, steps []deploy.Step) (course, error) {
	c := course{before: a.observed.IDs(), good: a.observed.Good(), created: a.observed.Service == nil}
	if primary, ok := a.observed.Primary(); ok {
		a.definition = primary.TaskDefinition
	}
	for _, step := range steps {
		var service ecs.Service
		var err error
		switch s := step.(type) {
		case deploy.Register:
			a.definition, err = a.register(ctx, s)
		case deploy.Reuse:
			a.definition, err = a.reuse(ctx, s)
		case deploy.TagService:
			err = a.tag(ctx, s)
		case deploy.CreateService:
			if err = a.stillPinned(ctx); err == nil {
				service, err = a.create(ctx, s)
			}
		case deploy.UpdateService:
			if err = a.stillPinned(ctx); err == nil {
				service, err = a.updateUsable(ctx, s)
			}
		case deploy.UpdateExpress:
			if err = a.stillPinned(ctx); err == nil {
				service, err = a.updateExpress(ctx, s)
			}
		case deploy.Adopt:
			service = *a.observed.Service
		}
		if err != nil {
			return c, err
		}
		c.started(service, a.definition)
		if a.changed != nil {
			a.changed(&c)
		}
	}
	return c, nil
}

// movedError says that something else is pinned by now.
type movedError struct{ why string }

// Error implements error.
func (e movedError) Error() string { return e.why }

// stillPinned makes sure that what the service gets is still what should run.
func (a *applier) stillPinned(ctx context.Context) error {
	if a.pins == nil {
		return nil
	}
	why, err := a.pins.Moved(ctx, a.desired)
	if tagboat.KindOf(err) == tagboat.Blocked {
		return err
	}
	if err != nil {
		return fmt.Errorf("whether the pins are still what was planned could not be read: %w", err)
	}
	if why != "" {
		return movedError{why}
	}
	return nil
}

// register registers a revision. Where the answer got lost, or another registration of
// the family is under way, it looks for an equal revision before it tries again.
func (a *applier) register(ctx context.Context, s deploy.Register) (string, error) {
	return a.registrations.once(ctx, a.desired.Definition, func() (string, error) { return a.registerNow(ctx, s) })
}

func (a *applier) registerNow(ctx context.Context, s deploy.Register) (string, error) {
	var arn string
	err := persist(ctx, true, func() (err error) {
		arn, err = a.client.ECS.RegisterTaskDefinition(ctx, s.Input)
		return err
	}, func() (bool, error) {
		newest, err := a.client.ECS.DescribeTaskDefinition(ctx, s.Family)
		if errors.Is(err, ecs.ErrNotFound) {
			return false, nil
		}
		if err != nil || !deploy.Equal(a.desired.Definition, newest) {
			return false, err
		}
		arn = newest.ARN
		return true, nil
	})
	if err != nil {
		return "", fmt.Errorf("registering task definition %q: %w", s.Family, err)
	}
	return arn, nil
}

// tag changes the tags of the service; a change that is made again changes nothing.
func (a *applier) tag(ctx context.Context, s deploy.TagService) error {
	if len(s.Set) > 0 {
		if err := a.client.ECS.TagResource(ctx, s.ARN, s.Set); err != nil {
			return fmt.Errorf("changing the tags of service %q: %w", s.Name, err)
		}
		a.tagged = true
	}
	if len(s.Remove) > 0 {
		if err := a.client.ECS.UntagResource(ctx, s.ARN, s.Remove); err != nil {
			return fmt.Errorf("removing tags of service %q: %w", s.Name, err)
		}
		a.tagged = true
	}
	return nil
}

func (a *applier) create(ctx context.Context, s deploy.CreateService) (ecs.Service, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(s.Input, &members); err != nil {
		return ecs.Service{}, fmt.Errorf("reading the service definition of %q: %w", s.Name, err)
	}
	service, err := a.change(ctx, "serviceName", members, a.client.ECS.CreateService)
	if err != nil {
		return ecs.Service{}, changeError{fmt.Errorf("creating service %q: %w", s.Name, err)}
	}
	return service, nil
}

func (a *applier) update(ctx context.Context, s deploy.UpdateService) (ecs.Service, error) {
	members := maps.Clone(s.Members)
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	if s.Force || deploy.WantsForce(members) {
		members["forceNewDeployment"] = json.RawMessage("true")
	}
	service, err := a.change(ctx, "service", members, a.client.ECS.UpdateService)
	if err != nil {
		return ecs.Service{}, changeError{fmt.Errorf("updating service %q: %w", s.Name, err)}
	}
	return service, nil
}

// updateUsable is update as a step: with the revision that is in use, it makes sure
// first that it can still be deployed.
func (a *applier) updateUsable(ctx context.Context, s deploy.UpdateService) (service ecs.Service, err error) {
	if primary, ok := a.observed.Primary(); ok && primary.TaskDefinition == a.definition {
		if a.definition, err = a.usable(ctx, a.definition); err != nil {
			return ecs.Service{}, err
		}
	}
	if service, err = a.update(ctx, s); err == nil {
		a.unmark(ctx, service)
	}
	return service, err
}

// unmark takes the mark off a service that was stopped and wants tasks again. A mark
// that stays behind says nothing while it does.
func (a *applier) unmark(ctx context.Context, updated ecs.Service) {
	if _, marked := a.observed.Service.Tags[deploy.StoppedTag]; marked && updated.Desired > 0 {
		_ = a.client.ECS.UntagResource(ctx, updated.ARN, []string{deploy.StoppedTag})
	}
}

// change makes a changing call for the service. Where its answer got lost, it looks at the
// service before it says what came of the call, and before it makes the call again: never
// where that would start one more deployment. The error is an unknownOutcome where nobody
// can say whether the service changed.
func (a *applier) change(ctx context.Context, nameMember string, members map[string]json.RawMessage,
	call func(context.Context, json.RawMessage) (ecs.Service, error),
) (ecs.Service, error) {
	sent := maps.Clone(members)
	input, err := a.input(nameMember, members)
	if err != nil {
		return ecs.Service{}, err
	}
	var service ecs.Service
	again := sent["forceNewDeployment"] == nil
	err = persist(ctx, again, func() (err error) {
		service, err = call(ctx, input)
		if _, ok := service.Primary(); err == nil && !ok {
			return fmt.Errorf("%w: AWS's answer has no deployment", ecs.ErrAmbiguous)
		}
		return err
	}, func() (done bool, err error) {
		service, done, err = a.took(ctx, sent)
		return done, err
	})
	if was := a.observed.Service; err == nil && was != nil {
		a.changed = func(c *course) { c.changed(*was, service, sent) }
	}
	return service, err
}

// errGone says that a service is not there.
var errGone = errors.New("it does not exist any more")

// serviceNow returns a service as ECS has it now.
func serviceNow(ctx context.Context, client *deploy.Client, d deploy.Desired) (ecs.Service, error) {
	found, _, err := client.ECS.DescribeServices(ctx, d.Cluster, []string{d.ServiceName})
	if err == nil && len(found) == 0 {
		err = errGone
	}
	if err != nil {
		return ecs.Service{}, err
	}
	return found[0], nil
}

// began returns the service as ECS has it now, and whether its PRIMARY deployment was not there
// before. A service that is gone, or inactive, is the zero one.
func (a *applier) began(ctx context.Context) (now ecs.Service, began bool, err error) {
	now, err = serviceNow(ctx, a.client, a.desired)
	if errors.Is(err, errGone) || now.Status == ecs.Inactive {
		return ecs.Service{}, false, nil
	}
	primary, ok := now.Primary()
	return now, ok && !slices.Contains(a.observed.IDs(), primary.ID), err
}

// took looks whether a change that was sent with those members took effect: a PRIMARY
// deployment that was not there before has our task definition or, where the change starts
// none, what the members say has changed.
func (a *applier) took(ctx context.Context, sent map[string]json.RawMessage) (ecs.Service, bool, error) {
	now, began, err := a.began(ctx)
	primary, ok := now.Primary()
	switch {
	case err != nil || !ok || primary.TaskDefinition != a.definition:
		return now, false, err
	case began:
		return now, true, nil
	}
	var c course
	c.changed(*a.observed.Service, now, sent)
	return now, sent["forceNewDeployment"] == nil && len(sent) > 0 && len(c.former) == len(sent), nil
}

func (a *applier) input(nameMember string, members map[string]json.RawMessage) (json.RawMessage, error) {
	for name, value := range map[string]string{
		"cluster": a.desired.Cluster, nameMember: a.desired.ServiceName, "taskDefinition": a.definition,
	} {
		quoted, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		members[name] = quoted
	}
	return json.Marshal(members)
}

const (
	// attempts is how often a call is made whose answer got lost or that ECS puts off.
	attempts   = 4
	firstPause = time.Second
	// looksAfter is how often it is looked for what came of a call that is not made again,
	// with longer and longer pauses: for a minute in all, since answers of AWS may be old.
	looksAfter = 4
)

// unknownOutcome is the error of a call whose answer got lost, and of which no look has
// shown whether it took effect.
type unknownOutcome struct {
	err  error
	look error // of the last look; nil where it showed no effect
}

// Error says what is known.
func (u unknownOutcome) Error() string {
	if u.look != nil {
		return fmt.Sprintf("%v; what came of it could not be looked at: %v", u.err, u.look)
	}
	return fmt.Sprintf("%v; looking at it since has shown no change", u.err)
}

// Unwrap returns the error of the call.
func (u unknownOutcome) Unwrap() error { return u.err }

// persist calls until the call is answered, again where that is allowed. After a lost
// answer it asks taken whether the call took effect all the same. What else fails is
// returned at once, unless an answer got lost before: that one decides.
func persist(ctx context.Context, again bool, call func() error, taken func() (bool, error)) error {
	var err, lost, lookErr error
	for attempt := range attempts + looksAfter {
		if attempt >= attempts && lost == nil {
			return err
		}
		if attempt > 0 {
			if err := wait.For(ctx, min(firstPause<<(attempt-1), 15*time.Second)); err != nil {
				return err
			}
			var done bool
			if done, lookErr = taken(); done && lookErr == nil {
				return nil
			}
		}
		if attempt > 0 && (!again || attempt >= attempts || lookErr != nil) {
			continue
		}
		if err = call(); err == nil {
			return nil
		}
		if errors.Is(err, ecs.ErrAmbiguous) {
			lost = err
		}
		switch {
		case worthRepeating(err):
		case lost == nil:
			return err
		default:
			again = false
		}
	}
	return unknownOutcome{err: lost, look: lookErr}
}

// worthRepeating reports whether an error leaves open what happened: the answer got lost,
// or the service exists now, perhaps because a call whose answer got lost was repeated
// below us. It also reports an error that says that ECS is busy with another
// registration of the family.
func worthRepeating(err error) bool {
	return errors.Is(err, ecs.ErrAmbiguous) ||
		strings.Contains(err.Error(), "Creation of service was not idempotent") ||
		strings.Contains(err.Error(), "Too many concurrent attempts to create a new revision")
}
