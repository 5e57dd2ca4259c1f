package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
)

// AllImages is what Holds calls a hold on a whole environment.
const AllImages tagboat.ImageName = "*"

// Holds is what automation must leave alone in one environment, by image. They are kept
// like pins, in a parameter of their own, by the same protocol.
type Holds map[tagboat.ImageName]Held

// Held is the hold on one image and the versions of it that were rejected. Nothing is
// ever taken out of a parameter: a hold that was lifted is written as none.
type Held struct {
	Hold     *tagboat.Hold
	Rejected []tagboat.Digest // the oldest first
}

// rejections bounds how many versions of an image stay rejected.
const rejections = 3

// maxReason is how much of a reason is kept, in bytes: the journal has all of it.
const maxReason = 120

// Reject returns h with a version rejected.
func (h Held) Reject(d tagboat.Digest) Held {
	h = h.Accept(d)
	h.Rejected = append(h.Rejected, d)
	h.Rejected = h.Rejected[max(0, len(h.Rejected)-rejections):]
	return h
}

// Accept returns h with a version no longer rejected.
func (h Held) Accept(d tagboat.Digest) Held {
	h.Rejected = slices.DeleteFunc(slices.Clone(h.Rejected), func(other tagboat.Digest) bool { return other == d })
	return h
}

// Rejects tells whether a version was rejected.
func (h Held) Rejects(d tagboat.Digest) bool { return slices.Contains(h.Rejected, d) }

// Of returns the hold on an image at a time, its own or that of all images; nil for none.
func (h Holds) Of(image tagboat.ImageName, now time.Time) *tagboat.Hold {
	for _, name := range []tagboat.ImageName{image, AllImages} {
		if hold := h[name].Hold; hold != nil && (hold.Until == nil || now.Before(*hold.Until)) {
			return hold
		}
	}
	return nil
}

// heldJSON is how Held is written: many have to fit into a parameter.
type heldJSON struct {
	Reason   string           `json:"reason,omitempty"`
	By       string           `json:"by,omitempty"`
	Since    *time.Time       `json:"since,omitempty"` // of none there is no hold
	Until    *time.Time       `json:"until,omitempty"`
	Rejected []tagboat.Digest `json:"rejected,omitempty"`
}

func (h Held) encode() string {
	var j heldJSON
	if h.Hold != nil {
		j = heldJSON{Reason: h.Hold.Reason, By: h.Hold.By, Since: seconds(h.Hold.Since), Until: seconds(h.Hold.Until)}
		for len(j.Reason) > maxReason {
			j.Reason = shorten(j.Reason)
		}
	}
	j.Rejected = h.Rejected
	b, err := json.Marshal(j)
	if err != nil {
		panic(err) // strings and times always encode
	}
	return string(b)
}

func seconds(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := t.UTC().Truncate(time.Second)
	return &at
}

func decodeHeld(s string) (Held, error) {
	var j heldJSON
	if err := json.Unmarshal([]byte(s), &j); err != nil {
		return Held{}, err
	}
	h := Held{Rejected: j.Rejected}
	if j.Since != nil {
		h.Hold = &tagboat.Hold{Reason: j.Reason, By: j.By, Since: j.Since, Until: j.Until}
	}
	return h, nil
}

// HoldsGroup returns the group that stands for an environment's holds: it has no images.
func HoldsGroup(parameter string, env tagboat.EnvName) Group {
	return Group{Name: "holds", Parameter: parameter, Environment: env, Tier: TierIntelligent, holds: true}
}

// Holds returns those of an environment, where its HoldsGroup was read, too.
func (b Book) Holds(env tagboat.EnvName) (Holds, error) {
	all := Holds{}
	for _, e := range b.Entries {
		if e.Group.Environment != env || !e.Group.holds {
			continue
		}
		for key, value := range e.Others {
			held, err := decodeHeld(value)
			if err != nil {
				return nil, tagboat.Usagef("parameter %s does not say what is held at %q: %w", e.Group.Parameter, key, err).
					WithHint("write it again: tagboat hold --env %s, or tagboat unhold --env %s", env, env)
			}
			all[tagboat.ImageName(key)] = held
		}
	}
	return all, nil
}

// Hold writes holds to the parameter of a HoldsGroup. What they do not name stays.
func (l *Ledger) Hold(ctx context.Context, g Group, changes Holds, why Why) (Receipt, error) {
	want := values{}
	for image, held := range changes {
		want[string(image)] = held.encode()
	}
	w := &writer{store: l.Store, group: g, want: want, why: why}
	return w.update(ctx)
}
