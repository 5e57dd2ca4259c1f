package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// warnMovable says which tags may come to stand for something else, in one notice for all
// of them. It is a courtesy: who may not ask is not bothered.
func (a *App) warnMovable(ctx context.Context, all map[tagboat.ImageName]found) {
	var movable []tagboat.Reference
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if a.movable(ctx, all[name]) {
			movable = append(movable, all[name].version.Reference)
		}
	}
	switch len(movable) {
	case 0:
	case 1:
		ref := movable[0]
		a.notice(fmt.Sprintf("the tag %s of %s can be moved to another version; the pin keeps %s", ref.Tag, ref.Repository, ref.Digest.Short()))
	default:
		names := make([]string, len(movable))
		for i, ref := range movable {
			names[i] = ref.Repository + ":" + ref.Tag
		}
		a.notice(fmt.Sprintf("these tags can be moved to other versions; the pins keep what they stand for now: %s", strings.Join(names, ", ")))
	}
}

func (a *App) movable(ctx context.Context, f found) bool {
	ref := f.version.Reference
	api, account, ok := a.ecrOf(ref)
	if !ok || ref.Tag == "" || f.image.Select.Follow == ref.Tag {
		return false
	}
	movable, err := api.Movable(ctx, account, ref.Repository, ref.Tag)
	return err == nil && movable
}
