package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/registry"
)

// How many requests images makes in all, and how many of them a version may take that is
// looked at: its manifest, one of an index's images, the config, the scan.
const (
	callsInAll      = 101
	callsAVersion   = 4
	callsForTheRest = 12 // logging in; pins and services
)

// versions returns the newest versions. Of what a listing leaves out as many are looked
// at as callsInAll lets, and the others show what is known.
func (c Images) versions(ctx context.Context, s *repository, image config.Image, limit int) ([]tagboat.ImageVersion, error) {
	if limit <= 0 || limit > len(s.listed) {
		limit = len(s.listed)
	}
	allowed := max(0, (callsInAll-callsForTheRest-operation.From(ctx).Calls().Total)/callsAVersion)
	dated := slices.ContainsFunc(s.listed, func(l registry.Entry) bool { return !l.PushedAt.IsZero() })
	if !dated { // what is newest shows only when all were looked at
		s.fillIn(ctx, s.newest(len(s.listed)), min(allowed, len(s.listed)))
	}
	shown := s.newest(limit)
	s.fillIn(ctx, shown, min(allowed, len(shown)))
	rows := []tagboat.ImageVersion{}
	at := map[tagboat.Digest]int{}
	for _, i := range shown {
		row := s.row(i)
		if n, ok := at[row.Digest]; ok && row.Digest != "" {
			rows[n].Tags = append(rows[n].Tags, row.Tags...)
			continue
		}
		at[row.Digest] = len(rows)
		rows = append(rows, row)
	}
	s.scans(ctx, rows, allowed)
	return rows, c.places(ctx, image.Name, rows)
}

// newest returns the places of the newest versions in listed, the newest first; where no
// times are known, the last tags by their names.
func (s *repository) newest(limit int) []int {
	order := make([]int, len(s.listed))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		x, y := s.listed[i], s.listed[j]
		return cmp.Or(y.PushedAt.Compare(x.PushedAt), strings.Compare(strings.Join(y.Tags, " "), strings.Join(x.Tags, " ")),
			cmp.Compare(boolInt(y.IsIndex()), boolInt(x.IsIndex())))
	})
	return order[:limit]
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// known reports whether a version was looked at already: in this run, or in one before.
func (s *repository) known(i, candidate int) bool {
	c := s.candidates[candidate]
	if _, looked := s.looked[i]; looked || c.Digest == "" && !tagboat.ValidTag(c.Tag) { // which nobody can look at
		return true
	}
	v, ok := s.catalog.Registry.Cached(s.reference(candidate))
	if ok {
		s.learn(candidate, v)
	}
	return ok
}

// fillIn looks at the first of some versions, several at once. It is for showing only, so
// that what cannot be looked at is left open and said.
func (s *repository) fillIn(ctx context.Context, wanted []int, allowed int) {
	first := map[int]int{} // candidate by place in listed
	for n, i := range s.of {
		if _, ok := first[i]; !ok {
			first[i] = n
		}
	}
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(i int) bool { return s.known(i, first[i]) })
	if allowed < len(wanted) {
		wanted = wanted[:allowed]
		operation.Tell(ctx, TooMany{len(s.listed), s.ref.Name()})
	}
	versions := make([]registry.Version, len(wanted))
	failed := make([]error, len(wanted))
	var group errgroup.Group
	group.SetLimit(AtOnce)
	for k, i := range wanted {
		group.Go(func() error {
			versions[k], failed[k] = s.catalog.Registry.Resolve(ctx, s.reference(first[i]))
			return nil // told below
		})
	}
	_ = group.Wait()
	told := false
	for k, i := range wanted {
		switch {
		case failed[k] == nil:
			s.learn(first[i], versions[k])
		case !told:
			told = true
			operation.Tell(ctx, Unseen{"not everything could be looked at", failed[k]})
		}
	}
}

func (s *repository) row(i int) tagboat.ImageVersion {
	l := s.listed[i]
	row := tagboat.ImageVersion{
		Tags: tagboat.List(slices.Clone(l.Tags)), Digest: l.Digest, Size: l.Size, Platforms: []string{}, Scan: l.Scan.Status, Findings: l.Scan.Counts,
		Pinned: []tagboat.EnvName{}, Running: []tagboat.EnvName{},
	}
	if at := l.PushedAt.UTC(); !at.IsZero() {
		row.PushedAt = &at
	}
	if v, ok := s.looked[i]; ok {
		row.Looked, row.Platforms, row.Revision = true, tagboat.List(v.Platforms), v.Revision
	}
	return row
}

// scans asks ECR for the results that its listing does not give.
func (s *repository) scans(ctx context.Context, rows []tagboat.ImageVersion, allowed int) {
	api, account, ok := s.catalog.Access.ECR(s.ref)
	if !ok {
		return
	}
	var group errgroup.Group
	group.SetLimit(AtOnce)
	for i := range rows[:min(len(rows), allowed)] {
		row := &rows[i]
		if row.Scan != "" {
			continue
		}
		group.Go(func() error {
			status, counts, err := api.ScanFindings(ctx, account, s.ref.Repository, row.Digest)
			if err == nil { // else who asks may not see it, or there is nothing to see
				row.Scan, row.Findings = status, counts
			}
			return nil
		})
	}
	_ = group.Wait()
}

// places fills in where each version is pinned and where it runs. What cannot be seen is
// told, and the rest shows.
func (c Images) places(ctx context.Context, image tagboat.ImageName, rows []tagboat.ImageVersion) error {
	at := map[tagboat.Digest]*tagboat.ImageVersion{}
	for i := range rows {
		if rows[i].Digest != "" {
			at[rows[i].Digest] = &rows[i]
		}
	}
	pinned, err := c.Whereabouts.Pinned(ctx, image)
	if err != nil {
		operation.Tell(ctx, Unseen{"where it is pinned could not be seen", err})
		return ctx.Err()
	}
	for _, env := range c.Config.SortedEnvironments() {
		if row := at[pinned[env.Name]]; row != nil {
			row.Pinned = append(row.Pinned, env.Name)
		}
	}
	running, err := c.Whereabouts.Running(ctx, image)
	if err != nil {
		operation.Tell(ctx, Unseen{"where it runs could not be seen", err})
		return ctx.Err()
	}
	for digest, environments := range running {
		if row := at[digest]; row != nil {
			row.Running = environments
		}
	}
	return nil
}
