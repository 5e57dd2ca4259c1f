package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/selection"
)

// repository is what is known of a repository's versions: what its listing told, and what
// was looked up since.
type repository struct {
	catalog    *Catalog
	ref        tagboat.Reference
	listed     []registry.Entry
	candidates []selection.Candidate
	of         []int                    // which of listed each candidate is
	looked     map[int]registry.Version // what was looked up, by place in listed
	now        time.Time
}

// lister returns ECR's own API where a repository lies there, which knows push times, and
// else the registry's.
func (c *Catalog) lister(at tagboat.Reference) (registry.Lister, func() time.Time) {
	if api, account, ok := c.Access.ECR(at); ok {
		_, region, _ := tagboat.ParseECRHost(at.Host)
		return api.Lister(account), c.Access.At(cloud.Place{Region: region}).Now
	}
	return c.Registry, time.Now
}

// open lists a repository. The error says that the listing is not complete, and then
// nothing may be decided.
func (c *Catalog) open(ctx context.Context, image config.Image) (*repository, error) {
	lister, now := c.lister(image.Repository)
	listed, err := lister.List(ctx, image.Repository)
	if err != nil {
		return nil, err
	}
	r := &repository{catalog: c, ref: image.Repository, listed: listed, looked: map[int]registry.Version{}, now: now()}
	stage, moves := c.Config.WhoseTag(image.Name), c.Config.MovingTag(image.Name)
	for i, l := range listed {
		if len(l.Tags) == 0 {
			r.add(i, "")
		}
		for _, tag := range l.Tags {
			added := r.add(i, tag)
			added.Stage, added.Moves = stage(tag), moves(tag)
		}
	}
	return r, nil
}

func (r *repository) add(i int, tag string) *selection.Candidate {
	l := r.listed[i]
	r.candidates = append(r.candidates, selection.Candidate{Tag: tag, Digest: l.Digest, PushedAt: l.PushedAt, Index: l.IsIndex(), Artifact: l.Artifact})
	r.of = append(r.of, i)
	return &r.candidates[len(r.candidates)-1]
}

// single is a repository of which one tag is known, and nothing else.
func (c *Catalog) single(ctx context.Context, ref tagboat.Reference) (*repository, error) {
	_, now := c.lister(ref)
	version, err := c.Registry.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	r := &repository{catalog: c, ref: ref, listed: []registry.Entry{{Tags: []string{ref.Tag}}}, looked: map[int]registry.Version{}, now: now()}
	r.add(0, ref.Tag)
	r.learn(0, version)
	return r, nil
}

// maxLooked bounds how many versions are looked at one by one for a choice: two or three
// requests each.
const maxLooked = 300

// lookAt finds out what the registry knows of some candidates. An error means that it could
// not be found out, and then nothing may be decided: left out, an older one would win.
func (r *repository) lookAt(ctx context.Context, wanted []int) error {
	if len(wanted) > maxLooked {
		return r.tooMany(len(wanted))
	}
	versions := make([]registry.Version, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(AtOnce)
	for i, n := range wanted {
		group.Go(func() error {
			version, err := r.catalog.Registry.ResolveListed(ctx, r.reference(n))
			if err != nil {
				return fmt.Errorf("nothing was chosen: %w", err)
			}
			versions[i] = version
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, n := range wanted {
		r.learn(n, versions[i])
	}
	return nil
}

// whatTheyAre finds out of some candidates in ECR whether they are images: a list there
// tells all else that a rule without a platform asks for, and one call brings the
// manifests of a hundred.
func (r *repository) whatTheyAre(ctx context.Context, wanted []int) error {
	api, account, _ := r.catalog.Access.ECR(r.ref)
	digests := make([]tagboat.Digest, len(wanted))
	for i, n := range wanted {
		digests[i] = r.candidates[n].Digest
	}
	slices.Sort(digests)
	manifests, err := api.Manifests(ctx, account, r.ref, slices.Compact(digests))
	if err != nil {
		return fmt.Errorf("nothing was chosen: %w", err)
	}
	for _, n := range wanted {
		c := &r.candidates[n]
		c.Artifact, c.Examined = registry.WhatIs(manifests[c.Digest]), true
	}
	return nil
}

// tooMany returns the error for a rule that has to know more than may be asked for.
func (r *repository) tooMany(n int) error {
	return tagboat.Usagef("the rule needs to know more of %d versions of %s than a list of them tells, and the registry reports that only one by one", n, r.ref.Name()).
		WithHint("use a rule whose order is in the tags, and that few tags fit which are no images: semver, or match with order; or leave some out with ignore")
}

// learn takes over what a registry says of a candidate. The time of the build stands for
// that of the push where nobody knows it.
func (r *repository) learn(n int, v registry.Version) {
	c := &r.candidates[n]
	c.Digest, c.Platforms, c.Complete = v.Reference.Digest, v.Platforms, true
	c.Artifact = v.Artifact
	if c.PushedAt.IsZero() {
		c.PushedAt = v.Created
	}
	l := &r.listed[r.of[n]]
	l.Digest, l.PushedAt = c.Digest, c.PushedAt
	if l.Size == 0 {
		l.Size = v.Size
	}
	r.looked[r.of[n]] = v
}

// reference returns what a candidate is called: by its digest where that is known.
func (r *repository) reference(n int) tagboat.Reference {
	ref := r.ref
	ref.Tag, ref.Digest = r.candidates[n].Tag, r.candidates[n].Digest
	return ref
}

// choose lets a rule choose, looking at whatever it needs to know.
func (r *repository) choose(ctx context.Context, rule selection.Rule) (selection.Choice, error) {
	for looked := 0; ; {
		choice := rule.Choose(r.candidates, r.now)
		if len(choice.Needs) == 0 {
			return choice, nil
		}
		if looked += len(choice.Needs); looked > maxLooked {
			return selection.Choice{}, r.tooMany(looked)
		}
		look := r.lookAt
		if _, _, ours := r.catalog.Access.ECR(r.ref); ours && rule.Platform == "" {
			look = r.whatTheyAre
		}
		if err := look(ctx, choice.Needs); err != nil {
			return selection.Choice{}, err
		}
	}
}
