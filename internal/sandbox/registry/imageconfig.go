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

// readConfig reads the config of an image. Artifacts put anything there, so what
// is not an image's config is an empty one.
func (s *Store) readConfig(m *manifest) imageConfig {
	var config imageConfig
	if m.Config == nil || m.Config.Size > MaxManifest {
		return config
	}
	blob, err := s.blobs.Open(m.Config.Digest)
	if err != nil {
		return config
	}
	defer blob.Close()
	data, err := io.ReadAll(io.LimitReader(blob, MaxManifest))
	if err != nil || json.Unmarshal(data, &config) != nil {
		return imageConfig{}
	}
	return config
}
