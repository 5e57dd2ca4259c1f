// Package wait waits for a time and a context together, and reads how long servers ask to
// be left alone.
package wait

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// For waits for d. Where ctx ends before that, it returns the cause of that at once.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Asked returns how long an answer asks to wait before the next request, at most limit, and
// false where it does not say. A date counts from the server's own clock.
// https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
func Asked(answer http.Header, limit time.Duration) (time.Duration, bool) {
	header := answer.Get("Retry-After")
	if seconds, err := strconv.Atoi(header); err == nil {
		return min(time.Duration(min(max(seconds, 0), 1<<20))*time.Second, limit), true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(answer.Get("Date"))
	return min(max(at.Sub(now), 0), limit), err == nil
}
