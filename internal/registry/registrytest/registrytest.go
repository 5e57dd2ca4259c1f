// Package registrytest has the contract of registry.Lister as a suite that every
// implementation runs.
package registrytest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/registry"
)

// Repository is a repository under test.
type Repository struct {
	registry.Lister
	Reference tagboat.Reference
	// Push puts an image with the tag into the repository.
	Push func(t *testing.T, tag string) tagboat.Digest
	// Break makes the second page of a listing fail, and everything after it.
	Break func(t *testing.T)
}

// PageSize is how many tags a page of the implementation has at most.
const PageSize = 1000

// Run runs the suite. open must return a repository of its own each time, with a tag
// tag-N for each N below size.
func Run(t *testing.T, open func(t *testing.T, size int) Repository) {
	t.Run("every tag", func(t *testing.T) { everyTag(t, open(t, 3)) })
	t.Run("S4 all pages", func(t *testing.T) { allPages(t, open(t, PageSize+1)) })
	t.Run("S3 an incomplete listing decides nothing", func(t *testing.T) { incomplete(t, open(t, PageSize+1)) })
	t.Run("no such repository", func(t *testing.T) { noRepository(t, open(t, 1)) })
	t.Run("the context ends it", func(t *testing.T) { cancelled(t, open(t, 1)) })
}

func tags(t *testing.T, r Repository) []string {
	t.Helper()
	all, err := r.List(t.Context(), r.Reference)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, listed := range all {
		found = append(found, listed.Tags...)
	}
	slices.Sort(found)
	return found
}

func everyTag(t *testing.T, r Repository) {
	digest := r.Push(t, "another")
	if diff := cmp.Diff([]string{"another", "tag-0", "tag-1", "tag-2"}, tags(t, r)); diff != "" {
		t.Error(diff)
	}
	all, err := r.List(t.Context(), r.Reference)
	if err != nil {
		t.Fatal(err)
	}
	for _, listed := range all {
		if slices.Contains(listed.Tags, "another") && listed.Digest != "" && listed.Digest != digest {
			t.Errorf("the digest is %s, want %s", listed.Digest, digest)
		}
	}
}

func allPages(t *testing.T, r Repository) {
	if found := tags(t, r); len(found) != PageSize+1 {
		t.Errorf("%d tags, want %d", len(found), PageSize+1)
	}
}

func incomplete(t *testing.T, r Repository) {
	r.Break(t)
	if all, err := r.List(t.Context(), r.Reference); err == nil || all != nil {
		t.Errorf("%d versions, error %v", len(all), err)
	}
}

func noRepository(t *testing.T, r Repository) {
	r.Reference.Repository += "/none"
	all, err := r.List(t.Context(), r.Reference)
	var e *tagboat.Error
	if !errors.As(err, &e) || e.Kind != tagboat.Usage || e.Hint == "" || len(all) > 0 {
		t.Errorf("%v %v", all, err)
	}
}

func cancelled(t *testing.T, r Repository) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.List(ctx, r.Reference); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
