package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

func TestResolve(t *testing.T) {
	s := newSUT(t, "")
	arm := labelled(t, "arm64", map[string]string{"on": "arm"})
	intel := labelled(t, "amd64", map[string]string{"on": "intel"})
	single := string(s.push("shop/api:v1", intel))
	s.push("shop/api:latest", arm)
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}},
		mutate.IndexAddendum{Add: intel, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: randomImage(t), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}})
	expect.OK(t, remote.WriteIndex(s.ref("shop/multi:v1"), index))
	multi := string(digestOf(t, index))

	type result struct {
		Digest    string
		Labels    map[string]string
		Platforms []string
		NotFound  bool
	}
	onIntel := result{Digest: single, Labels: map[string]string{"on": "intel"}, Platforms: []string{"linux/amd64"}}
	both := result{Digest: multi, Labels: map[string]string{"on": "intel"}, Platforms: []string{"linux/arm64/v8", "linux/amd64"}}
	onArm := result{Digest: string(digestOf(t, arm)), Labels: map[string]string{"on": "arm"}, Platforms: []string{"linux/arm64"}}
	tests := map[string]result{
		s.host + "/shop/api:v1":                                      onIntel,
		"localhost:4510/shop/api:v1":                                 onIntel,
		"shop/api@" + single:                                         onIntel,
		s.host + "/shop/api:v9@" + single:                            onIntel, // the digest wins
		s.host + "/shop/api":                                         onArm,
		s.host + "/shop/multi:v1":                                    both,
		"111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/multi:v1": both,
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/shop/multi:v1": {NotFound: true},
		"222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop/multi:v1": {NotFound: true},
		s.host + "/shop/api:v2":                                      {NotFound: true},
		s.host + "/shop/api@" + multi:                                {NotFound: true},
		s.host + "/none:v1":                                          {NotFound: true},
		"nginx":                                                      {NotFound: true},
	}
	for reference, want := range tests {
		t.Run(reference, func(t *testing.T) {
			digest, labels, platforms, err := s.Resolve(reference)
			got := result{digest, labels, platforms, registry.IsNotFound(err)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("error %v: %s", err, diff)
			}
		})
	}
	if _, _, _, err := s.Resolve("app@sha256:12"); err == nil || registry.IsNotFound(err) {
		t.Errorf("a malformed digest gave %v", err)
	}
}
