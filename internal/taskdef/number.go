package taskdef

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

type number = json.Number

// canonicalNumber writes a number in the one way that all equal ones have. Whole
// numbers keep every digit; others have the precision of a float.
func canonicalNumber(n number) number {
	s := string(n)
	if !strings.ContainsAny(s, ".eE") {
		if s == "-0" {
			return "0"
		}
		return n
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return n
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return number(strconv.FormatInt(int64(f), 10))
	default:
		return number(strconv.FormatFloat(f, 'g', -1, 64))
	}
}
