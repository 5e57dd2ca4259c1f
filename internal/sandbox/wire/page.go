package wire

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// PageSize returns how many items a page may have: what was asked for, or the
// default where nothing (zero) was. Outside of 1 to limit it is an error with the
// service's own code.
func PageSize(asked, byDefault, limit int, code string) (int, error) {
	switch {
	case asked == 0:
		return byDefault, nil
	case asked < 0 || asked > limit:
		return 0, Errorf(code, "%d is not a page size: it must be between 1 and %d", asked, limit)
	default:
		return asked, nil
	}
}

// PageLimit is PageSize for a service that says by its model's rules what is wrong with the
// member. All of a page is the default.
func PageLimit(asked *int, most int, code, member string) (int, error) {
	switch {
	case asked == nil:
		return most, nil
	case *asked < 1:
		return 0, InvalidMember(code, strconv.Itoa(*asked), member, "have value greater than or equal to 1")
	case *asked > most:
		return 0, InvalidMember(code, strconv.Itoa(*asked), member, "have value less than or equal to "+strconv.Itoa(most))
	}
	return *asked, nil
}

// Page returns the page of items that token stands for, the first one where it is
// "", and the token of the page after it, "" where there is none. A token that Page
// never gave is an error with the service's own code.
//
// A token stands for a position: items that come or go between two calls shift the
// rest, so sort by something that new items come after.
func Page[T any](items []T, token string, size int, code string) (page []T, next string, err error) {
	start, ok := parseToken(token)
	if !ok || size < 1 {
		return nil, "", Errorf(code, "Invalid token %s", token)
	}
	start = min(start, len(items))
	end := min(start+size, len(items))
	if end < len(items) {
		next = formatToken(end)
	}
	return items[start:end], next, nil
}

const tokenPrefix = "tagboat-sandbox/"

func formatToken(position int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenPrefix + strconv.Itoa(position)))
}

func parseToken(token string) (position int, ok bool) {
	if token == "" {
		return 0, true
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	number, ok := strings.CutPrefix(string(text), tokenPrefix)
	position, err = strconv.Atoi(number)
	return position, ok && err == nil && position >= 0 && formatToken(position) == token
}
