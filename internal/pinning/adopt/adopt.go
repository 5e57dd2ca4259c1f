// Package adopt takes over parameters that others wrote: what their keys say of the
// images of tagboat.yaml is pinned in the ledger's layout and form.
package adopt

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
)

// Adoption adopts parameters.
type Adoption struct {
	*pinning.Writer
	Catalog *catalog.Catalog
	Holds   *pinning.Holds
}

// Request says which parameters to adopt.
type Request struct {
	Path        string          // of one parameter, or above several
	Environment tagboat.EnvName // whose versions they hold; "" where their names tell
	Message     string
	Automation  bool // no person asks: holds and rejections count
	DryRun      bool
}

// Import adopts parameters that others wrote: what their keys say of the images of
// tagboat.yaml is pinned in the ledger's layout and form, by digest. Nothing is written
// unless each of them can be read, and each version is in its registry. It may be
// repeated.
func (a *Adoption) Import(ctx context.Context, r Request) (tagboat.ImportDocument, error) {
	sources, err := a.sources(ctx, r)
	if err != nil {
		return tagboat.ImportDocument{}, err
	}
	matched, err := a.match(sources)
	if err != nil {
		return tagboat.ImportDocument{}, err
	}
	if err := a.resolve(ctx, matched.claims); err != nil {
		return tagboat.ImportDocument{}, err
	}
	r.Message = cmp.Or(r.Message, "adopted from "+r.Path)
	document := tagboat.ImportDocument{Imported: []tagboat.ImportedPin{}, Uncovered: tagboat.List(matched.uncovered), Proposal: proposer{a}.propose(sources, matched)}
	if document.Changed, err = a.write(ctx, matched.claims, r, true); err != nil {
		return tagboat.ImportDocument{}, err
	}
	for _, v := range matched.claims {
		document.Imported = append(document.Imported, a.imported(v))
	}
	tellNewForm(ctx, a.Fleet.Config, matched.claims)
	if r.DryRun || !document.Changed {
		return document, nil
	}
	_, err = a.write(ctx, matched.claims, r, false)
	return document, err
}

func (a *Adoption) imported(v *claim) tagboat.ImportedPin {
	return tagboat.ImportedPin{
		Environment: v.env.Name, Image: v.image.Name, Repository: v.version.Name(), Tag: v.version.Tag, Digest: v.version.Digest,
		From: v.from, Key: v.key, Parameter: a.Fleet.Config.ParameterName(v.env, a.Fleet.Config.GroupOf(v.image.Name)),
	}
}

// resolve finds the digests of all versions. It reports all that are missing.
func (a *Adoption) resolve(ctx context.Context, all []*claim) error {
	failed := make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(catalog.AtOnce)
	for i, v := range all {
		group.Go(func() error {
			version, err := a.Catalog.Registry.Resolve(ctx, v.version)
			if err != nil {
				failed[i] = v.errorf(err)
				return nil // all failures are reported at once
			}
			v.version = version.Reference
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(failed...)
}

// write pins what was adopted, environment by environment, and reports whether that
// changes anything.
func (a *Adoption) write(ctx context.Context, all []*claim, r Request, dryRun bool) (bool, error) {
	pins := map[tagboat.EnvName]map[tagboat.ImageName]tagboat.Reference{}
	environments := map[tagboat.EnvName]config.Environment{}
	for _, v := range all {
		if pins[v.env.Name] == nil {
			pins[v.env.Name] = map[tagboat.ImageName]tagboat.Reference{}
		}
		pins[v.env.Name][v.image.Name], environments[v.env.Name] = v.version, v.env
	}
	changed := false
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		if err := a.Writer.Adopts(ctx, environments[name], pins[name]); err != nil {
			return changed, err
		}
		out, err := a.Holds.WriteAs(ctx, r.Automation, environments[name], pins[name], history.Origin{Command: "import", Message: r.Message}, dryRun)
		if err != nil {
			return changed, err
		}
		changed = changed || out.Changed
	}
	return changed, nil
}
