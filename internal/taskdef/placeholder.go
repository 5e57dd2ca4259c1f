package taskdef

import (
	"fmt"
	"regexp"
	"strings"
)

// The scopes of placeholders: ${vars.NAME}, ${env.NAME} and ${images.NAME}.
const (
	scopeVars   = "vars"
	scopeEnv    = "env"
	scopeImages = "images"
)

// piece is a part of a string: plain text, or a placeholder.
type piece struct {
	text  string // plain text, or the placeholder as it is written
	scope string // "" for plain text
	name  string
}

var placeholderPattern = regexp.MustCompile(`^\$\{(vars|env|images)\.([a-zA-Z0-9][a-zA-Z0-9._/-]*)\}$`)

// badPlaceholder is a placeholder that cannot be read.
type badPlaceholder struct {
	text string // as it is written
	why  string
}

// parsePlaceholders cuts s into its pieces. $${ stands for ${ as text.
func parsePlaceholders(s string) ([]piece, *badPlaceholder) {
	var pieces []piece
	var text strings.Builder
	for s != "" {
		switch {
		case strings.HasPrefix(s, "$${"):
			text.WriteString("${")
			s = s[len("$${"):]
		case strings.HasPrefix(s, "${"):
			p, err := firstPlaceholder(s)
			if err != nil {
				return nil, err
			}
			if text.Len() > 0 {
				pieces = append(pieces, piece{text: text.String()})
				text.Reset()
			}
			pieces = append(pieces, p)
			s = s[len(p.text):]
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	if text.Len() > 0 {
		pieces = append(pieces, piece{text: text.String()})
	}
	return pieces, nil
}

// firstPlaceholder reads the placeholder that s begins with.
func firstPlaceholder(s string) (piece, *badPlaceholder) {
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return piece{}, &badPlaceholder{text: s, why: fmt.Sprintf("the placeholder %s is not closed", s)}
	}
	text := s[:end+1]
	m := placeholderPattern.FindStringSubmatch(text)
	if m == nil {
		return piece{}, &badPlaceholder{text: text, why: fmt.Sprintf("%s is not a placeholder that Tagboat knows", text)}
	}
	return piece{text: text, scope: m[1], name: m[2]}, nil
}

// isPlaceholder tells whether s is one placeholder and nothing else.
func isPlaceholder(s string) bool {
	pieces, err := parsePlaceholders(s)
	return err == nil && len(pieces) == 1 && pieces[0].scope != ""
}

// hasPlaceholder tells whether s has something that begins like a placeholder.
func hasPlaceholder(s string) bool {
	pieces, err := parsePlaceholders(s)
	if err != nil {
		return true
	}
	for _, p := range pieces {
		if p.scope != "" {
			return true
		}
	}
	return false
}
