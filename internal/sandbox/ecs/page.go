package ecs

import (
	"encoding/base64"
	"sort"
	"strings"
)

// paging is the part of a request that says which page is wanted.
type paging struct {
	MaxResults *int
	NextToken  string
}

// list is a sorted list to be answered in pages.
type list[T any] struct {
	items      []T
	key        func(T) string // sorts as the items do; no two items have the same
	descending bool
}

// page returns one page and the token of the next, "" after the last. Items that come
// or go between two pages do not move the others: a token says after which key to
// go on.
func page[T any](p paging, l list[T], size int) ([]T, string, error) {
	const most = 100
	if p.MaxResults != nil {
		if size = *p.MaxResults; size < 1 || size > most {
			return nil, "", invalidParameter("maxResults must be between 1 and %d.", most)
		}
	}
	start, err := l.after(p.NextToken)
	if err != nil {
		return nil, "", err
	}
	rest := l.items[start:]
	if len(rest) <= size {
		return rest, "", nil
	}
	last := l.key(rest[size-1])
	return rest[:size], base64.StdEncoding.EncodeToString([]byte(tokenPrefix + last)), nil
}

const tokenPrefix = "after "

// after returns the index of the first item that comes after a token.
func (l list[T]) after(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.StdEncoding.DecodeString(token)
	key, ok := strings.CutPrefix(string(text), tokenPrefix)
	if err != nil || !ok {
		return 0, invalidParameter("Invalid token")
	}
	return sort.Search(len(l.items), func(i int) bool {
		order := strings.Compare(l.key(l.items[i]), key)
		return order > 0 && !l.descending || order < 0 && l.descending
	}), nil
}
