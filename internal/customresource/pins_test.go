package customresource_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/customresource"
	"github.com/tagboat/tagboat/internal/expect"
)

const (
	hex        = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	sha        = "sha256:" + hex
	repository = "reg.example/shop/api"
)

// pinned is a ledger that holds just these pins.
type pinned []tagboat.Pin

func (p pinned) Pinned(_ context.Context, env tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error) {
	if env != "prod" {
		return nil, tagboat.Usagef("there is no environment %q", env)
	}
	return slices.DeleteFunc(slices.Clone(p), func(pin tagboat.Pin) bool {
		return len(images) > 0 && !slices.Contains(images, pin.Image)
	}), nil
}

func TestPins(t *testing.T) {
	both := pinned{
		{Image: "api", Repository: repository, Tag: "1.4.2", Digest: sha},
		{Image: "radio/app", Repository: "reg.example/radio/app", Tag: "v1", Digest: sha},
	}
	tests := []struct {
		name   string
		ledger pinned
		with   customresource.Properties
		want   map[string]string
	}{
		{"every form", both, customresource.Properties{"Environment": "prod", "Images": []any{"api", "api"}}, map[string]string{
			"api": repository + "@" + sha, "api.uri": repository + "@" + sha, "api.tag": "1.4.2",
			"api.digest": sha, "api.tagAtDigest": "1.4.2@" + sha,
		}},
		{"compact, all images", both, customresource.Properties{"Environment": "prod", "Compact": "true", "Form": "tag"}, map[string]string{
			"api": "1.4.2", "radio/app": "v1",
		}},
		{"plain output by digest", both, customresource.Properties{"Environment": "prod", "Compact": true, "Form": "digest", "Images": []any{"api"}}, map[string]string{"api": sha}},
		{"plain output by both", both, customresource.Properties{"Environment": "prod", "Compact": true, "Form": "tag@digest", "Images": []any{"api"}}, map[string]string{"api": "1.4.2@" + sha}},
		{"a ledger of tags", pinned{{Image: "api", Repository: repository, Tag: "1.4.2"}},
			customresource.Properties{"Environment": "prod", "Form": "tag"}, map[string]string{"api": "1.4.2", "api.tag": "1.4.2"}},
		{"a pin without a tag", pinned{{Image: "api", Repository: repository, Digest: sha}},
			customresource.Properties{"Environment": "prod"}, map[string]string{
				"api": repository + "@" + sha, "api.uri": repository + "@" + sha, "api.digest": sha, "api.tagAtDigest": sha,
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := expect.Value(customresource.Pins{Ledger: test.ledger}.Data(t.Context(), test.with))(t)
			got := map[string]string{}
			for key, value := range data.Values {
				got[key] = strings.Trim(string(value), `"`)
			}
			expect.Equal(t, test.want, got)
		})
	}
}

func TestPinsRefuses(t *testing.T) {
	clash := pinned{{Image: "a", Repository: repository, Tag: "v1", Digest: sha}, {Image: "a.tag", Repository: repository, Tag: "v1", Digest: sha}}
	tests := []struct {
		name   string
		ledger pinned
		with   customresource.Properties
		want   string
	}{
		{"no environment", nil, customresource.Properties{}, "Environment"},
		{"an environment that is a list", nil, customresource.Properties{"Environment": []any{"prod"}}, "Environment"},
		{"an unknown environment", nil, customresource.Properties{"Environment": "prd"}, "prd"},
		{"an unknown form", nil, customresource.Properties{"Environment": "prod", "Form": "digets"}, `did you mean "digest"`},
		{"a form that the ledger does not have", pinned{{Image: "api", Repository: repository, Tag: "1.4.2", Parameter: "/p"}},
			customresource.Properties{"Environment": "prod", "Form": "uri"}, "/p"},
		{"two outputs of one name", clash, customresource.Properties{"Environment": "prod"}, "a.tag"},
		{"images that are no list", nil, customresource.Properties{"Environment": "prod", "Images": "api"}, "Images"},
		{"compact or not", nil, customresource.Properties{"Environment": "prod", "Compact": "yes"}, "Compact"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data, err := customresource.Pins{Ledger: test.ledger}.Data(t.Context(), test.with)
			if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(told(err), test.want) {
				t.Errorf("got %v and the error %v, wanted one that says %q", data, err, test.want)
			}
		})
	}
}
