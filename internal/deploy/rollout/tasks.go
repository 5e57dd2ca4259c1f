package rollout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// taskReader looks at the tasks of an account and region for all deployments there. There is one
// look at a cluster at a time, which serves everybody who asked before it began.
type taskReader struct {
	client deploy.Tasks
	// watching returns how many services of a cluster are being watched.
	watching func(cluster string) int

	mu    sync.Mutex
	lists map[list]*looks
}

// list is the tasks of a cluster with one desired status.
type list struct{ cluster, desired string }

// looks are the looks at one list.
type looks struct {
	turn chan struct{} // held by who looks; who waits for it hears its context
	next *taskLook     // the one that has not begun
	last *taskLook     // the newest at the whole list
	// stopped are the tasks of last that are over: nothing of them changes any more.
	stopped map[string]ecs.Task
}

// taskLook is one look, for those services at least.
type taskLook struct {
	services []string
	began    time.Time
	done     bool
	tasks    map[string][]ecs.Task // by service
	err      error
}

// read returns the tasks of a service as a call says that goes out now or, where somebody has
// looked at the whole cluster not longer ago than that, as that look has seen them.
func (t *taskReader) read(ctx context.Context, cluster, service, desired string, notOlder time.Duration) ([]ecs.Task, error) {
	at := list{cluster, desired}
	l, mine, recent := t.join(at, service, notOlder)
	if !recent {
		select {
		case l.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		t.look(ctx, at, l, mine)
	}
	if mine.err != nil && len(mine.services) > 1 { // it may be that of another service, or of who asked for it
		return deploy.ServiceTasks(ctx, t.client, cluster, service, desired)
	}
	return clone(mine.tasks[service]), mine.err
}

// clone returns tasks that their receiver may change.
func clone(tasks []ecs.Task) []ecs.Task {
	own := slices.Clone(tasks)
	for i := range own {
		own[i].Containers = slices.Clone(own[i].Containers)
	}
	return own
}

// join returns the look that serves a service: one that is recent enough, or the next one.
func (t *taskReader) join(at list, service string, notOlder time.Duration) (l *looks, mine *taskLook, recent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lists == nil {
		t.lists = map[list]*looks{}
	}
	if l = t.lists[at]; l == nil {
		l = &looks{turn: make(chan struct{}, 1)}
		t.lists[at] = l
	}
	if l.last != nil && time.Since(l.last.began) < notOlder {
		return l, l.last, true
	}
	if l.next == nil {
		l.next = &taskLook{}
	}
	l.next.services = append(l.next.services, service)
	return l, l.next, false
}

// look looks, unless somebody else has done it for the same askers already, and lets the next
// one do so. Where it crashes, the others look themselves.
func (t *taskReader) look(ctx context.Context, at list, l *looks, now *taskLook) {
	defer func() { <-l.turn }()
	if now.done {
		return
	}
	now.done, now.err = true, errors.New("the look at the tasks crashed")
	t.mu.Lock()
	if l.next == now {
		l.next = nil
	}
	t.mu.Unlock()
	now.began = time.Now()
	look := deploy.TaskLook{Client: t.client, Cluster: at.cluster, Desired: at.desired, Services: now.services}
	if at.desired == ecs.Stopped {
		look.Others = max(t.watching(at.cluster)-len(now.services), 0)
		look.Known = func(arn string) (ecs.Task, bool) { known, ok := l.stopped[arn]; return known, ok }
	}
	var whole bool
	now.tasks, whole, now.err = look.Read(ctx)
	if !whole {
		return
	}
	l.stopped = map[string]ecs.Task{}
	for _, some := range now.tasks {
		for _, task := range some {
			if task.LastStatus == ecs.Stopped {
				l.stopped[task.ARN] = task
			}
		}
	}
	t.mu.Lock()
	l.last = now
	t.mu.Unlock()
}
