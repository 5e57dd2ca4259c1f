package publish

import (
	"bytes"
	"context"
	"os/exec"
	"strings"

	"github.com/tagboat/tagboat"
)

// Commit is the git commit that an image is taken to be built from.
type Commit struct {
	Hash   string // forty hex digits
	Branch string // "" where none is checked out
	Dirty  bool   // files that git knows differ from the commit
}

// Tag returns the commit as a tag. One of files that were changed says so, lest it be
// taken for the commit's.
func (c Commit) Tag() string {
	if c.Dirty {
		return c.Hash + "-dirty"
	}
	return c.Hash
}

// ReadCommit asks git about the work tree that dir lies in. Where there is none the
// error is of kind Usage.
func ReadCommit(ctx context.Context, dir string) (Commit, error) {
	hash, err := git(ctx, dir, "rev-parse", "--verify", "HEAD")
	if ctx.Err() != nil {
		return Commit{}, ctx.Err()
	}
	if err != nil {
		return Commit{}, tagboat.Usagef("there is no git commit to tag the image with: %w", err).
			WithHint("run it in the work tree that the image was built from, or name tags: --tag TAG")
	}
	changed, err := git(ctx, dir, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return Commit{}, err
	}
	branch, err := git(ctx, dir, "branch", "--show-current")
	if err != nil {
		return Commit{}, err
	}
	return Commit{Hash: hash, Branch: branch, Dirty: changed != ""}, nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", tagboat.Errorf(tagboat.Internal, "git %s: %s: %w", args[0], firstLine(said.String()), err)
	}
	return strings.TrimSpace(out.String()), nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
