package delivery

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/wait"
)

// LogsRequest says which lines to read.
type LogsRequest struct {
	Selection fleet.Selection
	Container tagboat.ContainerName // "" for all
	Since     access.When
	Follow    bool // go on with what comes, until the context ends
}

// LogLine is what a container of a running task printed at once.
type LogLine struct {
	Environment tagboat.EnvName       `json:"environment"`
	Service     tagboat.ServiceName   `json:"service"`
	Container   tagboat.ContainerName `json:"container"`
	Task        string                `json:"task"` // its id
	At          time.Time             `json:"at"`
	Message     string                `json:"message"` // as it was printed: of any text
}

const (
	pollLogs  = 2 * time.Second
	pollTasks = 10 * time.Second
	// afterTask is how long lines of a task are read that does not run any more: the driver
	// sends the last ones late.
	afterTask = time.Minute
)

// Logs reads what the containers of running tasks print to CloudWatch Logs, and hands it to
// show, the oldest first. It needs no pins.
func (v View) Logs(ctx context.Context, r LogsRequest, show func([]LogLine)) error {
	places, err := v.places(r.Selection)
	if err != nil {
		return err
	}
	l := logs{access: v.Fleet.Access, request: r, places: places, streams: map[stream]*tail{}}
	if err = l.run(ctx, show); r.Follow && ctx.Err() != nil {
		err = nil // which is how it ends
	}
	return err
}

// place is where a service of the file is in ECS.
type place struct {
	env     config.Environment
	service tagboat.ServiceName
	name    string // in ECS
}

// places returns where the selected services are. It makes no call.
func (v View) places(s fleet.Selection) ([]place, error) {
	environments, err := v.Fleet.Environments(s)
	if err != nil {
		return nil, err
	}
	services, err := v.Fleet.Services(s)
	if err != nil {
		return nil, err
	}
	var places []place
	for _, env := range environments {
		cells, err := v.Fleet.Unpinned(env, services)
		if err != nil {
			return nil, err
		}
		for _, c := range cells {
			there, err := c.Offline()
			if err != nil {
				return nil, err
			}
			places = append(places, place{env, c.Service.Name, there.ServiceName})
		}
	}
	return places, nil
}

// stream is the log of a container of a task.
type stream struct {
	place             int // of places
	task, container   string
	region, group, id string
}

// tail is how far a stream is read.
type tail struct {
	token string
	gone  time.Time // when its task was seen no more; zero while it runs
}

// logs reads the streams of the tasks that run, as they come and go.
type logs struct {
	access  *access.Access
	request LogsRequest
	places  []place
	from    []time.Time // by place
	streams map[stream]*tail
}

func (l *logs) run(ctx context.Context, show func([]LogLine)) error {
	for _, p := range l.places {
		from, err := l.access.PastMoment(ctx, p.env, l.request.Since)
		if err != nil {
			return err
		}
		l.from = append(l.from, from)
	}
	for looked := (time.Time{}); ; {
		if time.Since(looked) >= pollTasks {
			if err := l.look(ctx, looked.IsZero()); err != nil {
				return err
			}
			looked = time.Now()
		}
		lines, more, err := l.read(ctx)
		if err != nil {
			return err
		}
		show(lines)
		switch {
		case more:
		case !l.request.Follow:
			return nil
		default:
			if err := wait.For(ctx, pollLogs); err != nil {
				return err
			}
		}
	}
}

// look finds the streams of the tasks that run now. At first there has to be one.
func (l *logs) look(ctx context.Context, first bool) error {
	running := map[stream]bool{}
	for i, p := range l.places {
		found, err := l.streamsOf(ctx, i, p)
		if err != nil {
			return err
		}
		for _, s := range found {
			running[s] = true
			if l.streams[s] == nil {
				l.streams[s] = &tail{}
			}
		}
	}
	if first && len(running) == 0 {
		return l.nothing()
	}
	now := time.Now()
	for s, r := range l.streams {
		switch {
		case running[s]:
			r.gone = time.Time{}
		case r.gone.IsZero():
			r.gone = now
		case now.Sub(r.gone) > afterTask:
			delete(l.streams, s)
		}
	}
	return nil
}

// nothing is the error where there is no stream to read.
func (l *logs) nothing() error {
	p := l.places[0]
	e := tagboat.Usagef("no running task of %s in %s has a container that writes to CloudWatch Logs with the awslogs driver and a stream prefix", p.service, p.env.Name)
	if l.request.Container != "" {
		e = tagboat.Usagef("no running task of %s in %s has a container %q that writes to CloudWatch Logs with the awslogs driver and a stream prefix", p.service, p.env.Name, l.request.Container)
	}
	return e.WithHint("tagboat explain --env %s %s has the last lines of tasks that stopped", p.env.Name, p.service)
}

// streamsOf returns the streams of a service's running tasks.
func (l *logs) streamsOf(ctx context.Context, at int, p place) ([]stream, error) {
	client := l.access.Client(p.env).ECS
	tasks, err := deploy.ServiceTasks(ctx, client, p.env.Cluster, p.name, ecs.Running)
	if errors.Is(err, ecs.ErrNotFound) {
		return nil, tagboat.Usagef("cluster %s of %s has no service %s", p.env.Cluster, p.env.Name, p.name).WithHint("tagboat deploy --env %s %s creates it", p.env.Name, p.service)
	}
	if err != nil {
		return nil, err
	}
	var found []stream
	contents := map[string]deploy.Contents{}
	for _, t := range tasks {
		if _, known := contents[t.TaskDefinition]; !known {
			if contents[t.TaskDefinition], err = deploy.ContentsOf(ctx, client, t.TaskDefinition); err != nil {
				return nil, err
			}
		}
		for _, c := range contents[t.TaskDefinition].Containers {
			group, _ := c.LogGroup()
			id := c.LogStream(t.ID())
			if group == "" || id == "" || l.request.Container != "" && c.Name != string(l.request.Container) {
				continue
			}
			found = append(found, stream{at, t.ID(), c.Name, c.LogConfiguration.Options["awslogs-region"], group, id})
		}
	}
	return found, nil
}

// read reads a page of every stream, and reports whether one has more.
func (l *logs) read(ctx context.Context) (lines []LogLine, more bool, err error) {
	order := slices.SortedFunc(maps.Keys(l.streams), func(a, b stream) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.id, b.id))
	})
	for _, s := range order {
		r, p := l.streams[s], l.places[s.place]
		at := access.Place(p.env)
		at.Region = cmp.Or(s.region, at.Region)
		page, next, err := l.access.At(at).Logs().After(ctx, cloud.LogPosition{Group: s.group, Stream: s.id, From: l.from[s.place], Token: r.token})
		if errors.Is(err, ecs.ErrNotFound) {
			continue // it has printed nothing yet
		}
		if err != nil {
			return nil, false, err
		}
		more = more || next != r.token
		r.token = next
		for _, line := range page {
			lines = append(lines, LogLine{p.env.Name, p.service, tagboat.ContainerName(s.container), s.task, line.At, line.Message})
		}
	}
	slices.SortStableFunc(lines, func(a, b LogLine) int { return a.At.Compare(b.At) })
	return lines, more, nil
}
