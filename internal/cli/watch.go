package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/wait"
)

// The pauses between two looks of status --watch: short while something rolls, as a rollout
// is watched, and long while nothing does.
const (
	watchRolling = 3 * time.Second
	watchSteady  = 15 * time.Second
)

// watchStatus draws the matrix in place, until somebody stops it. Without a terminal each
// service has a line whenever it changes.
func watchStatus(ctx context.Context, f *frame, a *app.App, selected fleet.Selection) error {
	environments, err := a.Fleet.Environments(selected)
	if err != nil {
		return err
	}
	live := f.NewLive(0)
	defer live.Done()
	for {
		document, err := a.View.Status(ctx, selected)
		switch {
		case ctx.Err() != nil:
			return quiet{tagboat.Errorf(tagboat.Interrupted, "interrupted")}
		case err != nil:
			return err
		}
		if f.ErrTTY {
			m := matrix{paint: f.OnErr, width: f.Width, wide: f.wide, environments: environments, document: document}
			live.Show(m.lines())
		} else {
			setEach(live, document)
		}
		if err := wait.For(ctx, pauseAfter(document)); err != nil {
			return quiet{tagboat.Errorf(tagboat.Interrupted, "interrupted")}
		}
	}
}

func pauseAfter(document tagboat.StatusDocument) time.Duration {
	for _, s := range document.Services {
		if s.State == "in-progress" {
			return watchRolling
		}
	}
	return watchSteady
}

func setEach(live *console.Live, document tagboat.StatusDocument) {
	for _, s := range document.Services {
		key, field := fmt.Sprintf("%s/%s", s.Environment, s.Service), fieldOf(s, s.Main())
		live.Set(key, console.Line{Cells: []console.Cell{
			console.Text(key), console.Text(field.version), console.Text(s.State),
			console.Text(fmt.Sprintf("%d/%d", s.Healthy, s.Desired)), console.Text(strings.Join(s.Drift, "; ")),
		}})
	}
	for _, e := range document.Errors {
		live.Set(string(e.Environment), console.Line{Cells: []console.Cell{console.Text(string(e.Environment)), console.Text(e.Message)}})
	}
}
