package explain

import "strings"

// meaning is what a message of AWS stands for.
type meaning struct {
	all     []string // what the message contains, in any case; every one of them
	cause   string   // what happened, in plain words
	advice  string   // what to change
	lasting bool     // trying again cannot heal it
	class   Class    // Yours where it is left out
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
			m.class = max(m.class, Yours)
			return m, true
		}
	}
	return meaning{}, false
}

// Class says whose a cause is to mend, and so whether it may heal by itself.
type Class int

// The classes.
const (
	Unknown   Class = iota
	Yours           // the image, the definition, the service's settings, the application
	AWS             // AWS's own machinery, which tries again
	Transient       // a network, a registry, capacity: it may be better the next time
)

// String returns the class as the documents of commands have it.
func (c Class) String() string { return [...]string{"", "yours", "aws", "transient"}[c] }

// Heals reports whether a cause of the class is known to pass at times without anybody
// changing anything.
func (c Class) Heals() bool { return c == AWS || c == Transient }

// about says which settings of the service have to do with a cause.
type about int

const (
	aboutNothing about = iota
	aboutMemory
	aboutNetwork
	aboutHealth
	aboutAlarms
)
