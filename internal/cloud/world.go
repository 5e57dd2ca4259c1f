package cloud

import (
	"context"
	"regexp"
	"sync/atomic"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// world is the name of the AWS that answers: itself, or a stand-in under an endpoint of
// its own. A stand-in that says which one it is, in the header Sandbox-Id, has a name
// once it has answered; the others never do.
type world struct {
	real atomic.Bool // AWS itself
	name atomic.Pointer[string]
}

var worldName = regexp.MustCompile(`^[A-Za-z0-9]{8,64}$`)

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

// add makes the world look at every answer.
func (w *world) add(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("TagboatWorld", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if response, ok := out.RawResponse.(*smithyhttp.Response); ok {
			if name := response.Header.Get("Sandbox-Id"); worldName.MatchString(name) {
				w.name.Store(&name)
			}
		}
		return out, metadata, err
	}), middleware.After)
}
