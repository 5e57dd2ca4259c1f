package cli

import (
	"fmt"

	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/deploy"
)

// progress draws one line per service while it rolls.
type progress struct{ live *console.Live }

func (f *frame) newProgress() *progress { return &progress{live: f.NewLive()} }

// Event says how a service stands. It may be called by many rollouts at once.
func (p *progress) Event(u deploy.Update) {
	line := fmt.Sprintf("%s/%s  %s", u.Environment, u.Service, u.State)
	if u.Desired > 0 || u.Healthy > 0 {
		line += fmt.Sprintf("  %d/%d", u.Healthy, u.Desired)
	}
	if u.Note != "" {
		line += "  " + u.Note
	}
	p.live.Set(fmt.Sprintf("%s/%s", u.Environment, u.Service), line)
}

func (p *progress) done() { p.live.Done() }

var _ deploy.Progress = (*progress)(nil)
