package registry

import (
	"errors"
	"fmt"
)

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

// Error is what the client of a Store did wrong or asked for in vain. Any other
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

// IsNotFound tells whether err says that a repository or an image is not there.
func IsNotFound(err error) bool {
	kind := KindOf(err)
	return kind == RepositoryUnknown || kind == ManifestUnknown
}

func faultf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
