package registry_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

func TestS8TooManyRequestsAreWaitedOut(t *testing.T) {
	s := serve(t)
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	var refused atomic.Int32
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") || refused.Add(1) > 2 {
			return false
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	if ok, err := client(t, nil).Exists(t.Context(), s.ref(t, "shop/api@"+string(digest))); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	if refused.Load() != 3 {
		t.Errorf("it asked %d times", refused.Load())
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	s := serve(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client(t, nil).Exists(ctx, s.ref(t, "shop/api:1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

func TestLogin(t *testing.T) {
	s := serve(t)
	s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "AWS" && password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	known := &users{known: map[string][2]string{s.host: {"AWS", "secret"}}}
	if _, err := client(t, known).Resolve(t.Context(), s.ref(t, "shop/api:1.0")); err != nil {
		t.Error(err)
	}
	if known.asked != 1 {
		t.Errorf("the credentials were asked for %d times", known.asked)
	}
	wrong := &users{known: map[string][2]string{s.host: {"AWS", "hunter2"}}}
	_, err := client(t, wrong).Resolve(t.Context(), s.ref(t, "shop/api:1.0"))
	var e *tagboat.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "docker login "+s.host) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	s := serve(t)
	s.answer(nil)
	_, err := client(t, nil).Exists(t.Context(), tagboat.Reference{Host: "127.0.0.1:1", Repository: "a", Tag: "b"})
	var e *tagboat.Error
	if !errors.As(err, &e) || e.Hint != "nothing listens at 127.0.0.1:1" {
		t.Errorf("%v", err)
	}
}

func TestSignedAddressesStayOutOfErrors(t *testing.T) {
	s := serve(t)
	s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		http.Redirect(w, r, "http://localhost:1/layer?X-Amz-Signature=hunter2", http.StatusTemporaryRedirect)
		return true
	})
	_, err := client(t, nil).Resolve(t.Context(), s.ref(t, "shop/api:1.0"))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "localhost:1/layer") {
		t.Errorf("%v", err)
	}
}

func TestDockerLoginIsUsed(t *testing.T) {
	s := serve(t)
	s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "bob" && password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	c := client(t, &users{})
	login := `{"auths":{"` + s.host + `":{"username":"bob","password":"secret"}}}`
	expect.OK(t, os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(login), 0o600))
	if ok, err := c.Exists(t.Context(), s.ref(t, "shop/api:1.0")); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
}

func TestKeychainAsksECR(t *testing.T) {
	k := registry.Keychain{ECR: func(_ context.Context, account, region string) (string, string, error) {
		return "AWS", account + region, nil
	}}
	user, password, ok, err := k.For(t.Context(), "123456789012.dkr.ecr.eu-west-1.amazonaws.com")
	if user != "AWS" || password != "123456789012eu-west-1" || !ok || err != nil {
		t.Errorf("%s %s %t %v", user, password, ok, err)
	}
	if _, _, ok, err := k.For(t.Context(), "ghcr.io"); ok || err != nil {
		t.Errorf("%t %v", ok, err)
	}
}
