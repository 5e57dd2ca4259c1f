package explain

import "strings"

// meaning is what a message of AWS stands for.
type meaning struct {
	all     []string // what the message contains, in any case; every one of them
	cause   string   // what happened, in plain words
	advice  string   // what to change
	lasting bool     // trying again cannot heal it
	about   about    // which settings have to do with it
}

func (m meaning) matches(message string) bool {
	lower := strings.ToLower(message)
	for _, part := range m.all {
		if !strings.Contains(lower, strings.ToLower(part)) {
			return false
		}
	}
	return true
}

// look returns the first meaning of the table that fits the message.
func look(table []meaning, message string) (meaning, bool) {
	for _, m := range table {
		if m.matches(message) {
			return m, true
		}
	}
	return meaning{}, false
}

// about says which settings of the service have to do with a cause.
type about int

const (
	aboutNothing about = iota
	aboutMemory
	aboutNetwork
	aboutHealth
	aboutAlarms
)
