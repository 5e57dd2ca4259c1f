package registry

import (
	"context"

	"github.com/tagboat/tagboat"
)

// Exists tells whether the registry has the image, by its digest if it has one, else by
// its tag. It is one HEAD request, after the first of each repository, which logs in.
func (c *Client) Exists(ctx context.Context, ref tagboat.Reference) (bool, error) {
	named, err := refer(ref)
	if err != nil {
		return false, err
	}
	return within(ctx, c.limits, ref.Host, func(ctx context.Context) (bool, error) {
		_, err := c.head(ctx, named)
		if missing(err) {
			return false, nil
		}
		if err != nil {
			return false, explain("looking for", ref, err)
		}
		return true, nil
	})
}
