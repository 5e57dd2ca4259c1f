package app

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

// moment returns the time that is meant, by AWS's clock where it counts from now.
func (a *App) moment(ctx context.Context, env config.Environment, when When) (time.Time, error) {
	if when.Ago == 0 {
		return when.At, nil
	}
	session := a.session(env)
	if _, _, err := session.Identity(ctx); err != nil { // the answer tells the time
		return time.Time{}, err
	}
	return session.Now().Add(-when.Ago), nil
}

// pastMoment returns the time that is meant; one to come is an error of kind Usage.
func (a *App) pastMoment(ctx context.Context, env config.Environment, when When) (time.Time, error) {
	at, err := a.moment(ctx, env, when)
	if err == nil {
		err = a.notToCome(env, at)
	}
	return at, err
}

// notToCome returns an error of kind Usage for a time to come, by AWS's clock as far as its
// answers told.
func (a *App) notToCome(env config.Environment, at time.Time) error {
	if now := a.session(env).Now(); at.After(now.Add(time.Minute)) {
		return tagboat.Usagef("%s is in the future", at.UTC().Format(time.RFC3339)).WithHint("times without a zone are UTC; it is %s", now.UTC().Format(time.RFC3339))
	}
	return nil
}
