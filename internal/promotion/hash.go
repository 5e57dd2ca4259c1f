package promotion

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// What a plan's hash is made of: for each environment a few digits of each part of what would be
// done there, so that a plan which was reviewed and does not hold any more says what differs.
const (
	partDigits = 4
	partCount  = 4
)

func parts() [partCount]string {
	return [partCount]string{"the release that would enter", "what it has now", "what would be pinned", "what would be deployed"}
}

// Hash returns the hash of what would be done. It says nothing of gates, which open and close.
func (s *Set) Hash() string {
	var b strings.Builder
	for i, m := range s.moves {
		if i > 0 {
			b.WriteString("-")
		}
		for _, part := range m.parts() {
			b.WriteString(part)
		}
	}
	whole := sha256.Sum256([]byte(s.names() + "\n" + s.whole()))
	return hex.EncodeToString(whole[:6]) + "-" + b.String()
}

func (s *Set) names() string {
	var names []string
	for _, m := range s.moves {
		names = append(names, string(m.env.Name))
	}
	return strings.Join(names, " ")
}

// whole is all that the hash stands for.
func (s *Set) whole() string {
	var b strings.Builder
	for _, m := range s.moves {
		for _, text := range m.texts() {
			fmt.Fprintf(&b, "%d:%s\n", len(text), text)
		}
	}
	return b.String()
}

func (m *move) parts() [partCount]string {
	var digits [partCount]string
	for i, text := range m.texts() {
		sum := sha256.Sum256([]byte(text))
		digits[i] = hex.EncodeToString(sum[:])[:partDigits]
	}
	return digits
}

// texts are the parts of what would be done in an environment.
func (m *move) texts() [partCount]string {
	var texts [partCount]string
	if m.release != nil {
		texts[0] = string(m.release.ID)
	}
	if current, ok := m.here.Current(); ok {
		texts[1] = string(current.ID)
	}
	if m.set == nil {
		return texts
	}
	document := m.set.Document()
	texts[2] = encoded(document.Pins)
	var changes []string
	for _, c := range document.Changes {
		changes = append(changes, fmt.Sprintf("%s %s", c.Service, c.Diff))
	}
	texts[3] = encoded(changes)
	return texts
}

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Same returns an error where the set is not the plan with a hash, which says what differs. It is
// of kind Blocked, and of kind Usage where the text is no hash of a plan.
func (s *Set) Same(hash string) error {
	is := s.Hash()
	if hash == is {
		return nil
	}
	was, now := strings.Split(hash, "-"), strings.Split(is, "-")
	if slices.ContainsFunc(was[1:], func(part string) bool { return len(part) != partDigits*partCount }) || len(was) == 1 {
		return tagboat.Usagef("%q is not the hash of a plan", hash).WithHint("promote --dry-run prints it, with the command that does what it shows")
	}
	if len(was) != len(now) {
		return tagboat.Errorf(tagboat.Blocked, "the plan that was reviewed is of %d environments, and this is of %d: %s", len(was)-1, len(now)-1, s.names())
	}
	var differs []string
	for i, m := range s.moves {
		for n, what := range parts() {
			from, to := n*partDigits, (n+1)*partDigits
			if was[i+1][from:to] != now[i+1][from:to] {
				differs = append(differs, fmt.Sprintf("%s of %s: now %s", what, m.env.Name, m.shown(n)))
			}
		}
	}
	if len(differs) == 0 {
		differs = []string{"it is of other environments: now " + s.names()}
	}
	return tagboat.Errorf(tagboat.Blocked, "the world has moved since the plan was reviewed; what differs: %s", strings.Join(differs, "; "))
}

// shown returns a part for people.
func (m *move) shown(part int) string {
	switch part {
	case 0:
		if m.release != nil {
			return "release " + called(*m.release)
		}
		return "none"
	case 1:
		if current, ok := m.here.Current(); ok {
			return "release " + current.Name
		}
		return "no release"
	case 2:
		var pins []string
		if m.set != nil {
			for _, p := range m.set.Document().Pins {
				pins = append(pins, fmt.Sprintf("%s %s → %s", p.Image, p.From.Digest.Short(), p.To.Digest.Short()))
			}
		}
		return cmp.Or(strings.Join(pins, ", "), "nothing")
	default:
		var services []string
		if m.set != nil {
			for _, c := range m.set.Document().Changes {
				services = append(services, string(c.Service))
			}
		}
		return cmp.Or(strings.Join(services, ", "), "nothing")
	}
}
