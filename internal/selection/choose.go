package selection

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// Candidate is one tag of one version, or a version without a tag.
type Candidate struct {
	Tag       string // "" for a version without one
	Digest    tagboat.Digest
	PushedAt  time.Time // zero where it is not known
	Platforms []string  // os/architecture[/variant]; nil where they are not known
	Index     bool      // it stands for several images, one for each platform
	// Artifact says what it is where no container can run it, such as "is a Helm chart";
	// "" for an image, and where that is not known.
	Artifact string
	// Stage is the one that puts the tag on what is pinned in it; "" for any other tag. Such
	// a tag says where a version was, and no rule counts it but one that names it.
	Stage tagboat.StageName
	// Moves says that the tag moves from version to version, as latest does.
	Moves bool
	// Examined says that its manifest was read, so that an empty Artifact is an image's.
	Examined bool
	// Complete says that the candidate has all that the registry knows: what is unknown
	// stays so, and an empty Artifact is an image's.
	Complete bool
}

// Readable returns how people call the candidate.
func (c Candidate) Readable() string {
	return tagboat.Reference{Tag: c.Tag, Digest: c.Digest}.Readable()
}

// Choice is what a rule makes of a repository.
type Choice struct {
	Rule     Rule
	Accepted []Evaluation // best first: the first is the one that is chosen
	Skipped  []Evaluation // in the order of their tags
	Decided  string       // how the first of Accepted won, in words; "" where there is none
	// Needs are the places, among the candidates, of those that have to be looked at
	// before there is a choice. Where it is not empty nothing is chosen.
	Needs []int
}

// Chosen returns the version that the rule chooses, or false where there is none.
func (c Choice) Chosen() (Evaluation, bool) {
	if len(c.Needs) > 0 || len(c.Accepted) == 0 {
		return Evaluation{}, false
	}
	return c.Accepted[0], true
}

// Choose judges every candidate at a time and orders those that count. It looks at no
// more than it has to: where push times or platforms decide that are not known, Needs
// says whose.
func (r Rule) Choose(candidates []Candidate, now time.Time) Choice {
	verdicts := make([]Evaluation, len(candidates)) // a repository may have a hundred thousand
	accepted, skipped := 0, len(verdicts)
	for i, c := range candidates {
		v := r.judge(c, now)
		v.at = i
		if v.Skipped != "" || r.Empty() {
			skipped--
			verdicts[skipped] = v
		} else {
			verdicts[accepted] = v
			accepted++
		}
	}
	choice := Choice{Rule: r, Accepted: verdicts[:accepted:accepted], Skipped: verdicts[skipped:]}
	slices.SortFunc(choice.Accepted, func(a, b Evaluation) int { return r.compare(b, a) })
	slices.SortFunc(choice.Skipped, byTag)
	choice.Needs = r.needs(choice.Accepted)
	if len(choice.Needs) == 0 && accepted > 0 {
		choice.Decided = r.decided(choice.Accepted)
	}
	return choice
}

// needs returns whom to look at before the first of accepted can be the winner: those
// that share its key where push times must decide, and itself, since only a look tells
// whether a container can run it.
func (r Rule) needs(accepted []Evaluation) []int {
	var undated []int
	tied := 0
	for _, a := range accepted {
		if r.compareKeys(a.key, accepted[0].key) != 0 {
			break
		}
		tied++
		if a.PushedAt.IsZero() && !a.Complete {
			undated = append(undated, a.at)
		}
	}
	switch {
	case tied > 1 && len(undated) > 0 && r.Fixed() == "":
		return undated
	case tied > 0 && !accepted[0].Complete && !accepted[0].Examined:
		return []int{accepted[0].at}
	default:
		return nil
	}
}

func byTag(a, b Evaluation) int {
	return cmp.Or(strings.Compare(a.Tag, b.Tag), cmp.Compare(a.Digest, b.Digest))
}

// Evaluation is what a rule says of a candidate.
type Evaluation struct {
	Candidate
	Key     string // what it was compared by; "" where it has none
	Skipped string // why it does not count, as it follows the tag in a sentence; "" where it does

	key key
	at  int // place among the candidates
}

// judge looks at a candidate by itself. What is not known of it is not held against it.
func (r Rule) judge(c Candidate, now time.Time) Evaluation {
	v := Evaluation{Candidate: c}
	why := r.judgeTag(&v)
	if why == "" {
		why = reason(c.Artifact)
	}
	if why == "" {
		why = r.judgeAge(c, now)
	}
	if why == "" {
		why = r.judgePlatform(c)
	}
	v.Skipped = string(why)
	return v
}

// judgeTag looks at the tag, which needs nothing else to be known.
func (r Rule) judgeTag(v *Evaluation) reason {
	switch {
	case v.Tag == "" && !r.Untagged:
		return noTag
	case v.Tag != "" && !tagboat.ValidTag(v.Tag):
		return notTag
	case r.Fixed() != "" && v.Tag != r.Fixed():
		return otherTag(r.Fixed())
	case r.Fixed() == "" && v.Stage != "":
		return ofStage(v.Stage)
	}
	if why := attached(v.Tag); why != "" {
		return why
	}
	for _, pattern := range r.ignore {
		if v.Tag != "" && pattern.MatchString(v.Tag) {
			return ignored(pattern.String())
		}
	}
	if r.order() == "" {
		return ""
	}
	k, why := r.keyOf(v.Tag)
	if why == "" {
		v.key, v.Key = k, k.text()
	}
	return why
}

func (r Rule) judgeAge(c Candidate, now time.Time) reason {
	if r.MinAge == 0 {
		return ""
	}
	if c.PushedAt.IsZero() {
		if c.Complete {
			return undated
		}
		return ""
	}
	if age := now.Sub(c.PushedAt); age < r.MinAge {
		return tooYoung(age, r.MinAge)
	}
	return ""
}

func (r Rule) judgePlatform(c Candidate) reason {
	if r.Platform == "" {
		return ""
	}
	if len(c.Platforms) == 0 {
		if c.Complete {
			return noPlatform
		}
		return ""
	}
	for _, has := range c.Platforms {
		if SamePlatform(has, r.Platform) {
			return ""
		}
	}
	return otherPlatform(c.Platforms, r.Platform)
}

// SamePlatform reports whether what is built for one runs on the other: a variant that only
// one of them names makes no difference.
func SamePlatform(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

// open reports whether something that the rule asks of a candidate is not known yet, and
// could be found out.
func (r Rule) open(c Candidate) bool {
	return !c.Complete && (r.MinAge > 0 && c.PushedAt.IsZero() || r.Platform != "" && len(c.Platforms) == 0)
}
