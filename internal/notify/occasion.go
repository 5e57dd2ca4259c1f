package notify

import "github.com/tagboat/tagboat"

// Occasion is a reason to tell somebody.
type Occasion string

// The occasions.
const (
	Failure Occasion = "failure" // a deployment ended otherwise than asked for
	Success Occasion = "success" // it did what was asked for
	All     Occasion = "all"     // whatever happened, were it nothing
)

// Occasions are all that there are.
func Occasions() []Occasion { return []Occasion{Failure, Success, All} }

// Of tells whether a verdict is such an occasion.
func (o Occasion) Of(v tagboat.Verdict) bool {
	switch _, failed := v.Kind(); o {
	case Failure:
		return failed
	case Success:
		return v == tagboat.VerdictSucceeded
	default:
		return o == All
	}
}
