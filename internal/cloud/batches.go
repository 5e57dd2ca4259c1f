package cloud

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// batchesAtOnce bounds the calls that one question makes at the same time.
const batchesAtOnce = 5

// inBatches asks for items size at a time, several batches at once, and returns the
// answers in the order of the items.
func inBatches[Answer any](ctx context.Context, items []string, size int, ask func(context.Context, []string) (Answer, error)) ([]Answer, error) {
	batches := slices.Collect(slices.Chunk(items, size))
	answers := make([]Answer, len(batches))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(batchesAtOnce)
	for i, batch := range batches {
		all.Go(func() (err error) {
			answers[i], err = ask(ctx, batch)
			return err
		})
	}
	return answers, all.Wait()
}
