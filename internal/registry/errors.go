package registry

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/redact"
)

// isNotFound reports whether the registry answered that it does not have it.
func isNotFound(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound
}

func unknownRepository(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && slices.ContainsFunc(e.Errors, func(d transport.Diagnostic) bool {
		return d.Code == transport.NameUnknownErrorCode
	})
}

// wrapError says what went wrong with which image, and what to do where that is known.
// Addresses lose their queries, which may sign them.
func wrapError(doing string, ref tagboat.Reference, err error) error {
	return explain(doing+" image", ref, err)
}

// explain is wrapError for what is not an image.
func explain(doing string, ref tagboat.Reference, err error) error {
	e := tagboat.Errorf(tagboat.KindOf(err), "%s %s: %w", doing, ref, shortError{redact.Query(err)})
	var known *tagboat.Error
	var answer *transport.Error
	switch {
	case errors.As(err, &known):
		e.Hint = known.Hint
	case errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden):
		return e.WithHint("%s", loginHint(ref.Host))
	case errors.As(err, &answer) && answer.StatusCode == http.StatusTooManyRequests:
		return e.WithHint("the registry limits how often it may be asked; log in to it, or try later")
	case refused(err):
		return e.WithHint("nothing listens at %s", ref.Host)
	}
	return e
}

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

func loginHint(host string) string {
	if _, _, ok := tagboat.ParseECRHost(host); ok {
		return "the caller needs ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, and the repository's policy must let other accounts in"
	}
	return "log in first: docker login " + host
}

// longestText is how much is shown of an error: a registry writes what it likes into its own.
const longestText = 1000

// shortError is an error whose text is not longer than longestText.
type shortError struct{ error }

// Error implements error.
func (c shortError) Error() string {
	text := c.error.Error()
	if len(text) <= longestText {
		return text
	}
	return strings.ToValidUTF8(text[:longestText], "") + "…"
}

// Unwrap lets errors.Is and errors.As find what is cut.
func (c shortError) Unwrap() error { return c.error }

const (
	pagesListed   = 10 // of a thousand tags each
	tagsSuggested = 5
)

// notFound returns the error for an image that the registry does not have.
func (c *Client) notFound(ctx context.Context, ref tagboat.Reference, named name.Reference, err error) error {
	if unknownRepository(err) {
		return NoRepository(named.Context().RegistryStr(), ref.Repository)
	}
	e := tagboat.Usagef("%s does not exist", ref)
	if ref.Digest != "" {
		return e.WithHint("the registry has no such digest in %s; was it deleted by a lifecycle rule?", ref.Name())
	}
	tags := closest(ref.Tag, c.someTags(ctx, named.Context()))
	if len(tags) == 0 {
		return e.WithHint("repository %s has no tags", ref.Name())
	}
	return e.WithHint("tags that come close: %s", strings.Join(tags, ", "))
}

// someTags lists a bounded number of tags. It is for a hint only, so that an error cuts
// the list short.
func (c *Client) someTags(ctx context.Context, repo name.Repository) []string {
	lister, err := c.puller.Lister(ctx, repo)
	if err != nil {
		return nil
	}
	var tags []string
	for range pagesListed {
		if !lister.HasNext() {
			break
		}
		page, err := lister.Next(ctx)
		if err != nil {
			break
		}
		for _, tag := range page.Tags {
			if tagboat.ValidTag(tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// closest returns the tags most like tag, the best first.
func closest(tag string, tags []string) []string {
	ranked := slices.Clone(tags)
	slices.SortFunc(ranked, func(a, b string) int {
		return cmp.Or(cmp.Compare(likeness(tag, b), likeness(tag, a)), strings.Compare(b, a))
	})
	return ranked[:min(tagsSuggested, len(ranked))]
}

// likeness counts the characters that both have in common at their ends: people leave
// out the v of v1.4.2, or mistype a digit in the middle.
func likeness(a, b string) int {
	n := min(len(a), len(b))
	head, tail := 0, 0
	for head < n && a[head] == b[head] {
		head++
	}
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head + tail
}
