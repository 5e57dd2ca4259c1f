package cloud

import (
	"context"

	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat"
)

// addGuard makes every call wait until the place is known to be the right one.
func (s *Session) addGuard(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("TagboatGuard", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if err := s.check(ctx); err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.Before)
}

// check makes sure, once, that the place has a region and that its account is the one
// that we are in. A failure is not remembered: credentials can be renewed.
func (s *Session) check(ctx context.Context) error {
	if err := s.hasRegion(); err != nil {
		return err
	}
	select {
	case s.checking <- struct{}{}:
		defer func() { <-s.checking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.checked {
		return nil
	}
	err := s.checkAccount(ctx)
	s.checked = err == nil
	return err
}

func (s *Session) hasRegion() error {
	if s.region != "" {
		return nil
	}
	return tagboat.Usagef("no AWS region is set").
		WithHint("give the environment a region in tagboat.yaml, or set AWS_REGION")
}

// checkAccount compares the account asked for with the one that we are in. Whoever
// assumed a role is in the role's account, so that takes no call.
func (s *Session) checkAccount(ctx context.Context) error {
	if s.place.Account == "" {
		return nil
	}
	if account := roleAccount(s.place.Role); account != "" {
		if account == s.place.Account {
			return nil
		}
		return tagboat.Usagef("the environment is in account %s, and its role %s belongs to account %s", s.place.Account, s.place.Role, account).
			WithHint("correct account or role in tagboat.yaml")
	}
	account, arn, err := s.Identity(ctx)
	if err != nil {
		return err
	}
	if account != s.place.Account {
		return tagboat.Usagef("the environment is in account %s, and the AWS credentials are for account %s (%s)", s.place.Account, account, arn).
			WithHint("choose other credentials with AWS_PROFILE, or give the environment a role to assume")
	}
	return nil
}
