package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

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
