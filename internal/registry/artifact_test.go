package registry_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

// TestWhatAListingSaysOfAVersion holds that a listing rules out only what it names as
// something else than an image.
func TestWhatAListingSaysOfAVersion(t *testing.T) {
	const oci, docker = "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"
	for _, test := range []struct{ name, manifest, artifact, want string }{
		{"an image of OCI's", oci, "application/vnd.oci.image.config.v1+json", ""},
		{"an image of Docker's", docker, "application/vnd.docker.container.image.v1+json", ""},
		{"no word of it", oci, "", ""},
		{"an index", "application/vnd.oci.image.index.v1+json", "application/vnd.x", ""},
		{"the manifest's type again", docker, docker, ""},
		{"a chart", oci, "application/vnd.cncf.helm.config.v1+json", "is a Helm chart"},
		{"another manifest's type", oci, docker, `is no image: its type is "` + docker + `"`},
		{"schema 1", "application/vnd.docker.distribution.manifest.v1+prettyjws", "", "is an image of Docker's schema 1, which nothing pulls any more"},
	} {
		expect.EqualIn(t, test.name, test.want, registry.Artifact(test.manifest, test.artifact))
	}
}
