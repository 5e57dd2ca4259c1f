package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

// Repositories that share layers come and go at once. A push may find its layers
// gone with its repository and be refused; what was accepted into one that stays is
// whole.
func TestPushesAndDeletionsAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := newSUT(t, dir)
	image := randomImage(t)
	var group errgroup.Group
	for worker := range 8 {
		group.Go(func() error {
			for round := range 10 {
				if err := remote.Write(s.ref(fmt.Sprintf("stays-%d:v%d", worker, round)), image); err != nil {
					return fmt.Errorf("pushing: %w", err)
				}
				err := remote.Write(s.ref("goes:v1"), image)
				var refused *transport.Error
				if err != nil && (!errors.As(err, &refused) || refused.StatusCode != http.StatusNotFound) {
					return fmt.Errorf("pushing to what is being deleted: %w", err)
				}
				_, err = s.DeleteRepository(registry.RepositoryID{Scope: home, Name: "goes"}, true)
				if err != nil && !registry.IsNotFound(err) {
					return err
				}
			}
			return nil
		})
	}
	expect.OK(t, group.Wait())
	for worker := range 8 {
		name := fmt.Sprintf("stays-%d", worker)
		got := expect.Value(remote.Image(s.ref(name + ":v9")))(t)
		sameImage(t, image, got)
		expect.Value(s.DeleteRepository(registry.RepositoryID{Scope: home, Name: name}, true))(t)
	}
	if _, err := s.DeleteRepository(registry.RepositoryID{Scope: home, Name: "goes"}, true); err != nil && !registry.IsNotFound(err) {
		t.Fatal(err)
	}
	expect.EqualIn(t, "blobs are left of repositories that are gone", 0, blobCount(t, dir))
}
