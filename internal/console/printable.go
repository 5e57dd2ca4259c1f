package console

import (
	"strings"
	"unicode"
)

// Printable puts blanks in the place of what would move the cursor, end the line or turn
// text around: what containers have logged may have anything in it.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}
