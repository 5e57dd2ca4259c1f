package hint

// Parse returns the hints of an event of EventBridge. Of one that nobody knows it is a hint if it names
// a repository or a service, and none otherwise. An error says that the text is no event at all.
func Parse(event []byte) ([]Hint, error) { panic("to be written") }
