package release

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cache"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Fleets has releases that environments have as fleets. A release is read once, and a fleet made
// once. It is safe for concurrent use.
type Fleets struct {
	Releases *Releases
	known    cache.Recent[tagboat.Digest, *fleet.Fleet]
}

// There reports whether the artifact of a release is there.
func (f *Fleets) There(ctx context.Context, id tagboat.Digest) (bool, error) {
	at := f.Releases.Fleet.Config.Releases.Repository
	at.Digest = id
	return f.Releases.Catalog.Registry.Exists(ctx, at)
}

// Of returns the fleet as a release that an environment has has it.
func (f *Fleets) Of(ctx context.Context, p ledger.Promoted) (*fleet.Fleet, error) {
	if known, ok := f.known.Get(p.ID); ok {
		return known, nil
	}
	r, err := f.Releases.At(ctx, p.ID, p.Name)
	if err != nil {
		return nil, err
	}
	frozen, err := r.Fleet(f.Releases.Fleet)
	if err == nil {
		f.known.Put(p.ID, frozen)
	}
	return frozen, err
}

// Versions returns the versions of a release as an environment pulls them.
func (f *Fleets) Versions(ctx context.Context, p ledger.Promoted, env config.Environment) (map[tagboat.ImageName]tagboat.Reference, error) {
	r, err := f.Releases.At(ctx, p.ID, p.Name)
	if err != nil {
		return nil, err
	}
	return r.Versions(f.Releases.Fleet.Config, env), nil
}
