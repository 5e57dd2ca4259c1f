package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/pinning/adopt"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// parameter writes a parameter as somebody else would.
func (w *world) parameter(name, value string) {
	w.Helper()
	w.aws("ssm.PutParameter", map[string]any{"Name": name, "Type": "String", "Value": value, "Overwrite": true})
}

// holds returns the value of a parameter, which has no blanks but the protocol's.
func (w *world) holds(name string) string {
	w.Helper()
	value := w.aws("ssm.GetParameter", map[string]any{"Name": name})["Parameter"].(map[string]any)["Value"].(string)
	return strings.NewReplacer(" ", "", "\t", "").Replace(value)
}

// teams is a configuration with a group for each of n teams, in two environments.
func teams(w *world, n int) {
	w.Helper()
	var images, groups strings.Builder
	for i := range n {
		fmt.Fprintf(&images, "  app%02d: {repository: team%02d/app}\n", i, i)
		fmt.Fprintf(&groups, "    team%02d: {images: [app%02d], key: repository}\n", i, i)
	}
	w.write("tagboat.yaml", "app: shop\nregistry: "+host+"\nimages:\n"+images.String()+`stages: [{name: dev}, {name: prod}]
environments:
  dev:  {stage: dev, region: us-east-1, cluster: dev}
  prod: {stage: prod, region: us-east-1, cluster: prod}
ledger:
  groups:
`+groups.String())
}

// adopt imports, and returns the error as its user sees it.
func (w *world) adopt(path string, env tagboat.EnvName) (tagboat.ImportDocument, error) {
	w.Helper()
	return w.open().Adoption.Import(w.Context(), adopt.Request{Path: path, Environment: env})
}

func TestImportOfManyParameters(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		const n = 25 // three pages
		teams(w, n)
		digest := w.push("team00/app:v1")
		for i := range n {
			if i > 0 {
				w.push(fmt.Sprintf("team%02d/app:v1", i))
			}
			w.parameter(fmt.Sprintf("/containers/dev/team%02d", i), fmt.Sprintf(`{"team%02d/app":"v1"}`, i))
		}
		w.parameter("/containers/prod/team00", `{"team00/app":"v1"}`)
		before := w.calls("")
		got, err := w.adopt("/containers", "")
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Imported) != n+1 || !got.Changed || got.Imported[0].Digest != digest {
			t.Errorf("%d are imported: %+v", len(got.Imported), got.Imported)
		}
		if calls := w.calls("ssm.GetParametersByPath"); calls != 3 {
			t.Errorf("%d pages", calls)
		}
		t.Logf("%d calls", w.calls("")-before)
		if diff := cmp.Diff(`{"team00/app":"v1@`+string(digest)+`"}`, w.holds("/containers/prod/team00")); diff != "" {
			t.Error(diff)
		}
		writes := w.calls("ssm.PutParameter")
		if got, err = w.adopt("/containers", ""); err != nil || got.Changed || w.calls("ssm.PutParameter") != writes {
			t.Errorf("the second time %v, %+v", err, got)
		}
	})
}

// TestImportOfOneEnvironment: with --env, what is another environment's stays out, unless
// it is named itself.
func TestImportOfOneEnvironment(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		teams(w, 1)
		v1, v2 := w.push("team00/app:v1"), w.push("team00/app:v2")
		w.parameter("/containers/dev/team00", `{"team00/app":"v2"}`)
		w.parameter("/containers/prod/team00", `{"team00/app":"v1"}`)
		if _, err := w.adopt("/containers", "prod"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(`{"team00/app":"v1@`+string(v1)+`"}`, w.holds("/containers/prod/team00")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(`{"team00/app":"v2"}`, w.holds("/containers/dev/team00")); diff != "" {
			t.Error(diff)
		}
		if _, err := w.adopt("/containers/dev/team00", "prod"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(`{"team00/app":"v2@`+string(v2)+`"}`, w.holds("/containers/prod/team00")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestImportRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		parameters map[string]string
		env        tagboat.EnvName
		want       string
	}{
		"two that disagree": {map[string]string{"/x/a": `{"app00":"v1"}`, "/x/b": `{"team00/app":"v2"}`}, "dev", "parameters /x/a and /x/b disagree about image app00: v1 and v2"},
		"nobody's":          {map[string]string{"/x/a": `{"app00":"v1"}`}, "", "parameter /x/a is where no environment"},
		"another repository": {map[string]string{"/x/a": `{"app00":"` + host + `/team01/app:v1"}`}, "dev",
			"the repository of image app00 is " + host + "/team00/app"},
		"no version": {map[string]string{"/x/a": `{"app00":"v 1"}`}, "dev", `parameter /x/a has "v 1" for "app00"`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				teams(w, 2)
				w.push("team00/app:v1")
				w.push("team00/app:v2")
				for name, value := range c.parameters {
					w.parameter(name, value)
				}
				before := w.calls("ssm.PutParameter")
				_, err := w.adopt("/x", c.env)
				if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), c.want) {
					t.Errorf("the error is %v", err)
				}
				if n := w.calls("ssm.PutParameter") - before; n != 0 {
					t.Errorf("%d writes", n)
				}
			})
		})
	}
}

// TestImportInPlaceKeepsTheKey: who reads the parameter goes on looking for its key.
func TestImportInPlaceKeepsTheKey(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.write("tagboat.yaml", "app: shop\nregistry: "+host+"\nimages: {app: {repository: shop/app}}\nstages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		w.push("shop/app:v1")
		w.parameter("/containers/dev/shop", `{"shop/app":"v1"}`)
		_, err := w.adopt("/containers/dev/shop", "dev")
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), `has the image app as "shop/app", and tagboat would write it as "app" beside that`) {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestSplitGroupCarriesItsPinsOver is what the error of a group that does not fit advises.
func TestSplitGroupCarriesItsPinsOver(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		teams(w, 3)
		pins := map[string]string{}
		for i := range 3 {
			image := fmt.Sprintf("team%02d/app", i)
			pins[fmt.Sprintf("app%02d", i)] = "v1@" + string(w.push(image+":v1"))
		}
		old, err := json.Marshal(pins)
		if err != nil {
			t.Fatal(err)
		}
		w.parameter("/containers/dev/shop", string(old))
		if _, err := w.adopt("/containers/dev/shop", "dev"); err != nil {
			t.Fatal(err)
		}
		document, err := w.open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
		if err != nil || len(document.Pins) != 3 {
			t.Errorf("%v, %+v", err, document)
		}
	})
}

// TestImportIsAllOrNothing: what one environment's parameter cannot keep stops the others.
func TestImportIsAllOrNothing(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.write("tagboat.yaml", `app: shop
registry: `+host+`
images: {app: {repository: shop/app}}
stages: [{name: dev}, {name: prod}]
environments:
  dev:  {stage: dev, region: us-east-1, cluster: dev}
  prod: {stage: prod, region: us-east-1, cluster: prod}
ledger: {form: tag}
`)
		digest := w.push("shop/app:v1")
		w.parameter("/containers/dev/shop", `{"app":"v1@`+string(digest)+`"}`)
		w.parameter("/containers/prod/shop", `{"app":"`+string(digest)+`"}`)
		before := w.calls("ssm.PutParameter")
		_, err := w.adopt("/containers", "")
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), "has no tag, and the ledger's form is tag") {
			t.Errorf("the error is %v", err)
		}
		if n := w.calls("ssm.PutParameter") - before; n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}
