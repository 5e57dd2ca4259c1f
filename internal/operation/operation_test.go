package operation_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/operation"
)

type moved struct{ tag string }

func (m moved) String() string { return m.tag + " moved" }

// TestOperationsStayApart: what one tells and counts is not the other's.
func TestOperationsStayApart(t *testing.T) {
	var heard []operation.Event
	first, a := operation.Start(t.Context(), func(e operation.Event) { heard = append(heard, e) })
	second, b := operation.Start(t.Context(), nil)
	operation.Tell(first, moved{"v1"})
	operation.Tell(second, moved{"v2"})
	operation.From(first).Call("ecs.ListTasks", false)
	operation.From(first).Call("ecs.ListTasks", true)
	operation.From(first).Throttled("ecs.ListTasks")
	operation.From(second).Call("ssm.PutParameter", false)
	expect.Equal(t, []operation.Event{moved{"v1"}}, heard, cmp.AllowUnexported(moved{}))
	expect.Equal(t, tagboat.Calls{Total: 2, Retried: 1, Throttled: 1, ByOperation: map[string]int{"ecs.ListTasks": 2}, ThrottledByOperation: map[string]int{"ecs.ListTasks": 1}}, a.Calls())
	expect.Equal(t, tagboat.Calls{Total: 1, ByOperation: map[string]int{"ssm.PutParameter": 1}}, b.Calls())
}

func TestNoOperation(t *testing.T) {
	operation.Tell(context.Background(), moved{"v1"})
	none := operation.From(context.Background())
	none.Call("x", false)
	none.Throttled("ecs.ListTasks")
	expect.Equal(t, tagboat.Calls{ByOperation: map[string]int{}}, none.Calls())
}

func TestManyAtOnce(t *testing.T) {
	ctx, o := operation.Start(t.Context(), nil)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { operation.From(ctx).Call("x", false) })
	}
	all.Wait()
	if n := o.Calls().Total; n != 50 {
		t.Error(n)
	}
}
