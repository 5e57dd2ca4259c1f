package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// saveEvery is how often changes that a call made are kept, by the client's clock.
	saveEvery = time.Second
	// saveAnyway is after how many of these the rest is kept: what changed by itself.
	saveAnyway = 10
)

// Run does what goes on between calls: rollouts, and saving the state. It ends when
// ctx does, with state kept, or with the first error of either.
func (s *Server) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	for _, m := range s.modules {
		if runner, ok := m.(Runner); ok {
			group.Go(func() error { return runner.Run(running) })
		}
	}
	group.Go(func() error { return s.keepSaving(running) })
	err := group.Wait()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	return errors.Join(err, s.keep())
}

func (s *Server) keepSaving(ctx context.Context) error {
	for tick := 0; ; tick++ {
		if err := s.tick(tick%saveAnyway == 0); err != nil {
			return fmt.Errorf("saving the sandbox's state: %w", err)
		}
		due, stop := s.client.Wait(s.client.Now().Add(saveEvery))
		select {
		case <-ctx.Done():
			stop()
			return nil
		case <-due:
		}
	}
}

func (s *Server) tick(everything bool) error {
	if s.store == nil {
		return nil
	}
	// Should the process be killed, its clock will not have passed this time before
	// the next tick: what goes on from here does not go back.
	ahead := s.clock.Now().Add(time.Duration(2 * float64(saveEvery) * s.config.Speed))
	err := s.store.saveClock(ahead)
	if s.dirty.Swap(false) || everything {
		err = errors.Join(err, s.save())
	}
	return err
}

// save keeps the state of every module that changed.
func (s *Server) save() error {
	var errs []error
	for i, m := range s.modules {
		saver, ok := m.(Saver)
		if !ok {
			continue
		}
		state, err := saver.Save()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		data, err := json.Marshal(state)
		if err != nil {
			errs = append(errs, fmt.Errorf("encoding the state of %s: %w", s.services[i].Name, err))
			continue
		}
		errs = append(errs, s.store.write(s.services[i].Name, data))
	}
	return errors.Join(errs...)
}

// load gives every module its state back.
func (s *Server) load() error {
	if s.store == nil {
		return nil
	}
	for i, m := range s.modules {
		saver, ok := m.(Saver)
		if !ok {
			continue
		}
		var state json.RawMessage
		if err := s.store.read(s.services[i].Name, &state); err != nil {
			return err
		}
		if state == nil {
			continue
		}
		if err := saver.Load(state); err != nil {
			return fmt.Errorf("restoring %s: %w", s.services[i].Name, err)
		}
	}
	return nil
}

// store keeps one JSON file for each module in a directory. A file is replaced as a
// whole, so that a kill leaves the old state or
// the new. Secrets of Parameter Store are among it, so no other user may read them.
type store struct {
	dir string

	mu      sync.Mutex
	written map[string][]byte // what the files hold, to leave alone what is the same
}

// openStore makes the directory if need be and returns the time at which the clock
// has to go on: now, or when the sandbox was last seen if that is later.
func openStore(dir string, now time.Time) (*store, time.Time, error) {
	st := &store{dir: filepath.Join(dir, "state"), written: map[string][]byte{}}
	if err := os.MkdirAll(st.dir, 0o700); err != nil {
		return nil, now, fmt.Errorf("creating the sandbox's directory: %w", err)
	}
	var seen clockState
	if err := st.read("clock", &seen); err != nil {
		return nil, now, err
	}
	if seen.Now.After(now) {
		now = seen.Now
	}
	return st, now, nil
}

// clockState is a time that the sandbox's clock had not passed when it was written.
type clockState struct {
	Now time.Time `json:"now"`
}

func (st *store) saveClock(now time.Time) error {
	data, err := json.Marshal(clockState{Now: now})
	if err != nil {
		return err
	}
	return st.write("clock", data)
}

// read fills v from a file; it leaves v alone where there is none.
func (st *store) read(name string, v any) error {
	file := st.file(name)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the sandbox's state: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("reading the sandbox's state in %s: %w", file, err)
	}
	return nil
}

// write replaces a file unless it holds data already.
func (st *store) write(name string, data []byte) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if bytes.Equal(st.written[name], data) {
		return nil
	}
	temporary, err := os.CreateTemp(st.dir, name+".*.tmp")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), st.file(name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	st.written[name] = data
	return nil
}

func (st *store) file(name string) string { return filepath.Join(st.dir, name+".json") }
