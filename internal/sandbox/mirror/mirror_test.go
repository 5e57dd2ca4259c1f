package mirror_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/mirror"
)

func built(t *testing.T, architecture, label string) v1.Image {
	t.Helper()
	image := expect.Value(mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: architecture, Config: v1.Config{Labels: map[string]string{"of": label}}}))(t)
	return image
}

// TestResolve finds images and indexes by tag and by digest, as another tool wrote them.
func TestResolve(t *testing.T) {
	dir := t.TempDir()
	path := expect.Value(layout.Write(filepath.Join(dir, "public.ecr.aws/x/agent"), empty.Index))(t)
	tagged := func(tag string) layout.Option {
		return layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})
	}
	amd, arm := built(t, "amd64", "amd"), built(t, "arm64", "arm")
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}},
		mutate.IndexAddendum{Add: amd, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	expect.OK(t, path.AppendImage(amd, tagged("3.1")))
	expect.OK(t, path.AppendIndex(index, tagged("3.2")))
	m := expect.Value(mirror.Open(dir))(t)
	one, _ := amd.Digest()
	many, _ := index.Digest()
	for reference, want := range map[string]mirror.Image{
		"public.ecr.aws/x/agent:3.1":                  {Digest: one.String(), Labels: map[string]string{"of": "amd"}, Platforms: []string{"linux/amd64"}},
		"public.ecr.aws/x/agent:3.2":                  {Digest: many.String(), Labels: map[string]string{"of": "amd"}, Platforms: []string{"linux/arm64/v8", "linux/amd64"}},
		"public.ecr.aws/x/agent:3.1@" + many.String(): {Digest: many.String(), Labels: map[string]string{"of": "amd"}, Platforms: []string{"linux/arm64/v8", "linux/amd64"}},
		"public.ecr.aws/x/agent@" + one.String():      {Digest: one.String(), Labels: map[string]string{"of": "amd"}, Platforms: []string{"linux/amd64"}},
	} {
		got, err := m.Resolve(reference)
		if err != nil {
			t.Errorf("%s: %v", reference, err)
		}
		expect.EqualIn(t, reference, want, got)
	}
	for _, reference := range []string{"public.ecr.aws/x/agent", "public.ecr.aws/x/agent:4", "public.ecr.aws/x:3.1", "public.ecr.aws/x/agent@sha256:" + strings.Repeat("0", 64)} {
		if _, err := m.Resolve(reference); !errors.Is(err, mirror.ErrNotFound) {
			t.Errorf("%s: %v", reference, err)
		}
	}
	if _, err := m.Resolve("../" + filepath.Base(dir) + "/public.ecr.aws/x/agent:3.1"); err == nil {
		t.Error("a reference leads out of the mirror")
	}
	config := expect.Value(amd.ConfigName())(t)
	expect.OK(t, os.WriteFile(filepath.Join(dir, "public.ecr.aws/x/agent/blobs/sha256", config.Hex), []byte(`{"os":"linux"}`), 0o600))
	if _, err := m.Resolve("public.ecr.aws/x/agent:3.1"); err == nil || !strings.Contains(err.Error(), "has other content") {
		t.Errorf("a blob with other content: %v", err)
	}
}
