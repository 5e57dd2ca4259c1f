package watch

import "time"

// Left and EndedAs are what a decision, and a promotion that was carried out, leave for later.
var (
	Left    = left
	EndedAs = ended
	Words   = words
)

// Pause is the longest pause.
const (
	Pause    = longestPause
	Patience = patience
	Soon     = soonAtFirst
	Second   = time.Second
)
