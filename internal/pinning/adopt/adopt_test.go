package adopt_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/pinning/adopt"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// parameter writes a parameter as somebody else would.
func parameter(w *apptest.World, name, value string) {
	w.Helper()
	w.AWS("ssm.PutParameter", map[string]any{"Name": name, "Type": "String", "Value": value, "Overwrite": true})
}

// holds returns the value of a parameter, which has no blanks but the protocol's.
func holds(w *apptest.World, name string) string {
	w.Helper()
	value := w.AWS("ssm.GetParameter", map[string]any{"Name": name})["Parameter"].(map[string]any)["Value"].(string)
	return strings.NewReplacer(" ", "", "\t", "").Replace(value)
}

// imports imports, and returns the error as its user sees it.
func imports(w *apptest.World, path string, env tagboat.EnvName) (tagboat.ImportDocument, error) {
	w.Helper()
	return w.Open().Adoption.Import(w.Context(), adopt.Request{Path: path, Environment: env})
}

func TestImportOfManyParameters(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		const n = 25 // three pages
		apptest.Teams(w, n)
		digest := w.Push("team00/app:v1")
		for i := range n {
			if i > 0 {
				w.Push(fmt.Sprintf("team%02d/app:v1", i))
			}
			parameter(w, fmt.Sprintf("/containers/dev/team%02d", i), fmt.Sprintf(`{"team%02d/app":"v1"}`, i))
		}
		parameter(w, "/containers/prod/team00", `{"team00/app":"v1"}`)
		before := w.Calls("")
		got, err := imports(w, "/containers", "")
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Imported) != n+1 || !got.Changed || got.Imported[0].Digest != digest {
			t.Errorf("%d are imported: %+v", len(got.Imported), got.Imported)
		}
		if calls := w.Calls("ssm.GetParametersByPath"); calls != 3 {
			t.Errorf("%d pages", calls)
		}
		t.Logf("%d calls", w.Calls("")-before)
		if diff := cmp.Diff(`{"team00/app":"v1@`+string(digest)+`"}`, holds(w, "/containers/prod/team00")); diff != "" {
			t.Error(diff)
		}
		writes := w.Calls("ssm.PutParameter")
		if got, err = imports(w, "/containers", ""); err != nil || got.Changed || w.Calls("ssm.PutParameter") != writes {
			t.Errorf("the second time %v, %+v", err, got)
		}
	})
}

// TestImportOfOneEnvironment: with --env, what is another environment's stays out, unless
// it is named itself.
func TestImportOfOneEnvironment(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Teams(w, 1)
		v1, v2 := w.Push("team00/app:v1"), w.Push("team00/app:v2")
		parameter(w, "/containers/dev/team00", `{"team00/app":"v2"}`)
		parameter(w, "/containers/prod/team00", `{"team00/app":"v1"}`)
		if _, err := imports(w, "/containers", "prod"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(`{"team00/app":"v1@`+string(v1)+`"}`, holds(w, "/containers/prod/team00")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(`{"team00/app":"v2"}`, holds(w, "/containers/dev/team00")); diff != "" {
			t.Error(diff)
		}
		if _, err := imports(w, "/containers/dev/team00", "prod"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(`{"team00/app":"v2@`+string(v2)+`"}`, holds(w, "/containers/prod/team00")); diff != "" {
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
		"another repository": {map[string]string{"/x/a": `{"app00":"` + sandboxtest.Host + `/team01/app:v1"}`}, "dev",
			"the repository of image app00 is " + sandboxtest.Host + "/team00/app"},
		"no version": {map[string]string{"/x/a": `{"app00":"v 1"}`}, "dev", `parameter /x/a has "v 1" for "app00"`},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				apptest.Teams(w, 2)
				w.Push("team00/app:v1")
				w.Push("team00/app:v2")
				for name, value := range c.parameters {
					parameter(w, name, value)
				}
				before := w.Calls("ssm.PutParameter")
				_, err := imports(w, "/x", c.env)
				if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), c.want) {
					t.Errorf("the error is %v", err)
				}
				if n := w.Calls("ssm.PutParameter") - before; n != 0 {
					t.Errorf("%d writes", n)
				}
			})
		})
	}
}

// TestImportInPlaceKeepsTheKey: who reads the parameter goes on looking for its key.
func TestImportInPlaceKeepsTheKey(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.Write("tagboat.yaml", "app: shop\nregistry: "+sandboxtest.Host+"\nimages: {app: {repository: shop/app}}\nstages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		w.Push("shop/app:v1")
		parameter(w, "/containers/dev/shop", `{"shop/app":"v1"}`)
		_, err := imports(w, "/containers/dev/shop", "dev")
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), `has the image app as "shop/app", and tagboat would write it as "app" beside that`) {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestSplitGroupCarriesItsPinsOver is what the error of a group that does not fit advises.
func TestSplitGroupCarriesItsPinsOver(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Teams(w, 3)
		pins := map[string]string{}
		for i := range 3 {
			image := fmt.Sprintf("team%02d/app", i)
			pins[fmt.Sprintf("app%02d", i)] = "v1@" + string(w.Push(image+":v1"))
		}
		old, err := json.Marshal(pins)
		if err != nil {
			t.Fatal(err)
		}
		parameter(w, "/containers/dev/shop", string(old))
		if _, err := imports(w, "/containers/dev/shop", "dev"); err != nil {
			t.Fatal(err)
		}
		document, err := w.Open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
		if err != nil || len(document.Pins) != 3 {
			t.Errorf("%v, %+v", err, document)
		}
	})
}

// TestImportIsAllOrNothing: what one environment's parameter cannot keep stops the others.
func TestImportIsAllOrNothing(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.Write("tagboat.yaml", `app: shop
registry: `+sandboxtest.Host+`
images: {app: {repository: shop/app}}
stages: [{name: dev}, {name: prod}]
environments:
  dev:  {stage: dev, region: us-east-1, cluster: dev}
  prod: {stage: prod, region: us-east-1, cluster: prod}
ledger: {form: tag}
`)
		digest := w.Push("shop/app:v1")
		parameter(w, "/containers/dev/shop", `{"app":"v1@`+string(digest)+`"}`)
		parameter(w, "/containers/prod/shop", `{"app":"`+string(digest)+`"}`)
		before := w.Calls("ssm.PutParameter")
		_, err := imports(w, "/containers", "")
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), "has no tag, and the ledger's form is tag") {
			t.Errorf("the error is %v", err)
		}
		if n := w.Calls("ssm.PutParameter") - before; n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}
