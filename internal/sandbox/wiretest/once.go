package wiretest

import (
	"context"
	"strings"
	"time"
)

// Once is an AWS SDK's retryer that retries nothing that a service answers, so that a
// test sees each error at once. It asks again only where the SDK closed its own
// connection before it had read the whole answer, which happens now and then on a busy
// machine and says nothing about the service.
type Once struct{}

// IsErrorRetryable reports whether err is the SDK's own doing.
func (Once) IsErrorRetryable(err error) bool {
	return strings.Contains(err.Error(), "use of closed network connection")
}

// MaxAttempts bounds how often a call is made.
func (Once) MaxAttempts() int { return 5 }

// RetryDelay returns no delay.
func (Once) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// GetRetryToken gives every retry.
func (Once) GetRetryToken(context.Context, error) (release func(error) error, err error) {
	return func(error) error { return nil }, nil
}

// GetInitialToken gives every call.
func (Once) GetInitialToken() (release func(error) error) {
	return func(error) error { return nil }
}
