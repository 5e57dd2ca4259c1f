package selection

import "time"

// Spec is a rule as a user writes it. One of Tag, Semver, Match, Order, Newest and Follow
// says what kind of rule it is; none makes an empty rule, which chooses nothing. Semver
// and Order may stand with Match, and then go with it.
type Spec struct {
	Tag      string        `json:"tag,omitempty"`      // always the version that has this tag
	Semver   string        `json:"semver,omitempty"`   // a constraint such as ">=1.0.0 <2"
	Match    string        `json:"match,omitempty"`    // a regular expression with named groups
	Order    Order         `json:"order,omitempty"`    // how tags compare
	By       []string      `json:"by,omitempty"`       // the groups that they compare by, the first one first
	Layout   string        `json:"layout,omitempty"`   // of the group, for the order time
	Newest   string        `json:"newest,omitempty"`   // push
	Untagged bool          `json:"untagged,omitempty"` // versions without a tag count too, for newest
	Follow   string        `json:"follow,omitempty"`   // what this tag stands for, wherever it moves
	Platform string        `json:"platform,omitempty"` // os/architecture[/variant] that a version must have
	Ignore   []string      `json:"ignore,omitempty"`   // regular expressions of tags that do not count
	MinAge   time.Duration `json:"minAge,omitempty"`   // how long ago a version must have been pushed
}

// Order says what the key of a tag is.
type Order string

// The orders of keys.
const (
	Semver       Order = "semver"       // semantic versions, exact at any length
	Version      Order = "version"      // any number of numbers, whatever stands between them
	Numeric      Order = "numeric"      // whole numbers, exact at any length
	Alphabetical Order = "alphabetical" // byte by byte
	Time         Order = "time"         // points in time, by a layout
)

// NewestPush is what Newest can be.
const NewestPush = "push"

// kinds returns the fields that say what kind of rule s is.
func (s Spec) kinds() []string {
	var set []string
	semver := s.Semver
	if s.Match != "" { // then it is the constraint on what match finds
		semver = ""
	}
	for _, field := range []struct{ name, value string }{
		{"tag", s.Tag}, {"semver", semver}, {"match", s.Match}, {"newest", s.Newest}, {"follow", s.Follow},
	} {
		if field.value != "" {
			set = append(set, field.name)
		}
	}
	if s.Order != "" && s.Match == "" {
		set = append(set, "order")
	}
	return set
}
