package registry

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/tagboat/tagboat"
)

// missing tells whether the registry answered that it does not have it.
func missing(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound
}

func unknownRepository(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && slices.ContainsFunc(e.Errors, func(d transport.Diagnostic) bool {
		return d.Code == transport.NameUnknownErrorCode
	})
}

// explain says what went wrong with which image, and what to do where that is known.
// Addresses lose their queries, which may sign them.
func explain(doing string, ref tagboat.Reference, err error) error {
	e := tagboat.Errorf(tagboat.KindOf(err), "%s image %s: %w", doing, ref, cut{redact(err)})
	var known *tagboat.Error
	var answer *transport.Error
	switch {
	case errors.As(err, &known):
		e.Hint = known.Hint
	case errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden):
		return e.WithHint("%s", loginHint(ref.Host))
	case errors.As(err, &answer) && answer.StatusCode == http.StatusTooManyRequests:
		return e.WithHint("the registry limits how often it may be asked; log in to it, or try later")
	case errors.Is(err, syscall.ECONNREFUSED):
		return e.WithHint("nothing listens at %s", ref.Host)
	}
	return e
}

func loginHint(host string) string {
	if _, _, ok := ParseECRHost(host); ok {
		return "the caller needs ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, and the repository's policy must let other accounts in"
	}
	return "log in first: docker login " + host
}

// longestText is how much is told of an error: a registry writes what it likes into its own.
const longestText = 1000

// cut is an error whose text is not longer than longestText.
type cut struct{ error }

// Error implements error.
func (c cut) Error() string {
	text := c.error.Error()
	if len(text) <= longestText {
		return text
	}
	return strings.ToValidUTF8(text[:longestText], "") + "…"
}

// Unwrap lets errors.Is and errors.As find what is cut.
func (c cut) Unwrap() error { return c.error }

// redact cuts the query off the address in an error of package net/http.
func redact(err error) error {
	var e *url.Error
	if !errors.As(err, &e) {
		return err
	}
	u, parse := url.Parse(e.URL)
	if parse != nil {
		return e.Err
	}
	u.RawQuery, u.User = "", nil
	return &url.Error{Op: e.Op, URL: u.String(), Err: e.Err}
}
