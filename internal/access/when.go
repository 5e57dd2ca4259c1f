package access

import (
	"context"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// When is a time, or how long ago it was. The zero value is no time.
type When struct {
	At  time.Time
	Ago time.Duration
}

// Moment returns the time that is meant, by AWS's clock where it counts from now.
func (a *Access) Moment(ctx context.Context, env config.Environment, when When) (time.Time, error) {
	if when.Ago == 0 {
		return when.At, nil
	}
	session := a.Session(env)
	if _, _, err := session.Identity(ctx); err != nil { // the answer tells the time
		return time.Time{}, err
	}
	return session.Now().Add(-when.Ago), nil
}

// PastMoment returns the time that is meant; one to come is an error of kind Usage.
func (a *Access) PastMoment(ctx context.Context, env config.Environment, when When) (time.Time, error) {
	at, err := a.Moment(ctx, env, when)
	if err == nil {
		err = a.NotToCome(env, at)
	}
	return at, err
}

// NotToCome returns an error of kind Usage for a time to come, by AWS's clock as far as its
// answers told.
func (a *Access) NotToCome(env config.Environment, at time.Time) error {
	if now := a.Session(env).Now(); at.After(now.Add(time.Minute)) {
		return tagboat.Usagef("%s is in the future", at.UTC().Format(time.RFC3339)).WithHint("times without a zone are UTC; it is %s", now.UTC().Format(time.RFC3339))
	}
	return nil
}
