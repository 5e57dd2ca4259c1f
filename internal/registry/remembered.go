package registry

import (
	"context"
	"path/filepath"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/kept"
)

// memory keeps on disk what manifests and configs said, a file a digest: content never
// changes under its digest, wherever it lies. The zero value keeps nothing.
type memory struct{ dir kept.Dir }

// formOfFacts is in the path of what is kept, and changes with the members of Version and with how
// they are read.
const formOfFacts = "2"

func (m memory) name(d tagboat.Digest) string {
	return filepath.Join(formOfFacts, d.Hex()[:2], d.Hex()+".json")
}

// read returns what is known of the content that ref's digest stands for.
func (m memory) read(ref tagboat.Reference) (Version, bool) {
	if _, err := tagboat.ParseDigest(string(ref.Digest)); err != nil || m.dir == "" {
		return Version{}, false
	}
	var v Version
	if !m.dir.Read(m.name(ref.Digest), &v) || v.Reference.Digest != ref.Digest {
		return Version{}, false
	}
	v.Reference = ref
	return v, true
}

func (m memory) write(v Version) {
	m.dir.Write(m.name(v.Reference.Digest), v)
}

// Remembered returns a version that was looked at before, by its digest, and makes no
// request. It does not tell that the version is still there.
func (c *Client) Remembered(ref tagboat.Reference) (Version, bool) { return c.memory.read(ref) }

// Look is Resolve for a version that is known to be there, since it was just listed: what
// was looked at before is not asked for again.
func (c *Client) Look(ctx context.Context, ref tagboat.Reference) (Version, error) {
	if v, ok := c.Remembered(ref); ok {
		return v, nil
	}
	return c.Resolve(ctx, ref)
}
