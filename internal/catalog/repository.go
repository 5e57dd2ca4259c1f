package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/selection"
)

// shelf is what is known of a repository's versions: what its listing told, and what was
// looked up since.
type shelf struct {
	repository tagboat.Reference
	listed     []registry.Listed
	candidates []selection.Candidate
	of         []int                    // which of listed each candidate is
	looked     map[int]registry.Version // what was looked up, by place in listed
	now        time.Time
}

// lister returns ECR's own API where a repository lies there, which knows push times, and
// else the registry's.
func (a *App) lister(repository tagboat.Reference) (registry.Lister, func() time.Time) {
	if api, account, ok := a.ecrOf(repository); ok {
		_, region, _ := registry.ParseECRHost(repository.Host)
		return api.Lister(account), a.cloud.At(cloud.Place{Region: region}).Now
	}
	return a.registry, time.Now
}

// shelf lists a repository. The error says that the listing is not complete, and then
// nothing may be decided.
func (a *App) shelf(ctx context.Context, repository tagboat.Reference) (*shelf, error) {
	lister, now := a.lister(repository)
	listed, err := lister.List(ctx, repository)
	if err != nil {
		return nil, err
	}
	s := &shelf{repository: repository, listed: listed, looked: map[int]registry.Version{}, now: now()}
	for i, l := range listed {
		if len(l.Tags) == 0 {
			s.add(i, "")
		}
		for _, tag := range l.Tags {
			s.add(i, tag)
		}
	}
	return s, nil
}

func (s *shelf) add(i int, tag string) {
	l := s.listed[i]
	s.candidates = append(s.candidates, selection.Candidate{Tag: tag, Digest: l.Digest, PushedAt: l.PushedAt, Index: l.IsIndex(), Artifact: l.Artifact})
	s.of = append(s.of, i)
}

// single is a shelf with nothing on it but one tag.
func (a *App) single(ctx context.Context, ref tagboat.Reference) (*shelf, error) {
	_, now := a.lister(ref)
	version, err := a.registry.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	s := &shelf{repository: ref, listed: []registry.Listed{{Tags: []string{ref.Tag}}}, looked: map[int]registry.Version{}, now: now()}
	s.add(0, ref.Tag)
	s.learn(0, version)
	return s, nil
}

// maxLooked bounds how many versions are looked at one by one for a choice: two or three
// requests each.
const maxLooked = 300

// lookAt finds out what the registry knows of some candidates. An error means that it could
// not be found out, and then nothing may be decided: left out, an older one would win.
func (a *App) lookAt(ctx context.Context, s *shelf, wanted []int) error {
	if len(wanted) > maxLooked {
		return s.tooMany(len(wanted))
	}
	found := make([]registry.Version, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registriesAtOnce)
	for i, n := range wanted {
		group.Go(func() error {
			version, err := a.registry.Look(ctx, s.reference(n))
			if err != nil {
				return fmt.Errorf("nothing was chosen: %w", err)
			}
			found[i] = version
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, n := range wanted {
		s.learn(n, found[i])
	}
	return nil
}

// whatTheyAre finds out of some candidates in ECR whether they are images: a list there
// tells all else that a rule without a platform asks for, and one call brings the
// manifests of a hundred.
func (a *App) whatTheyAre(ctx context.Context, s *shelf, wanted []int) error {
	api, account, _ := a.ecrOf(s.repository)
	digests := make([]tagboat.Digest, len(wanted))
	for i, n := range wanted {
		digests[i] = s.candidates[n].Digest
	}
	slices.Sort(digests)
	manifests, err := api.Manifests(ctx, account, s.repository, slices.Compact(digests))
	if err != nil {
		return fmt.Errorf("nothing was chosen: %w", err)
	}
	for _, n := range wanted {
		c := &s.candidates[n]
		c.Artifact, c.Examined = registry.WhatIs(manifests[c.Digest]), true
	}
	return nil
}

// tooMany returns the error for a rule that has to know more than may be asked for.
func (s *shelf) tooMany(n int) error {
	return tagboat.Usagef("the rule needs to know more of %d versions of %s than a list of them tells, and the registry tells that one by one", n, s.repository.Name()).
		WithHint("use a rule whose order is in the tags, and that few tags fit which are no images: semver, or match with order; or leave some out with ignore")
}

// learn takes over what a registry says of a candidate. The time of the build stands for
// that of the push where nobody knows it.
func (s *shelf) learn(n int, v registry.Version) {
	c := &s.candidates[n]
	c.Digest, c.Platforms, c.Looked = v.Reference.Digest, v.Platforms, true
	c.Artifact = v.Artifact
	if c.PushedAt.IsZero() {
		c.PushedAt = v.Created
	}
	l := &s.listed[s.of[n]]
	l.Digest, l.PushedAt = c.Digest, c.PushedAt
	if l.Size == 0 {
		l.Size = v.Size
	}
	s.looked[s.of[n]] = v
}

// reference returns what a candidate is called: by its digest where that is known.
func (s *shelf) reference(n int) tagboat.Reference {
	ref := s.repository
	ref.Tag, ref.Digest = s.candidates[n].Tag, s.candidates[n].Digest
	return ref
}

// choose lets a rule choose, looking at whatever it needs to know.
func (a *App) choose(ctx context.Context, s *shelf, rule selection.Rule) (selection.Choice, error) {
	for looked := 0; ; {
		choice := rule.Choose(s.candidates, s.now)
		if len(choice.Needs) == 0 {
			return choice, nil
		}
		if looked += len(choice.Needs); looked > maxLooked {
			return selection.Choice{}, s.tooMany(looked)
		}
		look := a.lookAt
		if _, _, ours := a.ecrOf(s.repository); ours && rule.Platform == "" {
			look = a.whatTheyAre
		}
		if err := look(ctx, s, choice.Needs); err != nil {
			return selection.Choice{}, err
		}
	}
}
