package sandbox_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

// refusedWith returns the status of a registry's refusal, and its code where the answer
// has a body.
func refusedWith(err error) (status int, code string) {
	var e *transport.Error
	if !errors.As(err, &e) {
		return 0, ""
	}
	if len(e.Errors) > 0 {
		code = string(e.Errors[0].Code)
	}
	return e.StatusCode, code
}

// TestStrictRegistry pushes as a newcomer would, and learns step by step what ECR wants.
func TestStrictRegistry(t *testing.T) {
	wall := clock.NewManual(time.Now())
	full, _ := serveAll(t, sandbox.Config{Strict: true, ClientClock: wall, Speed: fast})
	host := strings.TrimPrefix(full.url, "http://")
	push := func(options ...crane.Option) error {
		return crane.Push(empty.Image, host+"/shop/app:v1", append(options, crane.Insecure, crane.WithContext(t.Context()))...)
	}
	check := func(err error, status int, code string) {
		t.Helper()
		if s, c := refusedWith(err); s != status || c != code && c != "" {
			t.Errorf("got %d %s (%v), want %d %s", s, c, err, status, code)
		}
	}
	response, body := full.send(t, http.MethodGet, "/v2/shop/app/tags/list", "")
	if response.StatusCode != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") != `Basic realm="`+full.url+`/",service="ecr.amazonaws.com"` || !strings.Contains(body, "Not Authorized") {
		t.Errorf("without a login: %d %s %s", response.StatusCode, response.Header.Get("WWW-Authenticate"), body)
	}
	check(push(), http.StatusUnauthorized, "UNAUTHORIZED")
	check(push(crane.WithAuth(&authn.Basic{Username: "AWS", Password: "guess"})), http.StatusUnauthorized, "UNAUTHORIZED")

	api := ecr.NewFromConfig(full.awsConfig())
	token, err := api.GetAuthorizationToken(t.Context(), &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := base64.StdEncoding.DecodeString(*token.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		t.Fatal(err)
	}
	login := crane.WithAuth(&authn.Basic{Username: "AWS", Password: strings.TrimPrefix(string(plain), "AWS:")})
	check(push(login), http.StatusNotFound, "NAME_UNKNOWN")
	if _, err := api.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop/app")}); err != nil {
		t.Fatal(err)
	}
	if err := push(login); err != nil {
		t.Errorf("with login and repository: %v", err)
	}
	if _, err := crane.Digest(host+"/shop/app:v1", crane.Insecure); err == nil {
		t.Error("a pull needs no login")
	}
	wall.Advance(13 * time.Hour)
	check(push(login), http.StatusForbidden, "DENIED")
}
