package main_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyfunction "github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/tagboat/tagboat/internal/expect"
)

// TestTerraform parses the blocks of docs/terraform.md with Terraform's own parser, and evaluates
// what they make of a pin as Terraform does.
func TestTerraform(t *testing.T) {
	kinds := map[string]int{}
	declared, text := map[string]bool{}, ""
	var locals map[string]*hclsyntax.Attribute
	for _, b := range blocks(t, "../../docs/terraform.md") {
		if b.language != "hcl" {
			continue
		}
		text += b.text
		file, problems := hclsyntax.ParseConfig([]byte(b.text), fmt.Sprintf("line %d", b.line), hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		for _, block := range file.Body.(*hclsyntax.Body).Blocks {
			kinds[block.Type]++
			name := strings.Join(append([]string{block.Type}, block.Labels...), ".")
			if declared[name] {
				t.Errorf("%s is there twice", name)
			}
			declared[name] = true
			if block.Type == "locals" {
				locals = block.Body.Attributes
			}
		}
		for _, used := range used(file.Body.(*hclsyntax.Body)) {
			if !strings.Contains(text, used) && !strings.Contains(page(t), used) {
				t.Errorf("line %d: nothing declares %s", b.line, used)
			}
		}
	}
	expect.Equal(t, map[string]int{"data": 7, "locals": 1, "resource": 16, "variable": 1}, kinds)
	if !strings.Contains(text, "ignore_changes = [task_definition, desired_count]") {
		t.Error("the service would go back to the revision that Terraform knows")
	}
	digest := "sha256:" + strings.Repeat("a", 64)
	at := "111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api@"
	expect.Equal(t, at+digest, image(t, locals, `{"api":"1.4.2@`+digest+`"}`))
	expect.Equal(t, at+"sha256:"+strings.Repeat("0", 64), image(t, locals, `{}`))
}

func page(t *testing.T) (text string) {
	for _, b := range blocks(t, "../../docs/terraform.md") {
		if b.language == "hcl" {
			text += b.text
		}
	}
	return text
}

// used returns the resources and data that expressions refer to, as they are declared.
func used(body *hclsyntax.Body) (all []string) {
	for _, attribute := range body.Attributes {
		for _, traversal := range attribute.Expr.Variables() {
			var path []string
			for _, step := range traversal {
				switch step := step.(type) {
				case hcl.TraverseRoot:
					path = append(path, step.Name)
				case hcl.TraverseAttr:
					path = append(path, step.Name)
				}
			}
			switch {
			case path[0] == "data":
				all = append(all, fmt.Sprintf("data %q %q {", path[1], path[2]))
			case path[0] == "var":
				all = append(all, fmt.Sprintf("variable %q {", path[1]))
			case strings.HasPrefix(path[0], "aws_"):
				all = append(all, fmt.Sprintf("resource %q %q {", path[0], path[1]))
			}
		}
	}
	for _, block := range body.Blocks {
		all = append(all, used(block.Body)...)
	}
	return all
}

// image evaluates the local value image, where the parameter of the group has a value.
func image(t *testing.T, locals map[string]*hclsyntax.Attribute, group string) string {
	t.Helper()
	values := map[string]cty.Value{}
	for _, name := range []string{"repository", "unpinned", "pins", "image"} {
		context := &hcl.EvalContext{
			Functions: map[string]ctyfunction.Function{
				"jsondecode": stdlib.JSONDecodeFunc, "split": stdlib.SplitFunc, "try": tryfunc.TryFunc,
				"nonsensitive": ctyfunction.New(&ctyfunction.Spec{
					Params: []ctyfunction.Parameter{{Name: "value", Type: cty.String}},
					Type:   ctyfunction.StaticReturnType(cty.String),
					Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
				}),
			},
			Variables: map[string]cty.Value{
				"local": cty.ObjectVal(values),
				"data": cty.ObjectVal(map[string]cty.Value{"aws_ssm_parameter": cty.ObjectVal(map[string]cty.Value{
					"pins": cty.ObjectVal(map[string]cty.Value{"value": cty.StringVal(group)}),
				})}),
			},
		}
		value, problems := locals[name].Expr.Value(context)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		values[name] = value
	}
	return values["image"].AsString()
}
