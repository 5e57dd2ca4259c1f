package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Memory is a Store in memory that behaves as Parameter Store does: the last writer
// wins, and a hundred versions are kept. The zero value is empty and ready.
type Memory struct {
	User string           // who writes; an ARN
	Now  func() time.Time // nil stands for time.Now
	// Versions is how many are kept; 0 stands for Parameter Store's hundred.
	Versions int

	mu         sync.Mutex
	parameters map[string][]Parameter
}

var _ Store = (*Memory)(nil)

// Get implements Store.
func (m *Memory) Get(_ context.Context, names []string) (map[string]Parameter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]Parameter{}
	for _, asked := range names {
		name, version, selected := strings.Cut(asked, ":")
		versions := m.parameters[name]
		if selected {
			versions = slices.DeleteFunc(slices.Clone(versions), func(p Parameter) bool { return strconv.FormatInt(p.Version, 10) != version })
		}
		if len(versions) > 0 {
			p := versions[len(versions)-1]
			p.Description, p.User, p.Labels = "", "", nil
			found[asked] = p
		}
	}
	return found, nil
}

// Put implements Store.
func (m *Memory) Put(_ context.Context, put Put) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	versions := m.parameters[put.Name]
	switch {
	case len(versions) > 0 && !put.Overwrite:
		return 0, fmt.Errorf("%s: %w", put.Name, ErrExists)
	case len(put.Value) > put.Tier.maxValue():
		return 0, fmt.Errorf("%s: %d bytes are over the limit of %d", put.Name, len(put.Value), put.Tier.maxValue())
	case put.Value == "":
		return 0, fmt.Errorf("%s: a value has at least one character", put.Name)
	case len([]rune(put.Description)) > maxDescription:
		return 0, fmt.Errorf("%s: the description is over the limit of %d", put.Name, maxDescription)
	}
	p := Parameter{
		Name: put.Name, Value: put.Value, Version: 1, Type: "String",
		At: m.now(), Description: put.Description, User: m.User,
	}
	if n := len(versions); n > 0 {
		p.Version = versions[n-1].Version + 1
		p.Type = versions[n-1].Type
	}
	if len(versions) >= cmp.Or(m.Versions, versionsKept) && len(versions[0].Labels) > 0 {
		return 0, fmt.Errorf("%s: %w", put.Name, ErrFull)
	}
	if m.parameters == nil {
		m.parameters = map[string][]Parameter{}
	}
	versions = append(versions, p)
	m.parameters[put.Name] = versions[max(0, len(versions)-cmp.Or(m.Versions, versionsKept)):]
	return p.Version, nil
}

// History implements Store.
func (m *Memory) History(_ context.Context, name string) ([]Parameter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.parameters[name]), nil
}

// Oldest implements Store.
func (m *Memory) Oldest(ctx context.Context, name string, n int) ([]Parameter, error) {
	history, err := m.History(ctx, name)
	return history[:min(n, len(history))], err
}

// Delete deletes a parameter, as anybody may.
func (m *Memory) Delete(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.parameters, name)
}

// Label implements Store.
func (m *Memory) Label(_ context.Context, name string, version int64, label string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.relabel(name, version, func(labels []string, here bool) []string {
		labels = slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == label })
		if here {
			labels = append(labels, label)
		}
		return labels
	})
}

// Unlabel implements Store.
func (m *Memory) Unlabel(_ context.Context, name string, version int64, off []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.relabel(name, version, func(labels []string, here bool) []string {
		if !here {
			return labels
		}
		return slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return slices.Contains(off, l) })
	})
	return nil
}

// relabel changes the labels of all versions, and tells which is the one that is meant.
func (m *Memory) relabel(name string, version int64, change func(labels []string, here bool) []string) error {
	versions := slices.Clone(m.parameters[name])
	at := slices.IndexFunc(versions, func(p Parameter) bool { return p.Version == version })
	if at < 0 {
		return fmt.Errorf("%s has no version %d", name, version)
	}
	for i := range versions {
		versions[i].Labels = change(versions[i].Labels, i == at)
	}
	m.parameters[name] = versions
	return nil
}

func (m *Memory) now() time.Time {
	if m.Now == nil {
		return time.Now()
	}
	return m.Now()
}
