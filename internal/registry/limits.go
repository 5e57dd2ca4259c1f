package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tagboat/tagboat"
)

// Limits bound what a registry can make its reader do: wait, read, follow and remember.
// A field that is zero stands for its default.
type Limits struct {
	Wait      time.Duration // for an answer to begin, and for more of it to come; 30s
	Total     time.Duration // for one listing, or for all that is read of one version; 5m
	Size      int64         // bytes of a manifest or of a config; 8 MiB
	Tags      int           // of one repository; 250,000
	Redirects int           // of one request; 10
}

// withDefaults returns the limits, with defaults where there are none. ECR has at most 100,000
// images in a repository; other registries are asked to take manifests of 4 MiB.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
func (l Limits) withDefaults() Limits {
	return Limits{
		Wait: cmp.Or(l.Wait, 30*time.Second), Total: cmp.Or(l.Total, 5*time.Minute), Size: cmp.Or(l.Size, 8<<20),
		Tags: cmp.Or(l.Tags, 250_000), Redirects: cmp.Or(l.Redirects, 10),
	}
}

// longestTag is the length of the longest tag that there can be, with what stands around
// it in a list.
const longestTag = 128 + len(`"",`)

// list is how many bytes a page of tags may have: some registries give all in one.
func (l Limits) list() int64 { return int64(l.Tags)*int64(longestTag) + l.Size }

// entries is how many entries a manifest or a config may have, in all its lists and maps.
// Those of real images have some hundred.
func (l Limits) entries() int { return int(l.Size / 64) }

// pages is how many pages a listing may have.
func (l Limits) pages() int { return l.Tags/10 + 10 }

// ErrLimit says that a registry went past a limit. Nothing that it said counts.
var ErrLimit = errors.New("past a limit")

// past returns the error for a registry that went past a limit, and how to raise it.
func past(setting string, twice any, host, format string, args ...any) error {
	return tagboat.Errorf(tagboat.Internal, "registry %s %s%w", host, fmt.Sprintf(format, args...), silenceError{ErrLimit}).
		WithHint("where that is right for this registry, raise the limit in tagboat.yaml: limits: {registry: {%s: %v}}", setting, twice)
}

// bytesText writes a number of bytes as tagboat.yaml takes it.
func bytesText(n int64) string {
	switch {
	case n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	default:
		return fmt.Sprintf("%dKiB", (n+1023)>>10)
	}
}

// silenceError is an error that can be asked for and adds no text.
type silenceError struct{ error }

// Error implements error.
func (silenceError) Error() string { return "" }

// Unwrap lets errors.Is find the error.
func (s silenceError) Unwrap() error { return s.error }

func (l Limits) errStalled(host string, wait time.Duration) error {
	return past("wait", 2*wait, host, "sent nothing for %s", wait)
}

func (l Limits) tooSlow(host string) error {
	return past("total", 2*l.Total, host, "took longer than %s in all", l.Total)
}

func (l Limits) tooLarge(host, what string, bytes int64) error {
	return past("size", bytesText(2*l.Size), host, "has %s of more than %d bytes", what, bytes)
}

func (l Limits) errTooManyTags(host string) error {
	return past("size", bytesText(2*l.Size), host, "has an answer of more than %d entries", l.entries())
}

func (l Limits) tooMany(host string) error {
	return past("tags", 2*l.Tags, host, "lists more than %d tags", l.Tags)
}

func (l Limits) tooFar(host string) error {
	return past("redirects", 2*l.Redirects, host, "redirects more than %d times", l.Redirects)
}

// within does something that takes no longer than the limit in all, however many requests
// it makes.
func within[T any](ctx context.Context, l Limits, host string, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.Total, l.tooSlow(host))
	defer cancel()
	v, err := do(ctx)
	if err != nil && errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), ErrLimit) {
		err = context.Cause(ctx)
	}
	return v, err
}
