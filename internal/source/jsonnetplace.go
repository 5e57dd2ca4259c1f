package source

import (
	"regexp"
	"strconv"

	"github.com/tagboat/tagboat"
)

// Jsonnet writes 3:5-9, or (3:5)-(4:2) for what spans lines.
// https://github.com/google/go-jsonnet/blob/master/ast/location.go
var jsonnetPlacePattern = regexp.MustCompile(`^\(?(\d+):(\d+)`)

func (l *lines) jsonnetPlace(s string) tagboat.Position {
	m := jsonnetPlacePattern.FindStringSubmatch(s)
	if m == nil {
		return tagboat.Position{File: l.file}
	}
	line, lineErr := strconv.Atoi(m[1])
	column, columnErr := strconv.Atoi(m[2])
	if lineErr != nil || columnErr != nil {
		return tagboat.Position{File: l.file}
	}
	return l.place(line, column)
}
