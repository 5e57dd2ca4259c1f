package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/wait"
)

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
	defer resp.Body.Close()
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
