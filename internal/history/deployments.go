package history

import (
	"context"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/journal"
)

// Deployments are those of one command in one environment, the oldest first; none where the
// journal knows of none.
type Deployments []tagboat.Event

const (
	// remembered is how far back it is looked for deployments: ECS knows nothing older.
	remembered = 90 * 24 * time.Hour
	// together is within which time a command records its deployments in an environment,
	// where no identity of the command says so.
	together = 5 * time.Second
	oneTime  = 2 * time.Second
)

// LastDeployments returns the deployments or rollbacks of the newest command that made some
// of these services, or of any where none is named.
func (h *History) LastDeployments(ctx context.Context, env config.Environment, services []tagboat.ServiceName) (Deployments, error) {
	if h.Fleet.Config.Journal.Off {
		return nil, nil
	}
	var all []tagboat.Event
	wanted := func(e tagboat.Event) bool {
		if e.Environment != env.Name || e.Service == "" || e.Command != Deploy && e.Command != Rollback {
			return false
		}
		all = append(all, e)
		return changed(e) && (len(services) == 0 || slices.Contains(services, e.Service))
	}
	now := h.Access.Session(env).Now()
	events, err := h.events(ctx, env, nil, journal.Request{From: now.Add(-remembered), To: now.Add(time.Hour), Wanted: wanted, Newest: 1})
	if err != nil || len(events) == 0 {
		return nil, err
	}
	newest := last(events)
	run := slices.DeleteFunc(all, func(e tagboat.Event) bool { return !sameCommand(e, newest) })
	slices.Reverse(run)
	return run, nil
}

// last returns the newest of events, the oldest first. Clocks follow AWS's to the second: of
// those that are as good as of one time, a rollback is the newest, since a deployment that
// came after it would have taken longer.
func last(events []tagboat.Event) tagboat.Event {
	newest := events[len(events)-1]
	for _, e := range slices.Backward(events) {
		if newest.At.Sub(e.At) < oneTime && e.Command == Rollback {
			return e
		}
	}
	return newest
}

// sameCommand reports whether one command recorded two deployments.
func sameCommand(a, b tagboat.Event) bool {
	if a.Operation != "" || b.Operation != "" {
		return a.Operation == b.Operation
	}
	return a.Command == b.Command && a.By == b.By && a.Message == b.Message && a.At.Sub(b.At).Abs() < together
}

// changed reports whether a deployment changed its service, or a rollback was to. Events
// without an operation do not say it.
func changed(e tagboat.Event) bool {
	return e.DeploymentID != "" || e.Operation == "" || e.Command == Rollback
}

// Changed returns the services that the command changed.
func (d Deployments) Changed() []tagboat.ServiceName {
	var services []tagboat.ServiceName
	for _, e := range d {
		if changed(e) {
			services = append(services, e.Service)
		}
	}
	return services
}

// Back reports whether the command was a rollback.
func (d Deployments) Back() bool { return len(d) > 0 && d[0].Command == Rollback }

// Unfinished reports whether a rollback has to be assumed to have been begun after the
// command, or by it, that did not come to its end: of one that did, all ended well.
func (d Deployments) Unfinished() bool {
	return !d.Back() || slices.ContainsFunc(d, func(e tagboat.Event) bool {
		return e.Verdict != tagboat.VerdictSucceeded && e.Verdict != tagboat.VerdictUnchanged
	})
}
