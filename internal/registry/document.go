package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
)

// Document is what a registry keeps beside images, as an artifact: a manifest with one blob, which
// is its config and its only layer. The same document always has the same digest.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
type Document struct {
	Type        string // media type of the artifact
	ContentType string // media type of the content
	Content     []byte
	Annotations map[string]string
}

// documentManifest has its members in the order of their names. The specification requires a
// layer, and registries answer for blobs that a manifest names.
type documentManifest struct {
	Annotations   map[string]string `json:"annotations,omitempty"`
	ArtifactType  string            `json:"artifactType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	MediaType     types.MediaType   `json:"mediaType"`
	SchemaVersion int               `json:"schemaVersion"`
}

// descriptor names a blob. Data is the blob itself, where it is small: who reads the manifest has
// it then, and asks no more.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#embedded-content
type descriptor struct {
	Data      []byte         `json:"data,omitempty"`
	Digest    tagboat.Digest `json:"digest"`
	MediaType string         `json:"mediaType"`
	Size      int64          `json:"size"`
}

// largestEmbedded is how large a content may be that the manifest has in itself, in bytes: registries
// take manifests of 4 MiB, and it becomes a third larger.
const largestEmbedded = 1 << 20

// Manifest returns the bytes of the document's manifest.
func (d Document) Manifest() []byte {
	blob := descriptor{Digest: digestOf(d.Content), MediaType: d.ContentType, Size: int64(len(d.Content))}
	whole := blob
	if len(d.Content) <= largestEmbedded {
		whole.Data = d.Content
	}
	data, err := json.Marshal(documentManifest{
		Annotations: d.Annotations, ArtifactType: d.Type, Config: whole, Layers: []descriptor{blob},
		MediaType: types.OCIManifestSchema1, SchemaVersion: 2,
	})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return data
}

// Digest returns the digest of the document's manifest.
func (d Document) Digest() tagboat.Digest { return digestOf(d.Manifest()) }

func digestOf(data []byte) tagboat.Digest {
	hash, _, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		panic(err) // memory always reads
	}
	return tagboat.Digest(hash.String())
}

// ErrNoDocument says that a repository does not have a document.
var ErrNoDocument = errors.New("there is no such document")

// ErrNotThis says that what a repository has is not a document of the type that was asked for,
// or not in the one form that documents are written in.
var ErrNotThis = errors.New("it is something else")

// Documents reads and writes documents with as few requests as there can be. It is safe for
// concurrent use.
type Documents struct {
	client    *Client
	transport http.RoundTripper
	keychain  keychain
	ways      sync.Map // *eager by repository and scope
}

// Documents returns the documents of the client's registries.
func (c *Client) Documents() *Documents { return c.documents }

// Has reports whether the repository has the document that ref names by its digest, or by its
// tag: one request.
func (d *Documents) Has(ctx context.Context, ref tagboat.Reference) (bool, error) {
	return inSession(ctx, d, ref, transport.PullScope, func(ctx context.Context, s *session) (bool, error) {
		resp, err := s.do(ctx, http.MethodHead, "/manifests/"+identifier(ref), nil, nil, http.StatusOK, http.StatusNotFound)
		if err != nil {
			return false, explain("looking for", ref, err)
		}
		drain(resp)
		return resp.StatusCode == http.StatusOK, nil
	})
}

// Get reads the document of a type that ref names by its digest, or by its tag, and whose content
// has at most limit bytes: one request, or two for a large one. Its bytes are those of its digest, down to the content's.
// The error wraps ErrNoDocument, or ErrNotThis, where there is none.
func (d *Documents) Get(ctx context.Context, ref tagboat.Reference, kind, content string, limit int64) (Document, error) {
	return inSession(ctx, d, ref, transport.PullScope, func(ctx context.Context, s *session) (Document, error) {
		got, err := s.get(ctx, ref, kind, content, limit)
		if isNotFound(err) {
			err = fmt.Errorf("%s: %w", ref, ErrNoDocument)
			return Document{}, err
		}
		if err != nil && !errors.Is(err, ErrNotThis) {
			err = explain("reading", ref, err)
		}
		return got, err
	})
}

func (s *session) get(ctx context.Context, ref tagboat.Reference, kind, contentType string, limit int64) (Document, error) {
	data, err := s.read(ctx, "/manifests/"+identifier(ref), s.limits.Size)
	if err != nil {
		return Document{}, err
	}
	if is := digestOf(data); ref.Digest != "" && is != ref.Digest {
		return Document{}, otherBytes(s.repo, "manifest", ref.Digest.String(), is.String())
	}
	var m documentManifest
	if err := json.Unmarshal(data, &m); err != nil || m.ArtifactType != kind || m.Config.MediaType != contentType {
		return Document{}, fmt.Errorf("%s %s: %w", ref, strings.TrimPrefix(otherType(data), "is not an image: "), ErrNotThis)
	}
	if m.Config.Size < 0 || m.Config.Size > limit {
		return Document{}, fmt.Errorf("the content of %s has %d bytes, and %d are the limit: %w", ref, m.Config.Size, limit, ErrNotThis)
	}
	if _, err := tagboat.ParseDigest(string(m.Config.Digest)); err != nil {
		return Document{}, fmt.Errorf("the content of %s has no digest: %w", ref, ErrNotThis)
	}
	blob := m.Config.Data
	if len(blob) == 0 {
		if blob, err = s.read(ctx, "/blobs/"+string(m.Config.Digest), m.Config.Size); err != nil {
			return Document{}, err
		}
	}
	if is := digestOf(blob); is != m.Config.Digest {
		return Document{}, otherBytes(s.repo, "blob", m.Config.Digest.String(), is.String())
	}
	got := Document{Type: kind, ContentType: contentType, Content: blob, Annotations: m.Annotations}
	if !bytes.Equal(got.Manifest(), data) {
		return Document{}, fmt.Errorf("the manifest of %s is not in the form that documents are written in: %w", ref, ErrNotThis)
	}
	return got, nil
}

// otherType says what a manifest is that is not the document that was asked for.
func otherType(data []byte) string {
	if what := WhatIs(data); what != "" {
		return what
	}
	return "is an image"
}

// PutContent sends a document's content to the repository that ref names: two requests. The
// error wraps ErrNoRepository where there is no such repository.
func (d *Documents) PutContent(ctx context.Context, ref tagboat.Reference, of Document) error {
	_, err := inSession(ctx, d, ref, transport.PushScope, func(ctx context.Context, s *session) (struct{}, error) {
		err := s.upload(ctx, of.Content)
		if isNotFound(err) {
			err = noRepository(ref)
		}
		if err != nil && !errors.Is(err, ErrNoRepository) {
			err = explain("writing to", ref, err)
		}
		return struct{}{}, err
	})
	return err
}

func (s *session) upload(ctx context.Context, data []byte) error {
	begun, err := s.do(ctx, http.MethodPost, "/blobs/uploads/", nil, []byte{}, http.StatusAccepted)
	if err != nil {
		return err
	}
	drain(begun)
	to, err := begun.Location()
	if err != nil {
		return fmt.Errorf("the registry does not say where to send a blob: %w", err)
	}
	query := to.Query()
	query.Set("digest", string(digestOf(data)))
	to.RawQuery = query.Encode()
	done, err := s.send(ctx, http.MethodPut, to.String(), http.Header{"Content-Type": {"application/octet-stream"}}, data, http.StatusCreated)
	if err == nil {
		drain(done)
	}
	return err
}

// PutManifest puts a document, whose content is there, under the tag that ref names: one request.
// Where the tag stands for something else and does not move, the error wraps ErrImmutable.
func (d *Documents) PutManifest(ctx context.Context, ref tagboat.Reference, of Document) error {
	_, err := inSession(ctx, d, ref, transport.PushScope, func(ctx context.Context, s *session) (struct{}, error) {
		header := http.Header{"Content-Type": {string(types.OCIManifestSchema1)}}
		resp, err := s.do(ctx, http.MethodPut, "/manifests/"+identifier(ref), header, of.Manifest(), http.StatusCreated, http.StatusOK)
		switch {
		case immutable(err):
			return struct{}{}, Immutable(ref)
		case err != nil:
			return struct{}{}, explain("writing", ref, err)
		}
		drain(resp)
		return struct{}{}, nil
	})
	return err
}

// ErrNoRepository says that a registry does not have a repository.
var ErrNoRepository = errors.New("there is no such repository")

func noRepository(ref tagboat.Reference) error {
	region := ""
	if _, in, ok := tagboat.ParseECRHost(ref.Host); ok {
		region = " --region " + in
	}
	return tagboat.Usagef("registry %s has no repository %s%w", ref.Host, ref.Repository, silenceError{ErrNoRepository}).
		WithHint("create it: tagboat release create --create-repository, or aws ecr create-repository --repository-name %s --image-tag-mutability IMMUTABLE%s", ref.Repository, region)
}

func identifier(ref tagboat.Reference) string {
	if ref.Digest != "" {
		return string(ref.Digest)
	}
	return ref.Tag
}
