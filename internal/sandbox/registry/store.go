package registry

import (
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Options are what a Store needs.
type Options struct {
	Clock clock.Clock // tells when images are pushed
	Scope wire.Scope  // the sandbox's default account and region
	Dir   string      // blobs are kept below it, in blobs/sha256; "" keeps them in memory
	// Logins has clients log in, and tells the time by which a login ends; nil has the
	// registry answer everybody.
	Logins clock.Clock
	// Created has images be pushed into repositories that somebody created, and no other.
	Created bool
}

// Store holds repositories and their content for all accounts and regions. Its
// methods may be called at once; layers are read and written outside of its lock.
type Store struct {
	clock   clock.Clock
	logins  clock.Clock // nil where nobody has to log in
	created bool        // repositories are made by whoever asks for one, not by a push
	scope   wire.Scope
	blobs   Blobs

	mu           sync.RWMutex
	repositories map[RepositoryID]*repository
	holders      map[Digest]int // how many repositories hold a blob or manifest
	uploads      map[Upload]*upload
	onPush       []func(Event)
	onDelete     []func(Event)
}

// Open returns an empty Store over the blobs in o.Dir; Load fills it.
func Open(o Options) (*Store, error) {
	var blobs Blobs = NewMemory()
	if o.Dir != "" {
		dir, err := OpenDir(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("opening the registry's directory %q: %w", o.Dir, err)
		}
		blobs = dir
	}
	return &Store{
		clock:        o.Clock,
		logins:       o.Logins,
		created:      o.Created,
		scope:        o.Scope,
		blobs:        blobs,
		repositories: map[RepositoryID]*repository{},
		holders:      map[Digest]int{},
		uploads:      map[Upload]*upload{},
	}, nil
}

// Event is an image that was pushed or deleted.
type Event struct {
	RepositoryID
	Tag    string // "" for a push without one
	Digest Digest
	At     time.Time
}

// OnPush has f called after every push and retag that changed something, one call
// for each manifest: an index and its children are several. f runs in the caller's
// goroutine, outside of the Store's lock.
func (s *Store) OnPush(f func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPush = append(s.onPush, f)
}

// OnDelete has f called like OnPush after every deletion, once for each tag that
// went, or once without one for an image that had none.
func (s *Store) OnDelete(f func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onDelete = append(s.onDelete, f)
}

func tell(hooks []func(Event), events ...Event) {
	for _, e := range events {
		for _, hook := range hooks {
			hook(e)
		}
	}
}

// find returns a repository. The caller holds the lock.
func (s *Store) find(id RepositoryID) (*repository, error) {
	r, ok := s.repositories[id]
	if !ok {
		return nil, faultf(RepositoryUnknown, "The repository with name '%s' does not exist in the registry with id '%s'", id.Name, id.Account)
	}
	return r, nil
}

// pushable tells why nothing can be pushed to a repository that is not there. The caller
// holds the lock.
func (s *Store) pushable(id RepositoryID) error {
	if !s.created {
		return nil
	}
	_, err := s.find(id)
	return err
}

// findOrCreate returns a repository, made with ECR's defaults where there is none.
// The caller holds the lock for writing.
func (s *Store) findOrCreate(id RepositoryID) *repository {
	r, ok := s.repositories[id]
	if !ok {
		r = newRepository(id, s.clock.Now(), Settings{})
		s.repositories[id] = r
	}
	return r
}

// hold and release count the repositories that need a blob. Its bytes go with the
// last of them. The caller holds the lock for writing.
func (s *Store) hold(d Digest) { s.holders[d]++ }

func (s *Store) release(d Digest) error {
	if s.holders[d]--; s.holders[d] > 0 {
		return nil
	}
	delete(s.holders, d)
	return s.blobs.Remove(d)
}
