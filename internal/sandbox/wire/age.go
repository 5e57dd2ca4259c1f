package wire

import (
	"context"
	"time"
)

type ageKey struct{}

// WithAge returns a context for an operation that should answer the state as it was some
// time ago, as AWS's reads may.
func WithAge(ctx context.Context, age time.Duration) context.Context {
	if age <= 0 {
		return ctx
	}
	return context.WithValue(ctx, ageKey{}, age)
}

// Age returns how old the state is that an operation should answer; 0 is the present.
func Age(ctx context.Context) time.Duration {
	age, _ := ctx.Value(ageKey{}).(time.Duration)
	return age
}
