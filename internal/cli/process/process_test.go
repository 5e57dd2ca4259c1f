package process

import (
	"context"
	"testing"

	"github.com/tagboat/tagboat/internal/operation"
)

// What must not be left halfway outlasts the terminal, and nothing outlasts Ctrl-C.
func TestOutlasting(t *testing.T) {
	stopped, interrupt := context.WithCancel(t.Context())
	ctx, hangUp := context.WithCancel(WithTerminal(stopped, stopped))
	ctx, deployment := operation.Start(ctx, nil)
	hangUp()
	if operation.From(Outlasting(ctx)) != deployment {
		t.Error("what outlasts the terminal belongs to no operation")
	}
	if ctx.Err() == nil || Outlasting(ctx).Err() != nil {
		t.Error("a hangup ends what outlasts it")
	}
	interrupt()
	child, cancel := context.WithCancel(Outlasting(ctx))
	defer cancel()
	if <-child.Done(); Outlasting(ctx).Err() == nil {
		t.Error("Ctrl-C does not end it")
	}
}
