package registry

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// saved is a repository as it is kept between runs; the bytes are among the blobs.
type saved struct {
	Account   string           `json:"account"`
	Region    string           `json:"region"`
	Name      string           `json:"name"`
	CreatedAt time.Time        `json:"createdAt"`
	Settings  Settings         `json:"settings"`
	Images    []Image          `json:"images"` // in order of first push
	Blobs     map[Digest]int64 `json:"blobs"`
}

// Save returns all that a Store knows, to be encoded as JSON and given to Load of a
// Store over the same directory of blobs.
func (s *Store) Save() (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]saved, 0, len(s.repositories))
	for _, r := range s.repositories {
		all = append(all, r.save())
	}
	slices.SortFunc(all, func(a, b saved) int {
		return strings.Compare(a.Account+" "+a.Region+" "+a.Name, b.Account+" "+b.Region+" "+b.Name)
	})
	return all, nil
}

func (r *repository) save() saved {
	out := saved{
		Account: r.Account, Region: r.Region, Name: r.Name,
		CreatedAt: r.CreatedAt, Settings: r.Settings,
		Images: make([]Image, 0, len(r.images)), Blobs: maps.Clone(r.blobs),
	}
	r.order.from(0, func(image *Image) bool {
		out.Images = append(out.Images, image.clone())
		return true
	})
	return out
}

// Load puts back what Save returned. It is for a Store that nobody uses yet.
func (s *Store) Load(data json.RawMessage) error {
	var all []saved
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("loading the registry: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range all {
		id := RepositoryID{wire.Scope{Account: in.Account, Region: in.Region}, in.Name}
		r := newRepository(id, in.CreatedAt, in.Settings)
		for i := range in.Images {
			r.insert(&in.Images[i])
			s.hold(in.Images[i].Digest)
		}
		for d, size := range in.Blobs {
			r.blobs[d] = size
			s.hold(d)
		}
		s.repositories[id] = r
	}
	return nil
}
