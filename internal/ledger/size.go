package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// checkSize says before the write what AWS would say after it: what takes how much of a
// value that is too large, and how to split it.
func (g Group) checkSize(v values) error {
	n, most := len(v.String()), g.Tier.maxValue()
	if n <= most {
		return nil
	}
	return tagboat.Usagef("parameter %s would hold %d bytes, and a parameter of its tier takes %d: %s", g.Parameter, n, most, listed(g.shares(v))).
		WithHint("%s", g.advice(v, n))
}

// write returns v as it is written over version base. A mark that does not fit is left
// out: without one, the history is asked.
func (g Group) write(v values, base int64) string {
	if marked := v.marked(base); len(marked) <= g.Tier.maxValue() {
		return marked
	}
	return v.String()
}

// advice says how a value of n bytes can be kept.
func (g Group) advice(v values, n int) string {
	if g.holds {
		return fmt.Sprintf("hold the whole environment: tagboat hold --env %s", g.Environment)
	}
	split := "split the images in tagboat.yaml"
	if parts := g.split(v); len(parts) > 1 {
		split += fmt.Sprintf(": ledger: {groups: {%s}}, and carry their pins over: tagboat pins --import %s --env %s",
			strings.Join(parts, ", "), g.Parameter, g.Environment)
	}
	if g.Tier.maxValue() < n && n <= maxAdvanced {
		return "write tier: advanced for it in tagboat.yaml, which takes 8192 bytes, is charged for and has no way back; or " + split
	}
	return split
}

// share is what one key takes of a value.
type share struct {
	image tagboat.ImageName // "" for keys of others, which count as one
	bytes int               // with quotes, colon and comma
}

// shares returns what each image takes, the largest first, and what the keys of others
// take at the end.
func (g Group) shares(v values) []share {
	var shares []share
	var others share
	for key, value := range v {
		n := len(values{key: value}.String()) - len("{}") + len(",")
		if image, ok := g.image(key); ok {
			shares = append(shares, share{image, n})
		} else {
			others.bytes += n
		}
	}
	slices.SortFunc(shares, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.image, b.image))
	})
	if others.bytes > 0 {
		shares = append(shares, others)
	}
	return shares
}

func listed(shares []share) string {
	var texts []string
	for _, s := range shares {
		texts = append(texts, fmt.Sprintf("%s %d", cmp.Or(string(s.image), "keys of others"), s.bytes))
	}
	return strings.Join(texts, ", ")
}

// split proposes groups of about the same size with a quarter of it free, as lines of
// tagboat.yaml: all new ones, since nothing is ever taken out of the old parameter.
func (g Group) split(v values) []string {
	shares, total := g.shares(v), 0
	shares = slices.DeleteFunc(shares, func(s share) bool { return s.image == "" })
	slices.SortFunc(shares, func(a, b share) int { return cmp.Compare(a.image, b.image) })
	for _, s := range shares {
		total += s.bytes
	}
	room := g.Tier.maxValue() * 3 / 4
	count := (total + room - 1) / room
	var groups []string
	var images []string
	filled := 0
	for i, s := range shares {
		images = append(images, string(s.image))
		filled += s.bytes
		if last := i == len(shares)-1; last || filled*count >= total*(len(groups)+1) {
			groups = append(groups, fmt.Sprintf("%s-%d: {images: [%s]}", g.Name, len(groups)+1, strings.Join(images, ", ")))
			images = nil
		}
	}
	return groups
}
