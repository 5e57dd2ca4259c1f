package notify

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// longestAsked bounds how long a receiver is waited for at its own wish.
const longestAsked = 10 * time.Second

// retryAfter returns how long an answer asks to wait, or zero.
// https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
func retryAfter(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestAsked)
}

// pause waits about so long, so that not all who failed at once come back at once.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d + rand.N(d/4+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
