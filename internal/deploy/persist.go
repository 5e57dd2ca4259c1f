package deploy

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	// attempts is how often a call is made whose answer got lost or that ECS puts off.
	attempts   = 4
	firstPause = time.Second
)

// persist calls until the call is answered. After a lost answer it asks taken whether
// the call took effect all the same. What else fails is returned at once.
func persist(ctx context.Context, call func() error, taken func() (bool, error)) error {
	var err error
	for attempt := range attempts {
		if attempt > 0 {
			if err := pause(ctx, firstPause<<(attempt-1)); err != nil {
				return err
			}
			done, lookErr := taken()
			switch {
			case lookErr != nil:
				continue
			case done:
				return nil
			}
		}
		if err = call(); err == nil || !worthRepeating(err) {
			return err
		}
	}
	return err
}

// worthRepeating tells whether an error leaves open what happened: the answer got lost,
// or the service exists now, perhaps because a call whose answer got lost was repeated
// below us. It also tells of an error that says that ECS is busy with another
// registration of the family.
func worthRepeating(err error) bool {
	return errors.Is(err, ecs.ErrAmbiguous) ||
		strings.Contains(err.Error(), "Creation of service was not idempotent") ||
		strings.Contains(err.Error(), "Too many concurrent attempts to create a new revision")
}

// pause waits for d or for ctx, whose error it returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
