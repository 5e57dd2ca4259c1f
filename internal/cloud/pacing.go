package cloud

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat/internal/cache"
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

// paceStore keeps how full AWS's buckets are, so that a run right after another does
// not take them for full. Losing it costs a throttled call or two, and nothing else.
type paceStore struct {
	dir   cache.Dir
	world func() string
}

var _ pace.Store = paceStore{}

// fullness is how many tokens a bucket had at a time.
type fullness struct {
	Tokens float64   `json:"tokens"`
	At     time.Time `json:"at"`
}

var unfit = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^a-zA-Z0-9-]+`) })

func (m paceStore) name(scope, group string) string {
	world := m.world()
	if world == "" {
		return ""
	}
	return filepath.Join(world, "pace", unfit().ReplaceAllString(scope, "_"), unfit().ReplaceAllString(group, "_")+".json")
}

// Load implements pace.Memory.
func (m paceStore) Load(scope, group string) (tokens float64, at time.Time, ok bool) {
	var f fullness
	if name := m.name(scope, group); name == "" || !m.dir.Read(name, &f) {
		return 0, time.Time{}, false
	}
	return f.Tokens, f.At, true
}

// Save implements pace.Memory.
func (m paceStore) Save(scope, group string, tokens float64, at time.Time) {
	if name := m.name(scope, group); name != "" {
		m.dir.Write(name, fullness{tokens, at.UTC()})
	}
}
