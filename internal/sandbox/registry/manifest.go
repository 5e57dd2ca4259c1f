package registry

import (
	"encoding/json"
	"io"
	"mime"
	"strings"
)

// The media types of manifests that the registry takes.
const (
	DockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	DockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	OCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	OCIIndex       = "application/vnd.oci.image.index.v1+json"
)

// MaxManifest is the largest manifest that is taken, in bytes.
const MaxManifest = 4 << 20

// manifest is the part of a manifest's document that a registry looks at.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        *descriptor       `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"`
	Subject       *descriptor       `json:"subject"`
	Annotations   map[string]string `json:"annotations"`
}

type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       Digest            `json:"digest"`
	Size         int64             `json:"size"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	Platform     *platform         `json:"platform,omitempty"`
}

// parseManifest reads a manifest. contentType may be "", and then the document has
// to name its media type; where both do, they must agree.
func parseManifest(data []byte, contentType string) (*manifest, error) {
	if len(data) > MaxManifest {
		return nil, faultf(ManifestInvalid, "a manifest has at most %d bytes", MaxManifest)
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, faultf(ManifestInvalid, "not a manifest: %v", err)
	}
	if mediaType, _, err := mime.ParseMediaType(contentType); err == nil {
		contentType = mediaType
	}
	switch {
	case m.SchemaVersion != 2:
		return nil, faultf(ManifestInvalid, "schemaVersion is %d, not 2", m.SchemaVersion)
	case contentType == "" && m.MediaType == "":
		return nil, faultf(ManifestInvalid, "the manifest has no mediaType and none was given with it")
	case contentType != "" && m.MediaType != "" && contentType != m.MediaType:
		return nil, faultf(ManifestInvalid, "mediaType is %q, and %q was given with it", m.MediaType, contentType)
	case m.MediaType == "":
		m.MediaType = contentType
	}
	return &m, m.check()
}

func (m *manifest) check() error {
	switch m.MediaType {
	case DockerManifest, OCIManifest:
		// A document that could be read as either is refused: CVE-2021-41190.
		if m.Config == nil || m.Manifests != nil {
			return faultf(ManifestInvalid, "an image manifest has a config and no manifests")
		}
	case DockerList, OCIIndex:
		if m.Config != nil || m.Layers != nil {
			return faultf(ManifestInvalid, "an image index has neither config nor layers")
		}
	default:
		return faultf(ManifestInvalid, "manifest media type %q is not supported", m.MediaType)
	}
	for _, d := range m.descriptors() {
		if _, err := ParseDigest(string(d.Digest)); err != nil {
			return faultf(ManifestInvalid, "the manifest names %q, which is not a sha256 digest", d.Digest)
		}
		if d.Size < 0 {
			return faultf(ManifestInvalid, "the manifest gives %s the size %d", d.Digest, d.Size)
		}
	}
	return nil
}

func (m *manifest) isIndex() bool { return m.MediaType == DockerList || m.MediaType == OCIIndex }

func (m *manifest) descriptors() []descriptor {
	all := append(m.blobs(), m.Manifests...)
	if m.Subject != nil {
		all = append(all, *m.Subject)
	}
	return all
}

// blobs returns config and layers.
func (m *manifest) blobs() []descriptor {
	var all []descriptor
	if m.Config != nil {
		all = append(all, *m.Config)
	}
	return append(all, m.Layers...)
}

// foreign reports whether a layer may live elsewhere than in the registry.
func (d descriptor) foreign() bool {
	return strings.Contains(d.MediaType, ".nondistributable.") || strings.Contains(d.MediaType, ".rootfs.foreign.")
}

// artifactType returns what the referrers API calls it.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
func (m *manifest) artifactType() string {
	if m.ArtifactType == "" && m.Config != nil && !m.isIndex() {
		return m.Config.MediaType
	}
	return m.ArtifactType
}

// platform is what an image runs on, as manifests and image configs write it.
type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
}

// String returns os/architecture[/variant], or "" where the platform is not known.
func (p platform) String() string {
	if p.OS == "" || p.Architecture == "" || p.OS == "unknown" {
		return ""
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// imageConfig is the part of an image's config that the sandbox looks at.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
type imageConfig struct {
	platform
	Config struct {
		Labels map[string]string `json:"Labels"`
	} `json:"config"`
}

// readConfig returns labels and platform of an image. Artifacts put anything in the
// place of a config: what is not an image's has neither.
func (s *Store) readConfig(m *manifest) (labels map[string]string, runsOn string) {
	if m.Config == nil || m.Config.Size > MaxManifest {
		return nil, ""
	}
	blob, err := s.blobs.Open(m.Config.Digest)
	if err != nil {
		return nil, ""
	}
	defer blob.Close() //nolint:errcheck // only read from
	var config imageConfig
	data, err := io.ReadAll(io.LimitReader(blob, MaxManifest))
	if err != nil || json.Unmarshal(data, &config) != nil {
		return nil, ""
	}
	return config.Config.Labels, config.String()
}
