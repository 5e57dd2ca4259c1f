package ledger

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// Why says who changes pins, and for what reason. The parameter's history records it.
type Why struct {
	Actor   string // "" for whom AWS takes the caller for
	Message string // cut where it does not fit into the description of a parameter
}

// Receipt says what an update did, once that is certain.
type Receipt struct {
	Parameter string
	Version   int64         // of the parameter, now
	Value     string        // of the parameter, now; for Preview what would be written
	Written   bool          // false where the pins were so already
	Wrote     int64         // the version with which it was written; later ones may have repaired others' updates
	Pins      []tagboat.Pin // of the whole group; those that were written say who and why
	Overtaken []Conflict    // the images for which another write came later
	Lost      []Conflict    // the images for which another write came earlier, so that a condition did not hold
	Replaced  []Replacement // what others wrote after the decision was made, and this took the place of
	Repaired  bool          // updates of others that had been overwritten were brought back
	Forgotten []string      // keys that are gone, since the parameter was deleted meanwhile
	Uncertain bool          // updates may be missing that no version records any more
	Calls     int           // calls of the Store

	was map[string]prior // what the keys held that were written
}

// Was returns what an image was before the version that was written; the zero value where
// it was nothing, or nothing was written.
func (r Receipt) Was(g Group, image tagboat.ImageName) tagboat.Reference {
	was, ok := r.was[g.key(image)]
	if !ok || !was.there {
		return tagboat.Reference{}
	}
	return g.reference(image, values{g.key(image): was.value})
}

// Conflict is another write to the same image at the same time, which counts.
type Conflict struct {
	Image   tagboat.ImageName
	Is      tagboat.Reference // what counts; the zero value for no pin
	Version int64             // the version that counts; 0 where that is not kept any more
	By      string            // who wrote it
	Message string
}

// Replacement is another write to the same image, whose place this one took.
type Replacement struct {
	Image   tagboat.ImageName
	Was     tagboat.Reference // the zero value for no pin
	Version int64             // 0 where that is not kept any more
	By      string
	Message string
}

// conflicts returns the images for which s holds something else than we wrote.
func (w *writer) conflicts(s state, history []Parameter) []Conflict {
	var lost []Conflict
	for _, key := range w.request.keys() {
		if s.values[key] == w.request[key] || w.lost[key] {
			continue
		}
		lost = append(lost, w.whose(key, s.values, s.at(key), history))
	}
	return lost
}

// lostConflicts returns the images for which what we wanted was conditional, and lost before we wrote.
func (w *writer) lostConflicts(s state, history []Parameter) []Conflict {
	var lost []Conflict
	for _, key := range slices.Sorted(maps.Keys(w.lost)) {
		lost = append(lost, w.whose(key, s.values, s.at(key), history))
	}
	return lost
}

// voidConflicts returns the images for which our intention is in the history and does not count,
// since somebody else had been earlier.
func (w *writer) voidConflicts(meant intent, history []Parameter) []Conflict {
	var lost []Conflict
	for _, key := range meant.void {
		was := meant.was[key]
		w.lost[key] = true
		delete(w.want, key)
		if want, wanted := w.request[key]; was.there && wanted && was.value == want || !was.there && !wanted {
			continue // as we wanted it
		}
		v := values{}
		if was.there {
			v[key] = was.value
		}
		lost = append(lost, w.whose(key, v, was.at, history))
	}
	return lost
}

// whose says who set a key to what it is in v, with version at of a history.
func (w *writer) whose(key string, v values, at int, history []Parameter) Conflict {
	image, ok := w.group.image(key)
	if !ok {
		image = tagboat.ImageName(key)
	}
	o := Conflict{Image: image, Is: w.group.reference(image, v)}
	if at >= 0 && at < len(history) {
		o.Version = history[at].Version
		o.By, o.Message = author(history[at])
	}
	return o
}

// replacements returns what others wrote after our decision and before our version, whose place
// ours takes.
func (w *writer) replacements(was map[string]prior, history []Parameter) []Replacement {
	var all []Replacement
	for _, key := range slices.Sorted(maps.Keys(was)) {
		p := was[key]
		read, there := w.read[key]
		if w.conditional[key] || w.lost[key] || p.there == there && p.value == read || p.there && p.value == w.request[key] {
			continue
		}
		v := values{}
		if p.there {
			v[key] = p.value
		}
		o := w.whose(key, v, p.at, history)
		all = append(all, Replacement{Image: o.Image, Was: o.Is, Version: o.Version, By: o.By, Message: o.Message})
	}
	return all
}

// at returns the index of the version that last set a key; -1 where that is not known.
func (s state) at(key string) int {
	if at, ok := s.origin[key]; ok {
		return at
	}
	return -1
}

// missingKeys returns the keys that were read and are in v no more.
func (g Group) missingKeys(read, v values) []string {
	var keys []string
	for _, key := range read.keys() {
		if _, there := v[key]; !there {
			keys = append(keys, key)
		}
	}
	return keys
}

// author returns who wrote a version and why. A write that says no description carries the
// one before it along, which tells of another write.
func author(p Parameter) (by, message string) {
	n, ours := noteOf(p)
	switch {
	case !ours && n.Sum != "":
		return p.User, ""
	case !ours:
		return p.User, p.Description
	case n.By != "":
		return n.By, n.Message
	default:
		return p.User, n.Message
	}
}

// sign writes who set a pin, when and why into it.
func sign(pin *tagboat.Pin, p Parameter) {
	at := p.At
	pin.SetAt = &at
	pin.SetBy, pin.Message = author(p)
}
