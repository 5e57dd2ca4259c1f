package app

import (
	"context"
	"time"

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
