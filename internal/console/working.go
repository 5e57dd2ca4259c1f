package console

import (
	"sync"
	"time"
)

// working is a line that says that something goes on, while nothing else is said.
type working struct {
	stop  chan struct{}
	ended chan struct{}
	once  sync.Once
}

const (
	silence     = time.Second // after which the line appears
	workingEach = 200 * time.Millisecond
)

// Working shows, on a terminal alone, that something goes on: a line that is drawn again as text
// changes, once a second has passed without a word. The first word, and stop, take it away.
func (s *Streams) Working(text func(since time.Duration) string) (stop func()) {
	if !s.ErrTTY {
		return func() {}
	}
	w := &working{stop: make(chan struct{}), ended: make(chan struct{})}
	s.working.Store(w)
	go w.run(s, time.Now(), text)
	return s.settle
}

func (w *working) run(s *Streams, began time.Time, text func(time.Duration) string) {
	defer close(w.ended)
	timer := time.NewTimer(silence)
	defer timer.Stop()
	drawn := false
	for {
		select {
		case <-w.stop:
			if drawn {
				_, _ = s.Err.Write([]byte(clearLine))
			}
			return
		case <-timer.C:
			width, _ := s.size()
			line := s.OnErr(Faint, cutTo(text(time.Since(began).Truncate(time.Second)), width))
			_, _ = s.Err.Write([]byte(clearLine + string(line)))
			drawn = true
			timer.Reset(workingEach)
		}
	}
}

// settle takes away the line that says that something goes on.
func (s *Streams) settle() {
	if w := s.working.Load(); w != nil {
		w.once.Do(func() { close(w.stop) })
		<-w.ended
	}
}
