package console

import (
	"fmt"
	"strings"
	"sync"
)

// Bars shows how far transfers that go on side by side have come. On a terminal each has
// a bar; elsewhere a line says when one has come a quarter further. Its methods may be
// called at once.
type Bars struct {
	live *Live
	tty  bool
	mu   sync.Mutex
	told map[string]int64 // the quarter that was told last
}

// NewBars returns Bars on the stream for talk.
func (s *Streams) NewBars() *Bars {
	return &Bars{live: s.NewLive(0), tty: s.ErrTTY, told: map[string]int64{}}
}

// Set says how many bytes of a transfer are over.
func (b *Bars) Set(name string, done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tty {
		b.live.Set(name, bare(Bar(name, done, total)))
		return
	}
	quarter := int64(0)
	if total > 0 {
		quarter = done * 4 / total
	}
	last, begun := b.told[name]
	if begun && quarter <= last || quarter == 4 { // the end has its own line
		return
	}
	b.told[name] = quarter
	b.live.Set(name, bare(fmt.Sprintf("%s  %d%% of %s", name, quarter*25, Bytes(total))))
}

// End says how a transfer ended, in words.
func (b *Bars) End(name, said string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.live.Set(name, bare(name+"  "+said))
}

// bare is a line of one cell.
func bare(text string) Line { return Line{Cells: []Cell{Text(text)}} }

// Done leaves the last state on the terminal.
func (b *Bars) Done() { b.live.Done() }

const barWidth = 24

// Bar returns a line with a bar: name  [=====>    ]  12.3 / 45.6 MB.
func Bar(name string, done, total int64) string {
	filled := 0
	if total > 0 {
		filled = int(min(done, total) * barWidth / total)
	}
	bar := strings.Repeat("=", filled)
	if filled < barWidth {
		bar += ">" + strings.Repeat(" ", barWidth-filled-1)
	}
	return fmt.Sprintf("%s  [%s]  %s of %s", name, bar, Bytes(done), Bytes(total))
}

// Bytes writes a size as people read it, in powers of ten.
func Bytes(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n), "kMGTPE"
	at := -1
	for value >= unit && at < len(units)-1 {
		value /= unit
		at++
	}
	return fmt.Sprintf("%.1f %cB", value, units[at])
}
