package explain

import "regexp"

// withoutIDs replaces what differs between two tasks with the same trouble: ids of
// tasks and deployments, addresses, long numbers.
func withoutIDs(message string) string {
	return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b|\b[0-9]{6,}\b|\b\d+\.\d+\.\d+\.\d+\b`).ReplaceAllString(message, "…")
}
