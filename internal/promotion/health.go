package promotion

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/stage"
)

// health looks at how the release ran in the stage before, where a soak asks for that, and how
// what the environment has runs there, where automation leaves it.
func (p *Promotions) health(ctx context.Context, m *move) error {
	q := &m.question
	if q.Upstream != nil && m.stage.Gates.Soak > 0 && !q.Back {
		since, ok := ran(m.before.had, m.release.ID)
		if ok {
			var err error
			if q.Upstream.Troubles, err = p.troubles(ctx, m.fleet, m.before.env, m.before.book, since); err != nil {
				return fmt.Errorf("looking at how release %s runs in %s: %w", called(*m.release), m.before.env.Name, err)
			}
		}
	}
	current, ok := m.here.Current()
	if ok && q.Automation && m.stage.Until != "" {
		var err error
		if q.Ill, err = p.troubles(ctx, m.fleet, m.env, m.book, current.At); err != nil {
			return fmt.Errorf("looking at how %s runs: %w", m.env.Name, err)
		}
	}
	return nil
}

// ran returns since when an environment had a release, the last time that it did.
func ran(had ledger.Promotions, release tagboat.Digest) (time.Time, bool) {
	for _, at := range slices.Backward(had.Trail) {
		if at.ID == release && !at.Failed {
			return at.At, true
		}
	}
	return time.Time{}, false
}

// servicesACall is the limit of DescribeServices.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
const servicesACall = 10

// troubles returns what went wrong with the services of an environment since a time, the oldest
// first: in ECS's events, and of the alarms that their deployments watch. It costs a call for ten
// services, one for a hundred alarms, and one for each alarm whose state changed since.
func (p *Promotions) troubles(ctx context.Context, f *fleet.Fleet, env config.Environment, book ledger.Book, since time.Time) ([]stage.Trouble, error) {
	cells, err := f.CellsOn(fleet.Selection{Environments: []tagboat.EnvName{env.Name}}, map[tagboat.EnvName]ledger.Book{env.Name: book})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range cells {
		offline, err := c.Offline()
		if err != nil {
			return nil, err
		}
		names = append(names, offline.ServiceName)
	}
	client := p.Access.Client(env)
	var all []stage.Trouble
	var watching []string
	for batch := range slices.Chunk(names, servicesACall) {
		services, _, err := client.ECS.DescribeServices(ctx, env.Cluster, batch)
		if err != nil {
			return nil, err
		}
		for _, s := range services {
			all = append(all, eventsOf(s, since)...)
			watching = append(watching, alarmsOf(s.Record)...)
		}
	}
	slices.Sort(watching)
	rung, err := rang(ctx, p.Access.Session(env).Alarms(), slices.Compact(watching), since)
	all = append(all, rung...)
	slices.SortStableFunc(all, func(a, b stage.Trouble) int { return a.At.Compare(b.At) })
	return all, err
}

// troubled are parts of the events that say that tasks were not well, or that ECS gave a
// deployment up. What autoscaling does, and what becomes of Spot tasks, has none of them.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func troubled() []string {
	return []string{
		"failed container health checks", "is unhealthy in", "due to an unhealthy status",
		") deployment failed:", "rolling back to deployment",
	}
}

func eventsOf(s ecs.Service, since time.Time) []stage.Trouble {
	var all []stage.Trouble
	for _, e := range s.Events {
		bad := slices.ContainsFunc(troubled(), func(part string) bool { return strings.Contains(e.Message, part) })
		if bad && e.At.After(since) {
			all = append(all, stage.Trouble{At: e.At, What: e.Message})
		}
	}
	return all
}

// alarmsOf returns the alarms that the deployments of a service watch.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentAlarms.html
func alarmsOf(service json.RawMessage) []string {
	var record struct {
		DeploymentConfiguration struct {
			Alarms struct {
				AlarmNames []string `json:"alarmNames"`
			} `json:"alarms"`
		} `json:"deploymentConfiguration"`
	}
	if json.Unmarshal(service, &record) != nil {
		return nil
	}
	return record.DeploymentConfiguration.Alarms.AlarmNames
}

// alarms looks at CloudWatch's alarms.
type alarms interface {
	Describe(ctx context.Context, names []string) ([]ecs.Alarm, error)
	Changes(ctx context.Context, name string, since time.Time) ([]ecs.AlarmChange, error)
}

// rang returns the alarms that ring, or rang since a time. Only those that changed since then are
// asked for more, so that quiet ones cost nothing.
func rang(ctx context.Context, from alarms, names []string, since time.Time) ([]stage.Trouble, error) {
	if len(names) == 0 {
		return nil, nil
	}
	found, err := from.Describe(ctx, names)
	if err != nil {
		return nil, err
	}
	var all []stage.Trouble
	for _, a := range found {
		if !a.Came.After(since) {
			if a.State == ringing { // all the time
				all = append(all, stage.Trouble{At: since.Add(time.Second), What: fmt.Sprintf("the alarm %s rings: %s", a.Name, a.Reason)})
			}
			continue
		}
		changes, err := from.Changes(ctx, a.Name, since)
		if err != nil {
			return nil, err
		}
		all = append(all, rangOf(a, changes, since)...)
	}
	return all, nil
}

// ringing is the state of an alarm that rings.
const ringing = "ALARM"

// rangOf returns when an alarm rang since a time, of its changes, the newest first. One that rings
// now counts even where CloudWatch's history does not have that yet.
func rangOf(a ecs.Alarm, changes []ecs.AlarmChange, since time.Time) []stage.Trouble {
	var all []stage.Trouble
	if a.State == ringing && !slices.ContainsFunc(changes, func(c ecs.AlarmChange) bool { return c.State == ringing }) {
		changes = append(changes, ecs.AlarmChange{At: a.Came, State: a.State, Reason: a.Reason})
	}
	for _, c := range changes {
		if c.State == ringing && c.At.After(since) {
			all = append(all, stage.Trouble{At: c.At, What: fmt.Sprintf("the alarm %s rang: %s", a.Name, c.Reason)})
		}
	}
	return all
}
