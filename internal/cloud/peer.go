package cloud

import (
	"context"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// addPeer has the session learn from every answer what time it is at AWS, and which AWS it is.
func (s *Session) addPeer(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("TagboatPeer", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if at, ok := awsmiddleware.GetServerTime(metadata); ok {
			s.clock.observe(at)
		}
		if response, ok := out.RawResponse.(*smithyhttp.Response); ok {
			s.cloud.world.observe(response.Header.Get("Sandbox-Id"))
		}
		return out, metadata, err
	}), middleware.Before)
}

// clock knows AWS's time from the Date header of its answers. The zero value has seen
// none.
type clock struct {
	mu   sync.Mutex
	base time.Time // AWS's time
	at   time.Time // when that was, by the local clock
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

// world is the name of the AWS that answers: itself, or a stand-in under an endpoint of
// its own. A stand-in that says which one it is, in the header Sandbox-Id, has a name
// once it has answered; the others never do.
type world struct {
	real atomic.Bool // AWS itself
	name atomic.Pointer[string]
}

var worldName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]{8,64}$`) })

// String returns the name, or "" where it is not known.
func (w *world) String() string {
	if w.real.Load() {
		return "aws"
	}
	if name := w.name.Load(); name != nil {
		return *name
	}
	return ""
}

// observe takes what a stand-in says in the header Sandbox-Id.
func (w *world) observe(name string) {
	if worldName().MatchString(name) {
		w.name.Store(&name)
	}
}
