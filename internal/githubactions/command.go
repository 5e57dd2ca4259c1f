package githubactions

import "strings"

// command returns a workflow command, one line without its end. Properties are a name and
// a value each; those without a value are left out. What a value has that would end it
// early is escaped as the runner reads it.
// https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
func command(name, message string, properties ...[2]string) string {
	separator := " "
	for _, p := range properties {
		if p[1] != "" {
			name += separator + p[0] + "=" + property.Replace(p[1])
			separator = ","
		}
	}
	return "::" + name + "::" + data.Replace(message)
}

func titled(title string) [2]string { return [2]string{"title", title} }

var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
