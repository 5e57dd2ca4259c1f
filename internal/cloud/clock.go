package cloud

import (
	"context"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// clock knows AWS's time from the Date header of its answers. The zero value has seen
// none.
type clock struct {
	mu   sync.Mutex
	base time.Time // AWS's time
	at   time.Time // when that was, by the local clock
}

// add makes the clock look at every answer.
func (c *clock) add(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("TagboatClock", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if at, ok := awsmiddleware.GetServerTime(metadata); ok {
			c.observe(at)
		}
		return out, metadata, err
	}), middleware.Before)
}

// observe takes a Date header, which is cut to the second: what we reckoned stays if it
// lies within that second, and else is moved to its nearest end.
func (c *clock) observe(date time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	reckoned, last := c.reckon(), date.Add(time.Second-time.Nanosecond)
	switch {
	case c.at.IsZero() || reckoned.Before(date):
		reckoned = date
	case reckoned.After(last):
		reckoned = last
	}
	c.base, c.at = reckoned, time.Now()
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return time.Now().UTC() // nobody has a time of AWS's to compare it with yet
	}
	return c.reckon()
}

func (c *clock) reckon() time.Time { return c.base.Add(time.Since(c.at)) }
