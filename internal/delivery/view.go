package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/deploy/through"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/pinning"
)

// View tells how services stand. It changes nothing.
type View struct {
	Fleet *fleet.Fleet
	Holds *pinning.Holds
	// Releases has what environments run that have a release; nil where there are none.
	Releases Releases
}

// Status returns the matrix of services and environments, from what is observed, and which
// release each environment has. What cannot be read of an environment stands beside what can.
func (v View) Status(ctx context.Context, s fleet.Selection) (tagboat.StatusDocument, error) {
	cells, document, err := v.services(ctx, s)
	if err != nil {
		return document, err
	}
	err = v.standings(ctx, s, cells, &document)
	return document, err
}

// Look is Status without releases, and with the pins, holds and promotions that were read for it.
func (v View) Look(ctx context.Context, s fleet.Selection) (tagboat.StatusDocument, map[tagboat.EnvName]ledger.Book, error) {
	cells, document, err := v.services(ctx, s)
	return document, booksOf(cells), err
}

func booksOf(cells []fleet.Cell) map[tagboat.EnvName]ledger.Book {
	books := map[tagboat.EnvName]ledger.Book{}
	for _, c := range cells {
		books[c.Env.Name] = c.Book()
	}
	return books
}

// Cells returns the cells of a selection, with the templates of what environments have of releases.
// What cannot be read of environments stands beside what can.
func (v View) Cells(ctx context.Context, s fleet.Selection) ([]fleet.Cell, []fleet.Unread, error) {
	cells, unread, err := v.Fleet.Look(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	cells, unreadable := released(ctx, v.Releases, s, cells)
	for _, env := range slices.Sorted(maps.Keys(unreadable)) {
		unread = append(unread, fleet.Unread{Environment: env, Err: unreadable[env]})
	}
	return cells, unread, nil
}

// services returns how services stand, and the cells that they are.
func (v View) services(ctx context.Context, s fleet.Selection) ([]fleet.Cell, tagboat.StatusDocument, error) {
	cells, unread, err := v.Cells(ctx, s)
	if err != nil {
		return nil, tagboat.StatusDocument{}, err
	}
	statuses := make([]tagboat.ServiceStatus, len(cells))
	failed := v.inPlaces(cells, func(there []int) error { return v.survey(ctx, cells, there, statuses) })
	if ctx.Err() != nil {
		return nil, tagboat.StatusDocument{}, ctx.Err()
	}
	if err := broken(failed); err != nil {
		return nil, tagboat.StatusDocument{}, err
	}
	document := tagboat.StatusDocument{Services: []tagboat.ServiceStatus{}}
	for i, c := range cells {
		switch err, told := failed[c.Env.Name]; {
		case !told:
			document.Services = append(document.Services, statuses[i])
		case err != nil:
			unread = append(unread, fleet.Unread{Environment: c.Env.Name, Err: err})
			failed[c.Env.Name] = nil // told once
		}
	}
	document.Errors = fleet.Document(unread)
	NameRunning(document.Services)
	return cells, document, nil
}

// NameRunning gives versions that run the tags that they have elsewhere in the matrix, where
// nobody knows the one that they were deployed by.
func NameRunning(services []tagboat.ServiceStatus) {
	tags := map[tagboat.Digest]string{}
	for _, s := range services {
		for _, i := range s.Images {
			tags[i.Pinned] = cmp.Or(i.Tag, tags[i.Pinned])
			tags[i.Running] = cmp.Or(i.RunningTag, tags[i.Running])
		}
	}
	for _, s := range services {
		for n, i := range s.Images {
			if i.Running != "" && i.RunningTag == "" {
				s.Images[n].RunningTag = tags[i.Running]
			}
		}
	}
}

// inPlaces calls do with the indexes of the cells of each account and region, and of each
// environment alone where that fails. It returns the environments that failed.
func (v View) inPlaces(cells []fleet.Cell, do func(there []int) error) map[tagboat.EnvName]error {
	of := map[tagboat.EnvName][]int{}
	var environments []config.Environment
	for i, c := range cells {
		if of[c.Env.Name] == nil {
			environments = append(environments, c.Env)
		}
		of[c.Env.Name] = append(of[c.Env.Name], i)
	}
	failed := map[tagboat.EnvName]error{}
	var mu sync.Mutex
	fleet.EachPlace(environments, func(there []config.Environment) error {
		var indexes []int
		for _, env := range there {
			indexes = append(indexes, of[env.Name]...)
		}
		err := do(indexes)
		mu.Lock()
		defer mu.Unlock()
		for _, env := range there {
			delete(failed, env.Name)
			if err != nil {
				failed[env.Name] = err
			}
		}
		return err
	})
	return failed
}

// broken returns the first error that is of the user's files, which all environments share.
func broken(failed map[tagboat.EnvName]error) error {
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		var e *tagboat.Error
		if errors.As(failed[name], &e) && e.Where != nil {
			return failed[name]
		}
	}
	return nil
}

// survey looks at some of the cells and puts their statuses where they belong.
func (v View) survey(ctx context.Context, cells []fleet.Cell, there []int, statuses []tagboat.ServiceStatus) error {
	targets := make([]deploy.Target, len(there))
	for n, i := range there {
		target, err := cells[i].Visible(ctx)
		if err != nil {
			return err
		}
		targets[n] = target
	}
	found, err := status.Survey(ctx, targets)
	if err != nil {
		return err
	}
	for n, i := range there {
		s := &statuses[i]
		*s = found[n]
		s.ConsoleURL = consoleURL(v.Fleet, targets[n].Desired, s.DeploymentID)
		if s.Hold, err = v.Holds.On(cells[i], targets[n].Desired.Images); err != nil {
			return err
		}
	}
	return nil
}

// Explanation is why a service's newest deployment goes as it does.
type Explanation struct {
	Environment tagboat.EnvName     `json:"environment"`
	Service     tagboat.ServiceName `json:"service"`
	State       string              `json:"state"` // as status has it
	Verdict     tagboat.Verdict     `json:"verdict"`
	Causes      []tagboat.Cause     `json:"causes"` // most likely first; empty where no problem was found
}

// Explain says why services do not run well, at any time: it needs no deployment of ours, and
// no pins. Without services it takes all that are not well.
func (v View) Explain(ctx context.Context, s fleet.Selection) ([]Explanation, error) {
	cells, err := v.Fleet.Cells(ctx, s)
	if err != nil {
		return nil, err
	}
	cells, _ = released(ctx, v.Releases, s, cells) // what a release that cannot be read says is no cause
	targets := make([]deploy.Target, len(cells))
	for i, c := range cells {
		if targets[i], err = c.Visible(ctx); err != nil {
			return nil, err
		}
	}
	statuses, err := status.Survey(ctx, targets)
	if err != nil {
		return nil, err
	}
	all := []Explanation{}
	for i, t := range targets {
		if len(s.Services) == 0 && well(statuses[i]) {
			continue
		}
		e, err := explanation(ctx, t, statuses[i])
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// well reports whether there is nothing to explain of a service: it is up, and its last
// deployment succeeded, or it neither is there nor should be.
func well(s tagboat.ServiceStatus) bool {
	switch s.State {
	case "steady":
		return s.Healthy >= s.Desired && (s.Verdict == "" || s.Verdict == tagboat.VerdictSucceeded)
	case "missing":
		return s.Main().Pinned == ""
	default:
		return false
	}
}

func explanation(ctx context.Context, t deploy.Target, s tagboat.ServiceStatus) (Explanation, error) {
	e := Explanation{Environment: s.Environment, Service: s.Service, State: s.State, Verdict: s.Verdict}
	if t.Desired.Stack != nil {
		return e, e.throughStack(ctx, t, s)
	}
	causes, err := explain.Service(ctx, t)
	e.Causes = tagboat.List(append(absence(t.Desired, s), causes...))
	return e, err
}

// throughStack explains a service that is deployed through a stack: by its tasks where it is there,
// and by the stack. One that the stack has not made is explained by the stack's state, if that is bad.
func (e *Explanation) throughStack(ctx context.Context, t deploy.Target, s tagboat.ServiceStatus) error {
	ofStack, err := through.Explain(ctx, t.Client.Stacks, t.Desired.Stack.Name)
	if err != nil {
		return err
	}
	var causes []tagboat.Cause
	switch {
	case s.State != "missing":
		if causes, err = explain.Service(ctx, t); err != nil {
			return err
		}
		causes = append(absence(t.Desired, s), causes...)
	case t.Desired.Stack.Absent == nil || len(ofStack) == 0:
		for _, p := range deploy.Obstacles(t.Desired, deploy.Observed{}) {
			causes = append(causes, tagboat.Cause{Cause: p.Message, Advice: p.Hint, Class: "yours"})
		}
	}
	e.Causes = tagboat.List(append(causes, ofStack...))
	return nil
}

// absence returns why no task of a service can run: it is gone, or should have none.
func absence(d deploy.Desired, s tagboat.ServiceStatus) []tagboat.Cause {
	scope := fmt.Sprintf("--env %s %s", d.Environment, d.Service)
	switch s.State {
	case "missing":
		c := tagboat.Cause{Cause: fmt.Sprintf("there is no service %q in cluster %q: it was never created, or somebody deleted it", d.ServiceName, d.Cluster), Class: "yours"}
		if s.Main().Pinned == "" {
			c.Advice = "nothing is pinned for it: pin a version and deploy it, tagboat deploy IMAGE=TAG " + scope
		} else {
			c.Advice = "create it again: tagboat deploy " + scope
		}
		if d.Express {
			c.Advice = "create it: aws ecs create-express-gateway-service"
		}
		return []tagboat.Cause{c}
	case "draining", "inactive":
		return []tagboat.Cause{{Cause: fmt.Sprintf("somebody deleted service %q: it is %s", d.ServiceName, s.State), Advice: "once it is gone, create it again: tagboat deploy " + scope, Class: "yours"}}
	case "stopped":
		return []tagboat.Cause{{
			Cause: "the service wants no tasks: its desired count is 0", Evidence: strings.Join(s.Drift, "\n"),
			Advice: "have it run what is pinned: tagboat deploy " + scope, Class: "yours",
		}}
	default:
		return nil
	}
}

// Pinned returns where an image is pinned to which version.
func (v View) Pinned(ctx context.Context, image tagboat.ImageName) (map[tagboat.EnvName]tagboat.Digest, error) {
	environments := v.Fleet.Config.SortedEnvironments()
	books, err := v.Fleet.Books(ctx, environments)
	if err != nil {
		return nil, err
	}
	pinned := map[tagboat.EnvName]tagboat.Digest{}
	for _, env := range environments {
		if pin, ok := books[env.Name].Pin(env.Name, image); ok && pin.Digest != "" {
			pinned[env.Name] = pin.Digest
		}
	}
	return pinned, nil
}

// Running returns where each version of an image runs, in the order of the environments.
func (v View) Running(ctx context.Context, image tagboat.ImageName) (map[tagboat.Digest][]tagboat.EnvName, error) {
	var services []tagboat.ServiceName
	for name, service := range v.Fleet.Config.Services {
		if slices.Contains(slices.Collect(maps.Values(service.Containers)), image) {
			services = append(services, name)
		}
	}
	if len(services) == 0 || len(v.Fleet.Config.Environments) == 0 {
		return nil, nil
	}
	_, document, err := v.services(ctx, fleet.Selection{Services: services})
	if err != nil {
		return nil, err
	}
	running := map[tagboat.Digest][]tagboat.EnvName{}
	for _, s := range document.Services {
		for _, state := range s.Images {
			if state.Image == image && state.Running != "" && !slices.Contains(running[state.Running], s.Environment) {
				running[state.Running] = append(running[state.Running], s.Environment)
			}
		}
	}
	return running, nil
}
