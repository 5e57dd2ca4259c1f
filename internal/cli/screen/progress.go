package screen

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
)

// Progress draws one line per service while it rolls.
type Progress struct {
	live  *console.Live
	mu    sync.Mutex
	began map[string]time.Time
}

// NewProgress returns the progress of so many services.
func NewProgress(on *Screen, services int) *Progress {
	return &Progress{live: on.NewLive(services), began: map[string]time.Time{}}
}

// Event says how a service stands. It may be called by many rollouts at once.
func (p *Progress) Event(u rollout.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := fmt.Sprintf("%s/%s", u.Environment, u.Service)
	if p.began[key].IsZero() {
		p.began[key] = u.At
	}
	line := console.Line{
		Cells: []console.Cell{console.Text(key), state(u), tasks(u), {Text: u.Note, Style: console.Faint}},
		Began: p.began[key], AtOnce: u.News, Group: cmp.Or(string(u.Verdict), string(u.State)), Rank: rank(u),
	}
	if u.State == rollout.StateDone {
		line.Ended = u.At
	}
	p.live.Set(key, line)
}

func state(u rollout.Update) console.Cell {
	switch {
	case u.State == rollout.StateDone:
		return console.Cell{Text: string(u.Verdict), Style: verdictStyle(u.Verdict)}
	case u.State == rollout.StateRollingBack:
		return console.Cell{Text: string(u.State), Style: console.Bad}
	default:
		return console.Cell{Text: string(u.State), Style: console.Accent}
	}
}

func tasks(u rollout.Update) console.Cell {
	if u.Desired == 0 && u.Healthy == 0 {
		return console.Cell{}
	}
	return console.Text(fmt.Sprintf("%d/%d", u.Healthy, u.Desired))
}

// rank puts in front what a person should look at: what goes wrong, then what goes on.
func rank(u rollout.Update) int {
	switch {
	case u.State == rollout.StateRollingBack:
		return 0
	case u.State != rollout.StateDone:
		return 1
	case u.Verdict.Concern() < tagboat.Fine && u.Verdict != tagboat.VerdictSkipped && u.Verdict != tagboat.VerdictBlocked:
		return 0
	default:
		return 2
	}
}

// Done ends the drawing.
func (p *Progress) Done() { p.live.Done() }

var _ rollout.Progress = (*Progress)(nil)
