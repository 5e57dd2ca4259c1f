package ecr

import (
	"encoding/base64"
	"encoding/json"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// cursor is where the next page begins. It names an item and not a number of items,
// so that what comes or goes between two pages makes none appear twice or not at all.
type cursor struct {
	Position uint64 `json:"p,omitempty"` // of an image
	Name     string `json:"n,omitempty"` // of a tag or repository
}

func (c cursor) token() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // a number and a string always encode
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func parseCursor(token string) (cursor, error) {
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && token != "" {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return cursor{}, invalid("nextToken", "must be a token that an earlier page returned")
	}
	return c, nil
}

// paged is the part of a request that asks for a page.
type paged struct {
	MaxResults int    `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

// page returns how many items a page has and where it begins. ECR's pages have 100
// items where the request does not say, and 1000 at most.
func (p paged) page() (int, cursor, error) {
	size, err := wire.PageSize(p.MaxResults, 100, 1000, "InvalidParameterException")
	if err != nil {
		return 0, cursor{}, err
	}
	from, err := parseCursor(p.NextToken)
	return size, from, err
}

func (p paged) asked() bool { return p.MaxResults != 0 || p.NextToken != "" }
