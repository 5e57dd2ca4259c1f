package publish

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tagboat/tagboat"
)

// save has docker write an image into an archive below dir. Docker's own client knows
// every way to its engine, so that we need not.
// https://docs.docker.com/reference/cli/docker/image/save/
func save(ctx context.Context, reference, dir string) (file string, err error) {
	file = filepath.Join(dir, "docker.tar")
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", "image", "save", "--output", file, reference)
	cmd.Stderr = &said
	err = cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", tagboat.Usagef("there is no docker on the PATH to take %s from", reference).
			WithHint("podman save --format docker-archive -o image.tar %s, then --from tar:image.tar", reference)
	case err != nil:
		return "", tagboat.Usagef("taking %s from docker: %s: %w", reference, strings.TrimSpace(said.String()), err).
			WithHint("docker image ls shows what docker has")
	}
	return file, nil
}
