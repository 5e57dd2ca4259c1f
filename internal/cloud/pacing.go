package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat/internal/cloud/pace"
)

// addPacing makes each attempt wait for its turn, before it is signed, and learn from
// its answer. scope is asked each time: an account can become known later.
func addPacing(p *pace.Pacer, scope func(context.Context) string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("TagboatPacing", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			operation := operationOf(ctx)
			if !pace.Paced(operation) {
				return next.HandleFinalize(ctx, in)
			}
			scope := scope(ctx)
			if err := p.Wait(ctx, scope, operation); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, errNotSent{fmt.Errorf("waiting for a turn: %w", err)}
			}
			out, metadata, err := next.HandleFinalize(ctx, in)
			switch {
			case err == nil:
				p.Answered(scope, operation)
			case isThrottle(err) && !hasCode(err, tooManyUpdates):
				p.Refused(scope, operation)
			}
			return out, metadata, err
		}), "Retry", middleware.After)
	}
}

// errNotSent says that a request never went out.
type errNotSent struct{ error }

func (e errNotSent) Unwrap() error { return e.error }

func notSent(err error) bool {
	var e errNotSent
	return errors.As(err, &e)
}
