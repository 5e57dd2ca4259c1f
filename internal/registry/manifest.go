package registry

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// manifest is what the bytes under a digest say, as far as Tagboat looks at it. One of
// image, index and artifact is set.
type manifest struct {
	mediaType types.MediaType
	image     *v1.Manifest
	index     *v1.IndexManifest
	artifact  string // what it is where no container can run it, such as "is a Helm chart"
}

// parts are the members by which images, indexes and all else differ.
type parts struct {
	MediaType types.MediaType `json:"mediaType"`
	FSLayers  json.RawMessage `json:"fsLayers"`
	Config    json.RawMessage `json:"config"`
	Layers    json.RawMessage `json:"layers"`
	Manifests json.RawMessage `json:"manifests"`
}

const schema1 = "is an image of Docker's schema 1, which nothing pulls any more"

// parseManifest reads what a registry gave as a manifest of a media type. What the bytes
// say counts, since they are what the digest is of; the media type counts where they say
// nothing. It takes any bytes.
func parseManifest(data []byte, mediaType types.MediaType) manifest {
	var p parts
	if err := json.Unmarshal(data, &p); err != nil {
		return manifest{mediaType: mediaType, artifact: "is not a manifest: " + noJSON(data)}
	}
	m := manifest{mediaType: p.kind(mediaType)}
	switch {
	case p.FSLayers != nil || isSchema1(m.mediaType):
		m.artifact = schema1
	case p.Manifests != nil && (p.Layers != nil || p.Config != nil):
		m.artifact = "is an image and an index at once, which two readers can take for two things"
	case m.mediaType.IsIndex() && p.Manifests != nil:
		m.index = &v1.IndexManifest{}
		m.artifact = read(data, m.index)
	case m.mediaType.IsImage() && p.Config != nil:
		m.image = &v1.Manifest{}
		m.artifact = read(data, m.image)
	case p.MediaType != "":
		m.artifact = "is not an image: its type is " + quoted(string(p.MediaType))
	default:
		m.artifact = "is not a manifest of an image"
	}
	if m.artifact != "" {
		m.image, m.index = nil, nil
	}
	return m
}

// kind returns the media type of a manifest: what it says itself, else what the registry
// says where that is one, else what its members show.
func (p parts) kind(told types.MediaType) types.MediaType {
	told, _, _ = cutParameters(told)
	switch {
	case p.MediaType != "":
		return p.MediaType
	case told.IsImage() || told.IsIndex() || isSchema1(told):
		return told
	case p.Manifests != nil:
		return types.OCIImageIndex
	case p.Config != nil:
		return types.OCIManifestSchema1
	default:
		return told
	}
}

// cutParameters cuts "; charset=utf-8" and the like off a content type.
func cutParameters(t types.MediaType) (bare types.MediaType, parameters string, found bool) {
	before, after, found := strings.Cut(string(t), ";")
	return types.MediaType(strings.TrimSpace(before)), after, found
}

func isSchema1(t types.MediaType) bool {
	return t == types.DockerManifestSchema1 || t == types.DockerManifestSchema1Signed
}

// read decodes a manifest, and returns what it is instead where it is none.
func read(data []byte, into any) (artifact string) {
	if err := json.Unmarshal(data, into); err != nil {
		return "is not a manifest: a member of it cannot be read"
	}
	return ""
}

// noJSON says what bytes are that are no JSON object.
func noJSON(data []byte) string {
	switch text := strings.TrimSpace(string(data[:min(len(data), 100)])); {
	case text == "":
		return "it is empty"
	case text[0] == '<':
		return "it is a page of HTML or XML"
	default:
		return "it is not a JSON object"
	}
}

// kinds are the types of configs, layers and artifacts that registries hold beside images,
// by how they begin.
var kinds = []struct{ prefix, what string }{
	{"application/vnd.cncf.helm.", "is a Helm chart"},
	{"application/vnd.buildkit.cacheconfig.", "is a build cache"},
	{"application/vnd.dev.cosign.", "is a signature"},
	{"application/vnd.dev.sigstore.", "is a signature or an attestation"},
	{"application/vnd.cncf.notary.", "is a signature"},
	{"application/vnd.in-toto", "is an attestation"},
	{"application/vnd.dsse.", "is an attestation"},
	{"application/vnd.cyclonedx", "is a list of materials (SBOM)"},
	{"application/spdx", "is a list of materials (SBOM)"},
	{"text/spdx", "is a list of materials (SBOM)"},
	{"application/vnd.syft", "is a list of materials (SBOM)"},
	{"application/vnd.docker.plugin", "is a plugin of Docker's"},
	{"application/vnd.wasm.", "is a WebAssembly module"},
}

// artifactOf returns what one of some types of media says that an artifact is; the first
// that is known.
func artifactOf(mediaTypes ...string) string {
	for _, t := range mediaTypes {
		for _, kind := range kinds {
			if strings.HasPrefix(t, kind.prefix) {
				return kind.what
			}
		}
	}
	for _, t := range mediaTypes {
		if t != "" && t != string(types.OCIConfigJSON) && t != emptyType {
			return "is not an image: its type is " + quoted(t)
		}
	}
	return "is not an image: its config is empty"
}

// emptyType is that of configs that say nothing.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor
const emptyType = "application/vnd.oci.empty.v1+json"

// isConfig reports whether a config is an image's. Docker 1.10 pushed some as mere bytes.
// https://github.com/moby/moby/blob/v20.10.0/distribution/pull_v2.go#L34
func isConfig(t types.MediaType) bool { return t.IsConfig() || t == "application/octet-stream" }

// runs returns "" where a container can run an image, and else what it is.
func runs(m *v1.Manifest) (artifact string) {
	all := []string{m.ArtifactType, string(m.Config.MediaType)}
	odd := !isConfig(m.Config.MediaType)
	for _, layer := range m.Layers {
		all = append(all, string(layer.MediaType))
		odd = odd || !isLayer(layer.MediaType)
	}
	if odd {
		return artifactOf(slices.DeleteFunc(all, func(t string) bool { return isLayer(types.MediaType(t)) })...)
	}
	return ""
}

// isLayer reports whether a blob is a file system. https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
func isLayer(t types.MediaType) bool {
	return t.IsLayer() || strings.HasPrefix(string(t), "application/vnd.oci.image.layer.") || strings.HasPrefix(string(t), "application/vnd.docker.image.rootfs.")
}

// runnable leaves out what lies in an index beside the images, such as attestations.
// https://docs.docker.com/build/metadata/attestations/attestation-storage/
func runnable(all []v1.Descriptor) []v1.Descriptor {
	var images []v1.Descriptor
	for _, d := range all {
		attached := d.Annotations["vnd.docker.reference.type"] != "" || d.Platform != nil && d.Platform.OS == "unknown"
		other := d.ArtifactType != "" && !isConfig(types.MediaType(d.ArtifactType))
		if d.MediaType.IsImage() && !attached && !other {
			images = append(images, d)
		}
	}
	return images
}

// noImages says what an index is that has no image.
func noImages(index *v1.IndexManifest) string {
	for _, d := range index.Manifests {
		for _, kind := range kinds {
			if strings.HasPrefix(string(d.MediaType), kind.prefix) || strings.HasPrefix(d.ArtifactType, kind.prefix) {
				return kind.what
			}
		}
	}
	return "is an index without an image"
}

// WhatIs returns what the bytes of a manifest are where no container can run it, as far as
// they say it themselves, and "" for an image and for an index with images.
func WhatIs(data []byte) (artifact string) {
	m := parseManifest(data, "")
	switch {
	case m.image != nil:
		return runs(m.image)
	case m.index != nil && len(runnable(m.index.Manifests)) == 0:
		return noImages(m.index)
	default:
		return m.artifact
	}
}

// Artifact returns what a listing's types say that a version is where no container can run
// it, such as "is a Helm chart". It returns "" for an image, and for what has to be looked
// at: a signature may have the config of an image, and an index anything.
func Artifact(manifestType, artifactType string) string {
	switch t := types.MediaType(manifestType); {
	case isSchema1(t):
		return schema1
	case !t.IsImage() || artifactType == "" || isConfig(types.MediaType(artifactType)):
		return ""
	case artifactType == manifestType: // an emulator of ECR repeats it, which says nothing
		return ""
	default:
		return artifactOf(artifactType)
	}
}

// word has the form of what platforms consist of.
var word = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._+-]{1,64}$`) })

// platform writes a platform as os/architecture[/variant]; what has another form is unknown.
func platform(p *v1.Platform) string {
	if p == nil || !word().MatchString(p.OS) || !word().MatchString(p.Architecture) {
		return "unknown"
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" && word().MatchString(p.Variant) {
		s += "/" + p.Variant
	}
	return s
}

// longestName bounds what an error or a reason tells of a name that a registry gives.
const longestName = 80

// quoted quotes a name that a registry gives, so that it can stand in a line of text.
func quoted(s string) string {
	if len(s) > longestName {
		s = s[:longestName] + "…"
	}
	return fmt.Sprintf("%+q", s)
}
