package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// restart opens the sandbox that dir holds with a module of its own.
func restart(t *testing.T, dir string) (*sandbox.Server, *counter) {
	t.Helper()
	module := &counter{}
	server := expect.Value(sandbox.New(sandbox.Config{DataDir: dir, Modules: []sandbox.Module{module}}))(t)
	return server, module
}

func TestStateOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	server, module := restart(t, dir)
	module.registered.Store(7)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	expect.OK(t, errors.Join(server.Run(ctx), server.Close()))
	if _, module := restart(t, dir); module.registered.Load() != 7 {
		t.Errorf("%d after a restart, want 7", module.registered.Load())
	}
	leftovers, err := filepath.Glob(filepath.Join(dir, "state", "*.tmp"))
	if err != nil || leftovers != nil {
		t.Errorf("left behind: %v, %v", leftovers, err)
	}
}

func TestStateIsKeptSoonAndTheClockNeverGoesBackAfterAKill(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		server, module := restart(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- server.Run(ctx) }()
		module.registered.Store(3)
		for _, moment := range []time.Duration{0, 500 * time.Millisecond, 11 * time.Second} {
			<-time.After(moment)
			synctest.Wait()
			seen := server.Now()
			again, _ := restart(t, copied(t, dir)) // as if the first had been killed now
			if again.Now().Before(seen) {
				t.Errorf("after %v the clock went back from %v to %v", moment, seen, again.Now())
			}
		}
		if _, module := restart(t, copied(t, dir)); module.registered.Load() != 3 {
			t.Errorf("%d after a kill, want 3", module.registered.Load())
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// copied returns a copy of a sandbox's directory, which the sandbox does not let go of.
func copied(t *testing.T, dir string) string {
	t.Helper()
	other := t.TempDir()
	expect.OK(t, os.CopyFS(other, os.DirFS(dir)))
	return other
}

func TestTwoSandboxesDoNotShareADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	config := sandbox.Config{DataDir: dir, Address: "http://127.0.0.1:4510", Modules: []sandbox.Module{&counter{}}}
	first := expect.Value(sandbox.New(config))(t)
	_, err := sandbox.New(config)
	if want := fmt.Sprintf("process %d at http://127.0.0.1:4510", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("two sandboxes have one directory: %v", err)
	}
	expect.OK(t, errors.Join(first.Close(), first.Close()))
	second, err := sandbox.New(config)
	if err != nil {
		t.Fatalf("the first has ended: %v", err)
	}
	if _, err := sandbox.New(config); err == nil {
		t.Error("what ended twice let go of what is another's")
	}
	expect.OK(t, second.Close())
	expect.OK(t, os.WriteFile(filepath.Join(dir, "state", "clock.json"), []byte("{"), 0o600))
	for range 2 {
		if _, err := sandbox.New(config); err == nil || strings.Contains(err.Error(), "in use") {
			t.Errorf("one that could not start holds the directory: %v", err)
		}
	}
}

func TestDamagedStateIsAnError(t *testing.T) {
	dir := t.TempDir()
	server, _ := restart(t, dir)
	expect.OK(t, server.Close())
	expect.OK(t, os.WriteFile(filepath.Join(dir, "state", "ecs.json"), []byte("{"), 0o600))
	if _, err := sandbox.New(sandbox.Config{DataDir: dir, Modules: []sandbox.Module{&counter{}}}); err == nil {
		t.Error("damaged state was taken for none")
	}
}

// scheduler is a module that works by itself.
type scheduler struct {
	counter
	err     error
	stopped bool
}

func (s *scheduler) Run(ctx context.Context) error {
	if s.err != nil {
		return s.err
	}
	<-ctx.Done()
	s.stopped = true
	return ctx.Err()
}

func TestRunRunsModulesUntilTheEnd(t *testing.T) {
	module := &scheduler{}
	server := expect.Value(sandbox.New(sandbox.Config{Modules: []sandbox.Module{module}}))(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Run(ctx); err != nil || !module.stopped {
		t.Errorf("got %v; stopped: %v", err, module.stopped)
	}
}

func TestRunEndsWithTheErrorOfAModule(t *testing.T) {
	module := &scheduler{err: wire.Errorf("X", "stuck")}
	server := expect.Value(sandbox.New(sandbox.Config{Modules: []sandbox.Module{module}}))(t)
	if err := server.Run(t.Context()); !errors.Is(err, module.err) {
		t.Errorf("got %v", err)
	}
}
