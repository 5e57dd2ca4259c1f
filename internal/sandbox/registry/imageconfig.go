package registry

import (
	"encoding/json"
	"io"
)

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
