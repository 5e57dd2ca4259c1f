package ledger

import (
	"github.com/tagboat/tagboat"
)

// Why says who changes pins and what for. It stands in the parameter's history.
type Why struct {
	Actor   string // "" for whom AWS takes the caller for
	Message string // cut where it does not fit into the description of a parameter
}

// Receipt says what an Update did, once it is certain.
type Receipt struct {
	Parameter string
	Version   int64         // of the parameter, now
	Value     string        // of the parameter, now; for Preview what would be written
	Written   bool          // false where the pins were so already
	Wrote     int64         // the version with which it was written; later ones may have repaired others' updates
	Pins      []tagboat.Pin // of the whole group; those that were written say who and why
	Overtaken []Overtaken   // the images for which somebody else was later
	Repaired  bool          // updates of others that had been overwritten were brought back
	Calls     int           // calls of the Store
}

// Overtaken says that somebody else pinned the same image at the same time, and later:
// theirs counts.
type Overtaken struct {
	Image   tagboat.ImageName
	Version int64  // the version that counts
	By      string // who wrote it
	Message string
}

// overtaken returns the images of want for which s holds something else.
func (g Group) overtaken(want values, s state, history []Parameter) []Overtaken {
	var lost []Overtaken
	for _, key := range want.keys() {
		if s.values[key] == want[key] {
			continue
		}
		image, _ := g.image(key)
		o := Overtaken{Image: image}
		if at, ok := s.origin[key]; ok {
			o.Version = history[at].Version
			o.By, o.Message = author(history[at])
		}
		lost = append(lost, o)
	}
	return lost
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
