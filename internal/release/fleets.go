package release

import (
	"context"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Fleets reads releases as fleets, each once. It is safe for concurrent use.
type Fleets struct {
	Releases *Releases

	mu    sync.Mutex // guards known
	known map[tagboat.Digest]*fleet.Fleet
}

// Of returns the fleet as a release that an environment has has it.
func (f *Fleets) Of(ctx context.Context, p ledger.Promoted) (*fleet.Fleet, error) {
	f.mu.Lock()
	known := f.known[p.ID]
	f.mu.Unlock()
	if known != nil {
		return known, nil
	}
	r, err := f.Releases.At(ctx, p.ID, p.Name)
	if err != nil {
		return nil, err
	}
	frozen, err := r.Fleet(f.Releases.Fleet)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[tagboat.Digest]*fleet.Fleet{}
	}
	f.known[p.ID] = frozen
	return frozen, nil
}
