package home

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Numbered is a release that was given its name.
type Numbered struct {
	Name   string
	ID     tagboat.Digest
	Commit string
	From   tagboat.EnvName // whose pins it has; "" where versions were named
	By     string          // ARN, as AWS says; "" from Number itself
	At     time.Time
}

// entry is the value of a version of the parameter of numbers. Its name is a pattern: {seq} is
// the version that it became, which no other has. {n} counts the versions of a day, and what day
// that is follows from the versions before: see replay.
type entry struct {
	Name   string          `json:"name"`
	ID     tagboat.Digest  `json:"id"`
	Commit string          `json:"commit,omitempty"`
	From   tagboat.EnvName `json:"from,omitempty"`

	Day  string `json:"day,omitempty"`  // of a name with {date} or {n}
	Base int64  `json:"base,omitempty"` // the version before the first of the day
	On   int64  `json:"on,omitempty"`   // the version that the writer had read
}

// entryOf returns the entry that a version is; false for a value that somebody else wrote, or
// whose name could be another's.
func entryOf(v ledger.Parameter) (entry, bool) {
	var e entry
	if json.Unmarshal([]byte(v.Value), &e) != nil {
		return entry{}, false
	}
	_, err := tagboat.ParseDigest(string(e.ID))
	_, noDate := time.Parse(time.DateOnly, e.Day)
	counts := strings.Contains(e.Name, "{seq}") || strings.Contains(e.Name, "{date}") && strings.Contains(e.Name, "{n}")
	return e, err == nil && counts && isDated(e.Name) == (e.Day != "") && (e.Day == "" || noDate == nil) &&
		e.Base < v.Version && tagboat.ValidTag(e.name(v.Version, day{date: time.DateOnly}))
}

func isDated(pattern string) bool {
	return strings.Contains(pattern, "{date}") || strings.Contains(pattern, "{n}")
}

// name returns what a version is called.
func (e entry) name(version int64, at day) string {
	return strings.NewReplacer("{seq}", strconv.FormatInt(version, 10), "{date}", at.date, "{n}", strconv.FormatInt(version-at.base, 10)).Replace(e.Name)
}

// day is a day of the numbers: its versions are those after base.
type day struct {
	date string // "" where it is not known
	base int64
}

// on returns the day of the version after head, which is written on a date. No day comes again
// once a later one has begun.
func (d day) on(date string, head int64) day {
	if date <= d.date {
		return d
	}
	return day{date, head}
}

// replay returns the names of versions, the oldest first, and the day of the last of them. Readers
// and writers share it. A writer that nobody came before since it read knew which day it was.
// Another one may not have known that a day had begun; the versions before it tell.
func replay(versions []ledger.Parameter) (named []Numbered, at day) {
	for _, v := range versions {
		e, ok := entryOf(v)
		if !ok {
			continue
		}
		switch {
		case e.Day == "":
		case e.On == v.Version-1:
			at = day{e.Day, e.Base}
		case at.date == "" && v.Version != 1:
			continue // the versions that told are gone
		default:
			at = at.on(e.Day, v.Version-1)
		}
		named = append(named, Numbered{Name: e.name(v.Version, at), ID: e.ID, Commit: e.Commit, From: e.From, By: v.User, At: v.At.UTC()})
	}
	return named, at
}

// Number gives a release its name, which no other has: one call, and two for a name with a date.
// Two that ask at once get two names.
func (h *Home) Number(ctx context.Context, n Numbered) (Numbered, error) {
	numbered, err := h.number(ctx, n)
	return numbered, refused(err, "number releases", iam.Promote)
}

func (h *Home) number(ctx context.Context, n Numbered) (Numbered, error) {
	e := entry{Name: h.Config.Releases.Name, ID: n.ID, Commit: n.Commit, From: n.From}
	var at day
	if isDated(e.Name) {
		var err error
		if e.On, at, err = h.today(ctx); err != nil {
			return n, err
		}
		e.Day, e.Base = at.date, at.base
	}
	var written *Numbered // though the answer got lost
	version, err := h.putOnce(ctx, h.numbers(), e, func(error) bool {
		var err error
		written, err = h.find(ctx, func(other Numbered) bool { return other.ID == n.ID })
		return err == nil && written == nil
	})
	switch {
	case written != nil:
		return *written, nil
	case err != nil:
		return n, err
	case isDated(e.Name) && version != e.On+1: // others came between
		return h.ofVersion(ctx, version)
	}
	n.Name, n.At = e.name(version, at), h.Session().Now().UTC()
	return n, nil
}

// today returns the newest version, and the day on which another would be written now. It reads
// the versions before only where the newest does not say its day for certain.
func (h *Home) today(ctx context.Context) (head int64, at day, err error) {
	found, err := h.store().Get(ctx, []string{h.numbers()})
	if err != nil {
		return 0, at, err
	}
	newest := found[h.numbers()]
	if e, ok := entryOf(newest); ok && e.Day != "" && e.On == newest.Version-1 {
		at = day{e.Day, e.Base}
	} else if newest.Version > 0 {
		versions, err := h.store().History(ctx, h.numbers())
		if err != nil {
			return 0, at, err
		}
		versions = slices.DeleteFunc(versions, func(v ledger.Parameter) bool { return v.Version > newest.Version })
		_, at = replay(versions)
	}
	return newest.Version, at.on(h.Session().Now().UTC().Format(time.DateOnly), newest.Version), nil
}

// Numbers returns the releases that were numbered, the newest first, as far as Parameter
// Store keeps them: a hundred.
func (h *Home) Numbers(ctx context.Context) ([]Numbered, error) {
	versions, err := h.store().History(ctx, h.numbers())
	if err != nil {
		return nil, refused(err, "read the numbers of releases", iam.Read)
	}
	named, _ := replay(versions)
	slices.Reverse(named)
	return named, nil
}

// find returns the oldest release that has something; nil where none has.
func (h *Home) find(ctx context.Context, has func(Numbered) bool) (*Numbered, error) {
	versions, err := h.store().History(ctx, h.numbers())
	if err != nil {
		return nil, err
	}
	named, _ := replay(versions)
	if i := slices.IndexFunc(named, has); i >= 0 {
		return &named[i], nil
	}
	return nil, nil
}

// ofVersion returns the release that a version of ours numbered.
func (h *Home) ofVersion(ctx context.Context, version int64) (Numbered, error) {
	versions, err := h.store().History(ctx, h.numbers())
	if err != nil {
		return Numbered{}, err
	}
	upTo := slices.IndexFunc(versions, func(v ledger.Parameter) bool { return v.Version == version })
	named, at := replay(versions[:upTo+1])
	if upTo < 0 || at.date == "" {
		return Numbered{}, tagboat.Errorf(tagboat.Internal, "parameter %s changes too often to tell what version %d is called", h.numbers(), version).
			WithHint("run the command again")
	}
	return named[len(named)-1], nil
}

func (h *Home) numbers() string { return h.Config.Home.Path + "/releases" }
