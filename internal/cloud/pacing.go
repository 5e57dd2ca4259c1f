package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat/internal/cloud/pace"
)

// addPacing makes each attempt wait for its turn, before it is signed.
func addPacing(p *pace.Pacer, scope string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("TagboatPacing", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if err := p.Wait(ctx, scope, operationOf(ctx)); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, errNotSent{fmt.Errorf("waiting for a turn: %w", err)}
			}
			return next.HandleFinalize(ctx, in)
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
