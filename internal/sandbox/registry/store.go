// Package registry is the sandbox's container registry: a store of repositories,
// images and layers, and an OCI distribution registry over it as one http.Handler
// for /v2/, which docker, podman, skopeo and crane push to and pull from. Package
// ecr serves Amazon ECR's own API over the same Store.
//
//	docker push ──▶ Handler ──┐
//	                          ├──▶ Store ──▶ Blobs (memory, or a directory)
//	ECR API ──▶ package ecr ──┘
//
// A repository belongs to an account and region, yet all share one host, so a name
// in a URL has to be resolved. In order: the scope that the client names, by an ECR
// token as its Basic password or by a host ACCOUNT.dkr.ecr.REGION.…; the sandbox's
// default scope; and then any scope that has a repository of that name, by account
// and region. A push to a repository that nobody has creates it in the first of
// these, as ECR does where a creation template covers the name.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
//
// The registry serves anonymous clients and accepts any credentials, expired tokens
// too: they choose a scope and grant nothing. Most clients send credentials only
// when they are challenged, which an open registry cannot do; skopeo and podman send
// them here, docker and crane do not.
//
// What it leaves out: digests other than SHA-256, docker's schema 1, translation
// between manifest formats (Accept is not looked at; the stored bytes are the
// answer), and collection of layers that no image uses, which stay until they are
// deleted or their repository is.
package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Options are what a Store needs.
type Options struct {
	Clock clock.Clock // dates what is pushed
	Scope wire.Scope  // the sandbox's default account and region
	Dir   string      // blobs are kept below it, in blobs/sha256; "" keeps them in memory
	// Logins makes clients log in, and is the time by which a login ends; nil lets the
	// registry answer every client.
	Logins clock.Clock
	// Created lets images be pushed only into repositories that a call created.
	Created bool
}

// Store holds repositories and their content for all accounts and regions. It is
// safe for concurrent use; layers are read and written outside of its lock.
type Store struct {
	clock   clock.Clock
	logins  clock.Clock // nil where no login is needed
	created bool        // repositories are created by a call, not by a push
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
	New    bool // the image was not there before
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

// pushable returns an error where a push may not create a repository. The caller
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

// Kind says what is wrong; each protocol has its own code for it.
type Kind int

// The kinds of error that a Store answers.
const (
	NameInvalid Kind = iota + 1
	RepositoryUnknown
	RepositoryExists
	RepositoryNotEmpty
	ManifestUnknown
	ManifestInvalid
	ManifestReferenced // an index holds the image
	LayersMissing      // a manifest names blobs that are not in the repository
	ImagesMissing      // an index names manifests that are not in the repository
	BlobUnknown
	DigestInvalid // malformed, or not what the content hashes to
	TagInvalid
	TagImmutable
	TagMismatch // tag and digest were given and name different images
	TooManyTags
	UploadUnknown
	Unauthorized // there is no login
	Denied       // the login has ended
	RangeInvalid // a chunk that does not begin where the last one ended
)

// Error is what the client of a Store did wrong, or what is not there. Any other
// error from a Store is trouble with its storage.
type Error struct {
	Kind    Kind
	Message string
	Digests []Digest // the missing ones
	Offset  int64    // where the next chunk has to begin (RangeInvalid)
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// KindOf returns the kind of the *Error in err's chain, or 0.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

// IsNotFound reports whether err says that a repository or an image is not there.
func IsNotFound(err error) bool {
	kind := KindOf(err)
	return kind == RepositoryUnknown || kind == ManifestUnknown
}

func faultf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// snapshot is a repository as it is kept between runs; the bytes are among the blobs.
type snapshot struct {
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
	all := make([]snapshot, 0, len(s.repositories))
	for _, r := range s.repositories {
		all = append(all, r.save())
	}
	slices.SortFunc(all, func(a, b snapshot) int {
		return strings.Compare(a.Account+" "+a.Region+" "+a.Name, b.Account+" "+b.Region+" "+b.Name)
	})
	return all, nil
}

func (r *repository) save() snapshot {
	out := snapshot{
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

// Load puts back what Save returned. It is for a Store that is not in use yet.
func (s *Store) Load(data json.RawMessage) error {
	var all []snapshot
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
