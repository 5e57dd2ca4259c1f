package ledger

import (
	"context"
	"errors"
	"time"
)

// ErrExists is what Store.Put wraps where Overwrite is false and the parameter exists.
var ErrExists = errors.New("the parameter exists")

// ErrFull is what Store.Put wraps where the parameter has all versions that are kept, and
// the oldest bears a label, so that it cannot go.
var ErrFull = errors.New("the oldest version of the parameter bears a label")

// ErrThrottled is what Store.Put wraps where too many write at once: nothing was written,
// and after a while there may be a turn.
var ErrThrottled = errors.New("too many writes at once")

// ErrUnknown is what Store.Put wraps where the answer got lost: the write may have taken
// effect, or may do so yet. A Store does not make it again: the history tells.
var ErrUnknown = errors.New("whether it was written is not known")

// Parameter is one version of a parameter. Get fills Name, Value, Version, Type and
// At; History fills the rest too.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html
type Parameter struct {
	Name        string
	Value       string
	Version     int64  // counts from 1
	Type        string // String, StringList, SecureString
	At          time.Time
	Description string
	User        string // ARN of who wrote it
	Labels      []string
}

// Put is one write to a parameter, always of type String.
type Put struct {
	Name        string
	Value       string // at most what the tier takes
	Description string // at most 1024 characters
	Overwrite   bool   // false: create it, and fail with ErrExists where it exists
	Tier        Tier
}

// Store is Parameter Store as the ledger needs it: the last writer wins, every write
// makes a version, and versions are numbered without a gap. Package ledgertest holds
// what every Store must pass.
type Store interface {
	// Get returns the newest versions of the named parameters, however many, and of
	// NAME:VERSION that one. Names that do not exist are left out; that is not an error.
	Get(ctx context.Context, names []string) (map[string]Parameter, error)
	// Put writes a version and returns its number. A client may make it again where an
	// answer got lost.
	Put(ctx context.Context, put Put) (int64, error)
	// History returns the versions that are kept, up to 100, oldest first; none where
	// the parameter does not exist.
	History(ctx context.Context, name string) ([]Parameter, error)
	// Oldest returns the n oldest versions that are kept, up to 50, in one call.
	Oldest(ctx context.Context, name string, n int) ([]Parameter, error)
	// Label gives a version a label. A label is on one version: it leaves another one.
	Label(ctx context.Context, name string, version int64, label string) error
	// Unlabel takes labels off a version; one that is not there is no error, nor is a
	// version that is gone.
	Unlabel(ctx context.Context, name string, version int64, labels []string) error
}
