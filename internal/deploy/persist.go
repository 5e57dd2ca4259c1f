package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

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
			if err := pause(ctx, min(firstPause<<(attempt-1), 15*time.Second)); err != nil {
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
