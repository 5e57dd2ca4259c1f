package logs

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// pattern is a filter pattern of terms. A message matches if it has all of the
// required terms and none of the excluded ones; where there are neither, one of the
// optional ones is enough.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
type pattern struct {
	required []string
	excluded []string
	optional []string
}

const maxPattern = 1024

// parsePattern reads terms of letters, digits and underscores, and phrases in double
// quotes, each with - or ? in front or with nothing. Patterns in braces, brackets and
// percent signs look into the structure of a message; the sandbox has none of those.
func parsePattern(s string) (pattern, error) {
	var p pattern
	if len(s) > maxPattern {
		return p, invalidMember(s, "filterPattern", "have length less than or equal to 1024")
	}
	for rest := strings.TrimSpace(s); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n") {
		if strings.ContainsRune("{[%", rune(rest[0])) {
			return p, wire.Errorf(invalidParameter, "Invalid filter pattern: the sandbox has terms and phrases only: %s", s)
		}
		terms := &p.required
		switch rest[0] {
		case '-':
			terms, rest = &p.excluded, rest[1:]
		case '?':
			terms, rest = &p.optional, rest[1:]
		}
		var term string
		var err error
		if term, rest, err = cutTerm(rest); err != nil {
			return p, err
		}
		*terms = append(*terms, term)
	}
	return p, nil
}

// cutTerm splits a term or a phrase off the front.
func cutTerm(s string) (term, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		return cutPhrase(s)
	}
	end := strings.IndexAny(s, " \t\r\n")
	if end < 0 {
		end = len(s)
	}
	term, rest = s[:end], s[end:]
	if term == "" || strings.ContainsFunc(term, func(r rune) bool { return !isTermRune(r) }) {
		return "", "", wire.Errorf(invalidParameter, "Invalid character(s) in term '%s'", term)
	}
	return term, rest, nil
}

func isTermRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// cutPhrase splits off what stands in double quotes, where \" is a quote and \\ is a
// backslash.
func cutPhrase(s string) (phrase, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"' && b.Len() == 0:
			return "", "", wire.Errorf(invalidParameter, "Invalid filter pattern: an empty phrase: %s", s)
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && strings.ContainsRune(`"\`, rune(s[i+1])):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", wire.Errorf(invalidParameter, "Invalid filter pattern: a quote is missing: %s", s)
}

// match tells whether a message fits. Case matters.
func (p pattern) match(message string) bool {
	has := func(term string) bool { return strings.Contains(message, term) }
	hasNot := func(term string) bool { return !has(term) }
	if len(p.required) == 0 && len(p.excluded) == 0 {
		return len(p.optional) == 0 || slices.ContainsFunc(p.optional, has)
	}
	return !slices.ContainsFunc(p.required, hasNot) && !slices.ContainsFunc(p.excluded, has)
}
