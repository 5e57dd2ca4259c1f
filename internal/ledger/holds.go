package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// AllImages is what Holds calls a hold on a whole environment.
const AllImages tagboat.ImageName = "*"

// Holds is what automation must leave alone in one environment, by image. They are kept
// like pins, in a parameter of their own, by the same protocol.
type Holds map[tagboat.ImageName]ImageHold

// ImageHold is the hold on one image and the versions of it that were rejected, each under a key
// of its own, so that lifting a hold loses no rejection that is added meanwhile.
// Nothing is ever taken out of a parameter: a hold that was lifted is written as none.
type ImageHold struct {
	Hold      *tagboat.Hold
	Rejected  []tagboat.Digest // the oldest first
	Revisions []string         // of a service, see OfService: those that were rejected, as family:revision, the oldest first
}

// rejections bounds how many versions of an image, and revisions of a service, stay rejected.
const rejections = 3

// servicePrefix begins the key of what was rejected of a service: no image's name has a blank.
// A program that knows nothing of it reads an image that no hold is on.
const servicePrefix = "service "

// OfService is what Holds calls a service: its revisions are rejected where a rollback left one
// that brought no other version of an image.
func OfService(name tagboat.ServiceName) tagboat.ImageName {
	return tagboat.ImageName(servicePrefix) + tagboat.ImageName(name)
}

// Service returns the service that a name of OfService is of, and false for an image's.
func Service(name tagboat.ImageName) (tagboat.ServiceName, bool) {
	service, ok := strings.CutPrefix(string(name), servicePrefix)
	return tagboat.ServiceName(service), ok
}

// RejectRevision returns h with a revision rejected.
func (h ImageHold) RejectRevision(revision string) ImageHold {
	h = h.AcceptRevision(revision)
	h.Revisions = append(h.Revisions, revision)
	h.Revisions = h.Revisions[max(0, len(h.Revisions)-rejections):]
	return h
}

// AcceptRevision returns h with a revision no longer rejected.
func (h ImageHold) AcceptRevision(revision string) ImageHold {
	h.Revisions = slices.DeleteFunc(slices.Clone(h.Revisions), func(other string) bool { return other == revision })
	return h
}

// maxReason is how much of a reason is kept, in bytes: the journal has all of it.
const maxReason = 120

// Reject returns h with a version rejected.
func (h ImageHold) Reject(d tagboat.Digest) ImageHold {
	h = h.Accept(d)
	h.Rejected = append(h.Rejected, d)
	h.Rejected = h.Rejected[max(0, len(h.Rejected)-rejections):]
	return h
}

// Accept returns h with a version no longer rejected.
func (h ImageHold) Accept(d tagboat.Digest) ImageHold {
	h.Rejected = slices.DeleteFunc(slices.Clone(h.Rejected), func(other tagboat.Digest) bool { return other == d })
	return h
}

// Rejects reports whether a version was rejected.
func (h ImageHold) Rejects(d tagboat.Digest) bool { return slices.Contains(h.Rejected, d) }

// At returns the hold as long as it has not ended; nil for none.
func (h ImageHold) At(now time.Time) *tagboat.Hold {
	if h.Hold == nil || h.Hold.Until != nil && !now.Before(*h.Hold.Until) {
		return nil
	}
	return h.Hold
}

// Of returns the hold on an image at a time, its own or that of all images; nil for none.
func (h Holds) Of(image tagboat.ImageName, now time.Time) *tagboat.Hold {
	for _, name := range []tagboat.ImageName{image, AllImages} {
		if hold := h[name].At(now); hold != nil {
			return hold
		}
	}
	return nil
}

// holdJSON is how a hold is written: many have to fit into a parameter.
type holdJSON struct {
	Reason string     `json:"reason,omitempty"`
	By     string     `json:"by,omitempty"`
	Since  *time.Time `json:"since,omitempty"` // of none there is no hold
	Until  *time.Time `json:"until,omitempty"`
}

// rejectedSuffix ends the key of what was rejected of an image: no image's name has a blank.
const rejectedSuffix = " rejected"

// values returns how h is written.
func (h ImageHold) values(image tagboat.ImageName) values {
	if strings.HasPrefix(string(image), servicePrefix) {
		return values{string(image): encode(rejectedJSON{h.Revisions})}
	}
	var digests []string
	for _, d := range h.Rejected {
		digests = append(digests, string(d))
	}
	return values{string(image): encodeHold(h.Hold), string(image) + rejectedSuffix: strings.Join(digests, " ")}
}

func encodeHold(h *tagboat.Hold) string {
	var j holdJSON
	if h != nil {
		j = holdJSON{Reason: h.Reason, By: h.By, Since: seconds(h.Since), Until: seconds(h.Until)}
		for len(j.Reason) > maxReason {
			j.Reason = shorten(j.Reason)
		}
	}
	return encode(j)
}

// rejectedJSON is how the rejected revisions of a service are written.
type rejectedJSON struct {
	Revisions []string `json:"revisions,omitempty"`
}

func encode(v any) string {
	b, err := json.Marshal(v)
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

// read takes in what stands at a key.
func (h Holds) read(key, value string) error {
	name, isRejected := strings.CutSuffix(key, rejectedSuffix)
	held := h[tagboat.ImageName(name)]
	var err error
	switch {
	case strings.HasPrefix(key, servicePrefix):
		var j rejectedJSON
		err = json.Unmarshal([]byte(value), &j)
		held.Revisions = j.Revisions
	case isRejected:
		held.Rejected, err = parseDigests(value)
	default:
		held.Hold, err = decodeHold(value)
	}
	h[tagboat.ImageName(name)] = held
	return err
}

func parseDigests(s string) (digests []tagboat.Digest, err error) {
	for _, field := range strings.Fields(s) {
		d, err := tagboat.ParseDigest(field)
		if err != nil {
			return digests, err
		}
		digests = append(digests, d)
	}
	return digests, nil
}

// decodeHold reads a hold. What is none that can be read is a hold all the same.
func decodeHold(s string) (*tagboat.Hold, error) {
	var j holdJSON
	if err := json.Unmarshal([]byte(s), &j); err != nil {
		return &tagboat.Hold{Reason: "this is not a hold"}, err
	}
	if j.Since == nil {
		return nil, nil
	}
	return &tagboat.Hold{Reason: j.Reason, By: j.By, Since: j.Since, Until: j.Until}, nil
}

// HoldsGroup returns the group that stands for an environment's holds: it has no images.
func HoldsGroup(parameter string, env tagboat.EnvName) Group {
	return Group{Name: "holds", Parameter: parameter, Environment: env, Tier: TierIntelligent, holds: true}
}

// Holds returns those of an environment, where its HoldsGroup was read, too. With an error
// of kind Usage, about values that cannot be read, it returns all others, and holds in place
// of those.
func (b Book) Holds(env tagboat.EnvName) (Holds, error) {
	all := Holds{}
	var failed []error
	for _, e := range b.Entries {
		if e.Group.Environment != env || !e.Group.holds {
			continue
		}
		for _, key := range values(e.Others).keys() {
			if ofReleases(key) {
				continue
			}
			if err := all.read(key, e.Others[key]); err != nil {
				failed = append(failed, tagboat.Usagef("parameter %s does not say what is held at %q: %w", e.Group.Parameter, key, err).
					WithHint("write it again: tagboat hold --env %s, or tagboat unhold --env %s", env, env))
			}
		}
	}
	return all, errors.Join(failed...)
}

// Hold writes what is to be held to the parameter of a HoldsGroup, as far as it differs
// from what was read of it, or all of it where was is nil. The rest stays. It counts only
// if no other writer changed the same meanwhile; the receipt lists what was lost to others.
// With was nil it counts in any case.
func (d *Draft) Hold(ctx context.Context, g Group, was, is Holds, why Why) (Receipt, error) {
	return d.hold(ctx, g, was, is, false, why)
}

// Accept is Hold of images whose rejections are taken back. It counts only if none of
// them was held or rejected meanwhile: a version that is rejected once more looks like one
// that was rejected before, and its hold does not.
func (d *Draft) Accept(ctx context.Context, g Group, was, is Holds, why Why) (Receipt, error) {
	return d.hold(ctx, g, was, is, true, why)
}

func (d *Draft) hold(ctx context.Context, g Group, was, is Holds, together bool, why Why) (Receipt, error) {
	if _, err := d.Book(ctx); err != nil {
		return Receipt{}, err
	}
	want := values{}
	for image, held := range is {
		var before values
		if was != nil {
			before = was[image].values(image)
		}
		for key, value := range held.values(image) {
			if old, known := before[key]; together || !known || old != value {
				want[key] = value
			}
		}
	}
	return d.put(ctx, g, want, putting{conditional: was != nil, together: together, why: why})
}

// putting says how values are written.
type putting struct {
	conditional bool // they count only where the parameter still has what the draft read
	together    bool // all of them count, or none
	why         Why
}

// put writes values that are no pins to a group's parameter, upon the draft.
func (d *Draft) put(ctx context.Context, g Group, want values, how putting) (Receipt, error) {
	w := d.ledger.ahead(d.parameters).writer(g)
	for key := range want {
		w.conditional[key] = how.conditional
	}
	w.wants(want)
	w.read, w.together, w.why = d.read(g), how.together, how.why
	return w.update(ctx)
}
