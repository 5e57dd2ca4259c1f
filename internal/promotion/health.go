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
// services, and one for a hundred alarms.
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
	var alarms []string
	for batch := range slices.Chunk(names, servicesACall) {
		services, _, err := client.ECS.DescribeServices(ctx, env.Cluster, batch)
		if err != nil {
			return nil, err
		}
		for _, s := range services {
			all = append(all, eventsOf(s, since)...)
			alarms = append(alarms, alarmsOf(s.Record)...)
		}
	}
	slices.Sort(alarms)
	ringing, err := ringing(ctx, client.Alarms.Describe, slices.Compact(alarms), since)
	all = append(all, ringing...)
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

// ringing returns the alarms that ring.
func ringing(ctx context.Context, describe func(context.Context, []string) ([]ecs.Alarm, error), names []string, since time.Time) ([]stage.Trouble, error) {
	if len(names) == 0 {
		return nil, nil
	}
	alarms, err := describe(ctx, names)
	if err != nil {
		return nil, err
	}
	var all []stage.Trouble
	for _, a := range alarms {
		if a.State == "ALARM" {
			at := a.Since
			if at.Before(since) {
				at = since.Add(time.Second) // it has rung all the time
			}
			all = append(all, stage.Trouble{At: at, What: fmt.Sprintf("the alarm %s rings: %s", a.Name, a.Reason)})
		}
	}
	return all, nil
}
