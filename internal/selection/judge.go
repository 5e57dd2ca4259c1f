package selection

import (
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// Verdict is what a rule says of a candidate.
type Verdict struct {
	Candidate
	Key     string // what it was compared by; "" where it has none
	Skipped string // why it does not count, as it follows the tag in a sentence; "" where it does

	key key
	at  int // place among the candidates
}

// judge looks at a candidate by itself. What is not known of it is not held against it.
func (r Rule) judge(c Candidate, now time.Time) Verdict {
	v := Verdict{Candidate: c}
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
func (r Rule) judgeTag(v *Verdict) reason {
	switch {
	case v.Tag == "" && !r.Untagged:
		return noTag
	case v.Tag != "" && !tagboat.ValidTag(v.Tag):
		return notTag
	case r.Fixed() != "" && v.Tag != r.Fixed():
		return otherTag(r.Fixed())
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
		if c.Looked {
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
		if c.Looked {
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

// SamePlatform tells whether what is built for one runs on the other: a variant that only
// one of them names makes no difference.
func SamePlatform(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

// open reports whether something that the rule asks of a candidate is not known yet, and
// could be found out.
func (r Rule) open(c Candidate) bool {
	return !c.Looked && (r.MinAge > 0 && c.PushedAt.IsZero() || r.Platform != "" && len(c.Platforms) == 0)
}
