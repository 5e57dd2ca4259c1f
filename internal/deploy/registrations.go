package deploy

import (
	"context"
	"sync"

	"github.com/tagboat/tagboat/internal/taskdef"
)

// registrations keeps the deployments of one run from registering equal revisions, as
// two services or two environments in one account may want, and from registering
// revisions of one family at the same time, which ECS refuses.
type registrations struct {
	mu       sync.Mutex
	families map[family]*revisions
}

type family struct {
	client *Client
	name   string
}

type revisions struct {
	turn   chan struct{}     // held by who registers; whoever waits for it hears ctx
	byHash map[string]string // to the ARN
}

func newRegistrations() *registrations {
	return &registrations{families: map[family]*revisions{}}
}

// once returns the revision of d that was registered in this run, or registers it.
func (r *registrations) once(ctx context.Context, client *Client, d taskdef.Definition, register func() (string, error)) (string, error) {
	of := r.of(family{client, d.Family()})
	select {
	case of.turn <- struct{}{}:
		defer func() { <-of.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	hash := taskdef.Hash(d)
	if arn := of.byHash[hash]; arn != "" {
		return arn, nil
	}
	arn, err := register()
	if err == nil {
		of.byHash[hash] = arn
	}
	return arn, err
}

func (r *registrations) of(f family) *revisions {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.families[f] == nil {
		r.families[f] = &revisions{turn: make(chan struct{}, 1), byHash: map[string]string{}}
	}
	return r.families[f]
}
