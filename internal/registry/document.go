package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/wait"
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

type descriptor struct {
	Digest    tagboat.Digest `json:"digest"`
	MediaType string         `json:"mediaType"`
	Size      int64          `json:"size"`
}

// Manifest returns the bytes of the document's manifest.
func (d Document) Manifest() []byte {
	blob := descriptor{digestOf(d.Content), d.ContentType, int64(len(d.Content))}
	data, err := json.Marshal(documentManifest{
		Annotations: d.Annotations, ArtifactType: d.Type, Config: blob, Layers: []descriptor{blob},
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
// has at most limit bytes: two requests. Its bytes are those of its digest, down to the content's.
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
	blob, err := s.read(ctx, "/blobs/"+string(m.Config.Digest), m.Config.Size)
	if err != nil {
		return Document{}, err
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
	if _, in, ok := ParseECRHost(ref.Host); ok {
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

// session is what is asked of one repository.
type session struct {
	client http.Client
	repo   name.Repository
	limits Limits
}

// inSession does something with ref's repository, within the limits.
func inSession[T any](ctx context.Context, d *Documents, ref tagboat.Reference, scope string, do func(context.Context, *session) (T, error)) (T, error) {
	var none T
	repo, err := repositoryOf(ref)
	if err != nil {
		return none, err
	}
	if ref.Digest == "" && ref.Tag != "" {
		if _, err := refer(ref); err != nil { // it would be part of an address
			return none, err
		}
	}
	way, _ := d.ways.LoadOrStore(repo.Name()+" "+scope, &eager{inner: d.transport, keychain: d.keychain, repo: repo, scope: scope})
	through, _ := way.(*eager)
	s := &session{repo: repo, limits: d.client.limits, client: http.Client{Transport: through}}
	return within(ctx, d.client.limits, ref.Host, func(ctx context.Context) (T, error) {
		return repeated(ctx, func() (T, error) { return do(ctx, s) })
	})
}

// repeated does what is safe to repeat until it does not fail for reasons that pass.
func repeated[T any](ctx context.Context, do func() (T, error)) (T, error) {
	for n, pause := 1, 200*time.Millisecond; ; n, pause = n+1, min(2*pause, 5*time.Second) {
		done, err := do()
		if n == attempts || !passes(err) || wait.For(ctx, pause) != nil {
			return done, err
		}
	}
}

// passes reports whether an error is the server's or the network's, and for the moment.
func passes(err error) bool {
	var answer *transport.Error
	var broken interface{ Timeout() bool }
	switch {
	case err == nil || errors.Is(err, ErrLimit) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &answer):
		return answer.Temporary() || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError
	default:
		return errors.As(err, &broken) && !refused(err) || errors.Is(err, io.ErrUnexpectedEOF)
	}
}

// do asks for a path of the repository.
func (s *session) do(ctx context.Context, method, path string, header http.Header, body []byte, codes ...int) (*http.Response, error) {
	return s.send(ctx, method, fmt.Sprintf("%s://%s/v2/%s%s", s.repo.Scheme(), s.repo.RegistryStr(), s.repo.RepositoryStr(), path), header, body, codes...)
}

func (s *session) send(ctx context.Context, method, address string, header http.Header, body []byte, codes ...int) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		r.Header[key] = values
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	if err := transport.CheckError(resp, codes...); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// read gets what has at most limit bytes.
func (s *session) read(ctx context.Context, path string, limit int64) ([]byte, error) {
	resp, err := s.do(ctx, http.MethodGet, path, http.Header{"Accept": {string(types.OCIManifestSchema1), "*/*"}}, nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, s.limits.tooLarge(s.repo.RegistryStr(), "an answer", limit)
	}
	return data, nil
}

// eager asks at once, with the login that there is, where go-containerregistry first asks how to
// log in. A registry that requires another way to log in says so.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
type eager struct {
	inner    http.RoundTripper
	keychain keychain
	repo     name.Repository
	scope    string

	mu       sync.Mutex
	login    authn.Authenticator // nil until it was looked for
	loggedIn http.RoundTripper   // nil until a registry required another way
}

// RoundTrip implements http.RoundTripper.
func (e *eager) RoundTrip(r *http.Request) (*http.Response, error) {
	ours := r.URL.Host == e.repo.RegistryStr()
	login, in, err := e.ways(r.Context())
	if err != nil || in != nil && ours {
		return through(in, r, err)
	}
	out := r
	if auth, err := authn.Authorization(r.Context(), login); err == nil && ours && auth.Username != "" && auth.Password != "" {
		out = r.Clone(r.Context())
		out.SetBasicAuth(auth.Username, auth.Password)
	}
	resp, err := e.inner.RoundTrip(out)
	if err != nil || !ours || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	in, err = transport.NewWithContext(r.Context(), e.repo.Registry, login, e.inner, []string{e.repo.Scope(e.scope)})
	if err != nil {
		return resp, nil //nolint:nilerr // the answer says that a login is required
	}
	drain(resp)
	e.mu.Lock()
	e.loggedIn = in
	e.mu.Unlock()
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		again.Body, err = r.GetBody()
	}
	return through(in, again, err)
}

func through(in http.RoundTripper, r *http.Request, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	return in.RoundTrip(r)
}

// ways returns the login, and what a registry required beside that; nil for nothing.
func (e *eager) ways(ctx context.Context) (authn.Authenticator, http.RoundTripper, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.login == nil {
		login, err := e.keychain.ResolveContext(ctx, e.repo)
		if err != nil {
			return nil, nil, err
		}
		e.login = login
	}
	return e.login, e.loggedIn, nil
}
