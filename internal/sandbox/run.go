package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
