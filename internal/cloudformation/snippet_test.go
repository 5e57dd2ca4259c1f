package cloudformation_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloudformation"
)

var update = flag.Bool("update", false, "write golden files")

func snippet() cloudformation.Snippet {
	return cloudformation.Snippet{
		Service: "web", Environment: "prod", Parameter: "/containers/prod/shop",
		Containers: []cloudformation.Container{
			{Name: "app", Image: "app", Repository: "reg.example/shop/app", Single: "/containers/prod/shop/app"},
			{Name: "envoy", Image: "radio/proxy", Repository: "reg.example/proxy", Single: "/containers/prod/shop/radio/proxy"},
			{Name: "metrics", Image: "app", Repository: "reg.example/shop/app", Single: "/containers/prod/shop/app"},
		},
	}
}

func TestSnippets(t *testing.T) {
	tags := snippet()
	tags.Tags = true
	tests := []struct {
		golden string
		from   cloudformation.Snippet
		way    cloudformation.Way
	}{
		{"parameter.yaml", snippet(), cloudformation.ByParameter},
		{"parameter-tags.yaml", tags, cloudformation.ByParameter},
		{"dynamic.yaml", snippet(), cloudformation.ByDynamic},
		{"custom-resource.yaml", snippet(), cloudformation.ByCustomResource},
	}
	for _, test := range tests {
		t.Run(test.golden, func(t *testing.T) {
			got, err := test.from.Render(test.way)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", test.golden)
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-update writes it anew)", diff)
			}
		})
	}
}

func TestNoSuchWay(t *testing.T) {
	_, err := snippet().Render("dynamics")
	if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(told(err), `did you mean "dynamic"?`) {
		t.Errorf("the error is %v", err)
	}
}
