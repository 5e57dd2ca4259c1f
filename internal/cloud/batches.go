package cloud

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// batchesAtOnce bounds the calls that one question makes at the same time.
const batchesAtOnce = 5

// inBatches asks for names size at a time, several batches at once, and returns what the
// answers have, in the order of the names. Its error is explained.
func inBatches[Item any](ctx context.Context, names []string, size int, ask func(context.Context, []string) ([]Item, error)) ([]Item, error) {
	batches := slices.Collect(slices.Chunk(names, size))
	answers := make([][]Item, len(batches))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(batchesAtOnce)
	for i, batch := range batches {
		all.Go(func() (err error) {
			answers[i], err = ask(ctx, batch)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, translate(err)
	}
	return slices.Concat(answers...), nil
}

// page is what AWS answers of a list at a time. Pages may be empty before the last one.
type pages[Page, Option any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Option)) (*Page, error)
}

// ofAllPages returns the items of all pages. Its error is not explained.
func ofAllPages[Page, Option, Item any](ctx context.Context, list pages[Page, Option], items func(*Page) []Item) ([]Item, error) {
	var all []Item
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, items(page)...)
	}
	return all, nil
}

// each converts a list; an empty one becomes nil.
func each[From, To any](list []From, of func(From) To) []To {
	var all []To
	for _, item := range list {
		all = append(all, of(item))
	}
	return all
}
