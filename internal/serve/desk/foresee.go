package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/stage"
	"github.com/tagboat/tagboat/internal/wait"
)

// How often the board is read for what changed, which costs nothing, and how long the gates are left
// alone after they were asked, which costs calls.
const (
	glance = time.Second
	rests  = 30 * time.Second
)

// Foresee reports what environments that no watcher looks after wait for, until ctx ends. It asks the gates
// only where another release runs upstream: when that changed, after people acted, and at each sweep.
func (d *Desk) Foresee(ctx context.Context, environments []config.Environment, sweep time.Duration, tell func(tagboat.EnvName, board.Foreseen)) error {
	asked, about := time.Time{}, ""
	for wait.For(ctx, glance) == nil {
		behind, now := d.behind(environments)
		since := time.Since(asked)
		if since < rests || since < sweep && now == about {
			continue
		}
		asked, about = time.Now(), now
		told := map[tagboat.EnvName]board.Foreseen{}
		if len(behind) > 0 {
			var err error
			if told, err = d.waits(ctx, behind); err != nil {
				continue // the board says what cannot be read
			}
		}
		for _, env := range environments {
			tell(env.Name, told[env.Name])
		}
	}
	return nil
}

// behind returns the environments that have another release than their upstream, and in words all that
// the gates' answer may depend on.
func (d *Desk) behind(environments []config.Environment) (names []tagboat.EnvName, all string) {
	seen := d.options.Board.Now()
	var words strings.Builder
	for _, env := range environments {
		before, _, ok := stage.Before(d.options.Config, env)
		there, known := seen.Standing(before.Name)
		here, _ := seen.Standing(env.Name)
		if ok && known && there.Release != "" && there.ReleaseID != here.ReleaseID {
			names = append(names, env.Name)
			fmt.Fprintln(&words, env.Name, here.ReleaseID, there.ReleaseID)
		}
	}
	for _, o := range d.Operations().Operations {
		if o.State != tagboat.OperationRunning {
			fmt.Fprintln(&words, o.ID)
		}
	}
	return names, words.String()
}

// waits returns what keeps releases out of environments.
func (d *Desk) waits(ctx context.Context, environments []tagboat.EnvName) (map[tagboat.EnvName]board.Foreseen, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	set, err := d.options.Tools.Promotions.Plan(ctx, promotion.Request{Selection: fleet.Selection{Environments: environments}, Look: true})
	if err != nil {
		return nil, err
	}
	told := map[tagboat.EnvName]board.Foreseen{}
	for _, p := range set.Document().Promotions {
		if p.State == tagboat.PromotionBlocked && p.Release.ID != "" {
			told[p.Environment] = board.Foreseen{Release: p.Release.Readable(), Waits: p.Cause}
		}
	}
	return told, nil
}
