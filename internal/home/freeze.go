package home

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/iam"
)

// freezeJSON is the value of the freeze; without Since nothing is frozen.
type freezeJSON struct {
	Reason string     `json:"reason,omitempty"`
	By     string     `json:"by,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

// frozen returns the freeze that a value is; nil where it has ended. A value that cannot be read
// freezes: somebody wrote it by hand, and meant something.
func (h *Home) frozen(value string) *tagboat.Hold {
	if value == "" {
		return nil
	}
	var f freezeJSON
	if err := json.Unmarshal([]byte(value), &f); err != nil {
		return &tagboat.Hold{Reason: "the value of parameter " + h.Config.Home.Freeze + " cannot be read"}
	}
	if f.Since == nil || f.Until != nil && !f.Until.After(h.Session().Now()) {
		return nil
	}
	return &tagboat.Hold{Reason: f.Reason, By: f.By, Since: f.Since, Until: f.Until}
}

// Freeze freezes everything, or with nil lets it go on.
func (h *Home) Freeze(ctx context.Context, hold *tagboat.Hold) error {
	var value freezeJSON
	if hold != nil {
		value = freezeJSON{Reason: hold.Reason, By: hold.By, Since: utc(hold.Since), Until: utc(hold.Until)}
	}
	_, err := h.put(ctx, h.Config.Home.Freeze, value)
	h.mu.Lock()
	h.freeze = lookedAt{}
	h.mu.Unlock()
	return refused(err, "freeze all applications", iam.Freeze)
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := t.UTC().Truncate(time.Second)
	return &at
}

// lookedAt is a freeze, or none, as it was at a time.
type lookedAt struct {
	freeze *tagboat.Hold
	at     time.Time // zero for never
}

// looksLast is how long Frozen answers what it found: a command asks once, and a deployment that
// takes longer hears of a freeze that began meanwhile.
const looksLast = time.Minute

// Frozen returns the freeze of everything; nil where there is none. It makes one call a minute
// at most.
func (h *Home) Frozen(ctx context.Context) (*tagboat.Hold, error) {
	now := h.Session().Now()
	h.mu.Lock()
	seen := h.freeze
	stale := seen.at.IsZero() || now.Sub(seen.at) >= looksLast
	if stale && !seen.at.IsZero() {
		h.freeze.at = now // the others go by what was seen while this one looks
	}
	h.mu.Unlock()
	if stale {
		known, err := h.Look(ctx)
		if err != nil {
			return nil, err
		}
		now = h.Session().Now()
		seen = lookedAt{known.Freeze, now}
		h.mu.Lock()
		h.freeze = seen
		h.mu.Unlock()
	}
	if f := seen.freeze; f != nil && f.Until != nil && !f.Until.After(now) {
		return nil, nil
	}
	return seen.freeze, nil
}
