package generate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/generate"
	"github.com/tagboat/tagboat/internal/ledger"
)

func snippet() generate.Snippet {
	return generate.Snippet{
		Service: "web", Environment: "prod",
		Containers: []generate.Container{
			{Name: "app", Image: "app", Key: "app", Repository: "reg.example/shop/app", Parameter: "/containers/prod/shop", Single: "/containers/prod/shop/app"},
			{Name: "envoy", Image: "proxy", Key: "radio/proxy", Repository: "reg.example/radio/proxy", Parameter: "/containers/generic", Single: "/containers/prod/shop/proxy"},
			{Name: "metrics", Image: "app", Key: "app", Repository: "reg.example/shop/app", Parameter: "/containers/prod/shop", Single: "/containers/prod/shop/app"},
		},
	}
}

// in returns the snippet of a ledger of another form.
func in(form ledger.Form) generate.Snippet {
	s := snippet()
	for i := range s.Containers {
		s.Containers[i].Form, s.Containers[i].SingleForm = form, form
	}
	return s
}

func TestSnippets(t *testing.T) {
	tests := []struct {
		golden string
		from   generate.Snippet
		way    generate.Way
	}{
		{"parameter.yaml", snippet(), generate.ByParameter},
		{"parameter-tags.yaml", in(ledger.FormTag), generate.ByParameter},
		{"parameter-uri.yaml", in(ledger.FormURI), generate.ByParameter},
		{"dynamic.yaml", snippet(), generate.ByDynamic},
		{"dynamic-tags.yaml", in(ledger.FormTag), generate.ByDynamic},
		{"dynamic-digests.yaml", in(ledger.FormDigest), generate.ByDynamic},
		{"custom-resource.yaml", snippet(), generate.ByCustomResource},
	}
	for _, test := range tests {
		t.Run(test.golden, func(t *testing.T) {
			got := expect.Value(test.from.Render(test.way))(t)
			casetest.Golden(t, filepath.Join("testdata", test.golden), got)
		})
	}
}

func TestNoSuchWay(t *testing.T) {
	_, err := snippet().Render("dynamics")
	if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error()+tagboat.HintOf(err), `did you mean "dynamic"?`) {
		t.Errorf("the error is %v", err)
	}
}

func TestNoReferenceWithTagAndDigest(t *testing.T) {
	_, err := in(ledger.FormTagDigest).Render(generate.ByDynamic)
	if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error()+tagboat.HintOf(err), "form: uri") {
		t.Errorf("the error is %v", err)
	}
}

// TestDynamicReferencesAreReadWhereTheTextChanges holds what everything we print and write says of
// a reference without a version: CloudFormation does not read it at every update.
// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/844
func TestDynamicReferencesAreReadWhereTheTextChanges(t *testing.T) {
	page := string(expect.Value(os.ReadFile("../../docs/cloudformation.md"))(t))
	printed := string(expect.Value(snippet().Render(generate.ByDynamic))(t))
	for name, text := range map[string]string{"the page": page, "the snippet": printed} {
		text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\n#", "\n")), " ")
		for _, said := range []string{"where the template's text", "reads nothing", "wo ways out", "NAME:VERSION}}", "--way parameter"} {
			if !strings.Contains(text, said) {
				t.Errorf("%s does not say %q", name, said)
			}
		}
		if strings.Contains(text, "latest version at every") || strings.Contains(text, "pins instead, at every update") {
			t.Errorf("%s says that references are read at every update", name)
		}
	}
}
