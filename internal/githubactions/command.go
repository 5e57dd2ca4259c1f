package githubactions

import "strings"

// command returns a workflow command, one line without its end. What a value has that
// would end it early is escaped as the runner reads it.
// https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
func command(name, title, message string) string {
	if title != "" {
		name += " title=" + property.Replace(title)
	}
	return "::" + name + "::" + data.Replace(message)
}

var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
