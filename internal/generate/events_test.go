package generate_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/generate"
	"github.com/tagboat/tagboat/internal/iam"
)

// watching is an application with a registry of its own, an environment beside it, another one in
// another region, and a tenant.
func watching() generate.Watching {
	here := iam.Place{Account: "111111111111", Region: "eu-west-1"}
	return generate.Watching{App: "shop", At: here, Origins: []generate.Origin{
		{Place: here, Repositories: []string{"shop/api", "shop/api-admin"}, Clusters: []string{"dev", "prod"}},
		{Place: iam.Place{Account: "111111111111", Region: "us-east-1"}, Clusters: []string{"prod"}},
		{Place: iam.Place{Account: "222222222222", Region: "eu-west-1"}, Repositories: []string{"shop/api"}, Clusters: []string{"mb"}},
	}}
}

func TestWatchTemplates(t *testing.T) {
	function, alone := watching(), watching()
	function.Function = true
	alone.Origins = alone.Origins[:1]
	for name, got := range map[string]string{
		"watch.yaml":           watching().Template(),
		"watch-function.yaml":  function.Template(),
		"watch-alone.yaml":     alone.Template(),
		"watch-elsewhere.yaml": watching().TemplateElsewhere(watching().Origins[2]),
	} {
		t.Run(name, func(t *testing.T) { casetest.Golden(t, "testdata/"+name, []byte(got)) })
	}
}

// Several hundred repositories have several rules: EventBridge takes patterns of 2,048 characters.
func TestPatternsHaveALimit(t *testing.T) {
	w := watching()
	w.Origins = w.Origins[:1]
	w.Origins[0].Repositories = nil
	for i := range 500 {
		w.Origins[0].Repositories = append(w.Origins[0].Repositories, fmt.Sprintf("customers/shop/service-%03d", i))
	}
	text := w.Template()
	patterns := regexp.MustCompile(`(?s)  (\w+):\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n(.*?)      Targets:`).FindAllStringSubmatch(text, -1)
	expect.EqualIn(t, "rules that may send", len(patterns), strings.Count(text, "- !GetAtt"))
	for _, p := range patterns {
		full := strings.NewReplacer("${AWS::Partition}", "aws-us-gov", "${AWS::Region}", "ap-southeast-1", "${AWS::AccountId}", "111111111111", "!Sub ", "", "\n", "", " ", "").Replace(p[2])
		if len(full) > 2048-100 { // JSON has quotes besides
			t.Errorf("the pattern of %s has some %d characters", p[1], len(full))
		}
	}
	for _, name := range w.Origins[0].Repositories {
		expect.EqualIn(t, name, 2, strings.Count(text, name+"\"\n")+strings.Count(text, name+"\n"))
	}
	t.Logf("%d rules", len(patterns))
}

func TestOriginsAreChosen(t *testing.T) {
	for _, test := range []struct{ account, region, want string }{
		{"222222222222", "", "222222222222 eu-west-1"},
		{"", "us-east-1", "111111111111 us-east-1"},
		{"111111111111", "eu-west-1", "events come from no such account and region"},
		{"", "", "events come from 2 such accounts and regions"},
	} {
		o, err := watching().Origin(test.account, test.region)
		got := o.Account + " " + o.Region
		if err != nil {
			got = err.Error()
		}
		expect.EqualIn(t, test.account+" "+test.region, test.want, got)
	}
}
