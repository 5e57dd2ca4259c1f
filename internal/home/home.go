// Package home keeps what belongs to no environment, in the one place that tagboat.yaml calls
// home: the numbers of releases, approvals, rejections, broken glass, and the freeze of
// everything. Each is a parameter with a path of its own, so that IAM decides who may do what:
//
//	/tagboat/APP/releases                one version for each release that was numbered
//	/tagboat/APP/approvals/STAGE/ID      one version for each approval
//	/tagboat/APP/rejected/ID             why a release must not be promoted
//	/tagboat/APP/break-glass/STAGE       one version for each time that gates were overridden
//	/tagboat/freeze                      of all applications
//
// Who numbered or approved a release is what Parameter Store says of the version, never what
// the version says of itself.
package home

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/wait"
)

// Home reads and writes what belongs to no environment. It is safe for concurrent use.
type Home struct {
	Config *config.Config
	Access *access.Access

	mu     sync.Mutex
	freeze lookedAt // by Frozen
}

// Known is what one look found.
type Known struct {
	Freeze   *tagboat.Hold // nil where nothing is frozen, or not any more
	Rejected map[tagboat.Digest]*tagboat.Rejection
}

// Look returns whether everything is frozen, and which of the releases are rejected. It costs
// one call for nine releases.
func (h *Home) Look(ctx context.Context, releases ...tagboat.Digest) (Known, error) {
	names := []string{h.Config.Home.Freeze}
	for _, release := range releases {
		names = append(names, h.rejected(release))
	}
	found, err := h.store().Get(ctx, names)
	if err != nil {
		return Known{}, refused(err, "read what is frozen and rejected", iam.Read)
	}
	known := Known{Freeze: h.frozen(found[h.Config.Home.Freeze].Value), Rejected: map[tagboat.Digest]*tagboat.Rejection{}}
	for _, release := range releases {
		if p, ok := found[h.rejected(release)]; ok {
			if rejection := rejectionOf(p); rejection != nil {
				known.Rejected[release] = rejection
			}
		}
	}
	return known, nil
}

// rejectionJSON is the value of a rejection.
type rejectionJSON struct {
	Reason string `json:"reason"` // "" where the release is rejected no longer
	By     string `json:"by,omitempty"`
}

// rejectionOf returns what a parameter says against a release. What cannot be read rejects it.
func rejectionOf(p ledger.Parameter) *tagboat.Rejection {
	var value rejectionJSON
	if err := json.Unmarshal([]byte(p.Value), &value); err != nil {
		value.Reason = "the value of parameter " + p.Name + " cannot be read"
	}
	if value.Reason == "" {
		return nil
	}
	return &tagboat.Rejection{Reason: value.Reason, By: value.By, At: p.At.UTC()}
}

// Reject says that a release must not be promoted, and why; with why "" that it may again.
func (h *Home) Reject(ctx context.Context, release tagboat.Digest, why string) error {
	_, by, err := h.Session().Identity(ctx)
	if err != nil {
		return err
	}
	_, err = h.put(ctx, h.rejected(release), rejectionJSON{Reason: why, By: by})
	return refused(err, "reject a release", iam.Promote)
}

// brokenJSON is the value of glass that was broken.
type brokenJSON struct {
	Release tagboat.Digest `json:"release,omitempty"`
	Message string         `json:"message"`
}

// BreakGlass records that the gates of a stage are overridden: who may not write there, may not
// override them. The release is "" where single versions are pinned.
func (h *Home) BreakGlass(ctx context.Context, name tagboat.StageName, release tagboat.Digest, why string) error {
	_, err := h.put(ctx, h.Config.Home.Path+"/break-glass/"+string(name), brokenJSON{Release: release, Message: why})
	return refused(err, "override the gates of stage "+string(name), iam.BreakGlass)
}

func (h *Home) rejected(release tagboat.Digest) string {
	return h.Config.Home.Path + "/rejected/" + hex(release)
}

func hex(d tagboat.Digest) string { return strings.TrimPrefix(string(d), "sha256:") }

// store is Parameter Store as home needs it.
type store interface {
	Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error)
	Put(ctx context.Context, put ledger.Put) (int64, error)
	History(ctx context.Context, name string) ([]ledger.Parameter, error)
}

var _ store = (*cloud.Parameters)(nil)

// Session returns the way to home.
func (h *Home) Session() *cloud.Session {
	at := h.Config.Home
	return h.Access.At(cloud.Place{Account: at.Account, Region: at.Region, Role: at.Role})
}

func (h *Home) store() store { return h.Session().Parameters() }

// A parameter of the standard tier takes 4 KB.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
const (
	maxValue  = 4096
	putTries  = 6
	firstWait = 250 * time.Millisecond
)

// put writes a version, and returns its number. It writes again where too many wrote at once, and
// where the answer got lost: a second version that says the same changes nothing.
func (h *Home) put(ctx context.Context, name string, value any) (int64, error) {
	return h.putOnce(ctx, name, value, func(error) bool { return true })
}

// putOnce is put that writes again after an answer got lost only if again says so.
func (h *Home) putOnce(ctx context.Context, name string, value any, again func(error) bool) (int64, error) {
	text, err := encode(value)
	if err != nil {
		return 0, err
	}
	for try := 1; ; try++ {
		version, err := h.store().Put(ctx, ledger.Put{Name: name, Value: text, Overwrite: true})
		lost := errors.Is(err, ledger.ErrUnknown)
		if err == nil || try == putTries || !lost && !errors.Is(err, ledger.ErrThrottled) || lost && !again(err) {
			return version, err
		}
		if err := wait.For(ctx, firstWait<<try); err != nil {
			return 0, err
		}
	}
}

// encode returns a value as a parameter takes it. Parameter Store keeps two braces for
// references of its own; in JSON they stand in strings alone.
func encode(value any) (string, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encoding the value of a parameter: %w", err)
	}
	text := strings.ReplaceAll(string(data), "{{", `{\u007b`)
	if len(text) > maxValue {
		return "", tagboat.Usagef("a parameter takes %d bytes, and this would be %d", maxValue, len(text)).
			WithHint("write a shorter message, or name fewer environments at a time")
	}
	return text, nil
}

// refused returns an error of home. Where AWS does not let the caller, it says what the caller
// may not do and which policy allows it.
func refused(err error, do string, purpose iam.Purpose) error {
	if err == nil {
		return nil
	}
	e := tagboat.Errorf(tagboat.KindOf(err), "home: %w", err)
	e.Hint = tagboat.HintOf(err)
	var denied ecs.RefusedError
	if errors.As(err, &denied) && strings.HasPrefix(denied.Action, "ssm:") {
		e = tagboat.Errorf(tagboat.KindOf(err), "home: the caller may not %s: %w", do, err).
			WithHint("tagboat generate iam-policy --for %s prints a policy with %s that allows it", purpose, denied.Action)
	}
	return e
}
