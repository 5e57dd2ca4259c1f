package pattern

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
)

// comparisons has how a string of an event is compared with that of a pattern, by the kind of match.
func comparisons() map[string]func(is, pattern string) bool {
	return map[string]func(is, pattern string) bool{
		"prefix":                    strings.HasPrefix,
		"suffix":                    strings.HasSuffix,
		"equals-ignore-case":        strings.EqualFold,
		"prefix-equals-ignore-case": func(is, p string) bool { return len(is) >= len(p) && strings.EqualFold(is[:len(p)], p) },
		"suffix-equals-ignore-case": func(is, p string) bool { return len(is) >= len(p) && strings.EqualFold(is[len(is)-len(p):], p) },
		"wildcard":                  wildcard,
		"cidr":                      inNetwork,
	}
}

func inNetwork(is, network string) bool {
	prefix, _ := netip.ParsePrefix(network) // checked when the pattern was read
	address, err := netip.ParseAddr(is)
	return err == nil && prefix.Contains(address)
}

// equalsNumber compares with a number, which may be written otherwise.
func equalsNumber(pattern json.Number) func(any) bool {
	want, err := pattern.Float64()
	return func(is any) bool {
		number, ok := is.(json.Number)
		if !ok {
			return false
		}
		n, bad := number.Float64()
		return number == pattern || err == nil && bad == nil && n == want
	}
}

// within makes a comparison of a numeric match.
func within(operator string, bound float64) func(float64) bool {
	switch operator {
	case "<":
		return func(n float64) bool { return n < bound }
	case "<=":
		return func(n float64) bool { return n <= bound }
	case ">":
		return func(n float64) bool { return n > bound }
	case ">=":
		return func(n float64) bool { return n >= bound }
	default:
		return func(n float64) bool { return n == bound }
	}
}

// badWildcard says what is wrong with a pattern with *, where \* and \\ stand for the characters
// themselves; "" where nothing is.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching
func badWildcard(pattern string) string {
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\':
			if i++; i == len(pattern) || pattern[i] != '*' && pattern[i] != '\\' {
				return fmt.Sprintf("Invalid escape character at pos %d", i)
			}
		case pattern[i] == '*' && i+1 < len(pattern) && pattern[i+1] == '*':
			return fmt.Sprintf("Consecutive wildcard characters at pos %d", i+1)
		}
	}
	return ""
}

// wildcard reports whether a string is what a pattern with * says.
func wildcard(is, pattern string) bool {
	parts := literals(pattern)
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return is == first
	}
	rest, ok := strings.CutPrefix(is, first)
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, last)
}

// literals returns what stands between the * of a pattern.
func literals(pattern string) []string {
	parts := []string{""}
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '*':
			parts = append(parts, "")
			continue
		case pattern[i] == '\\':
			i++
		}
		parts[len(parts)-1] += pattern[i : i+1]
	}
	return parts
}
