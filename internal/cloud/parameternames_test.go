package cloud_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
)

func TestParametersByVersionAndARN(t *testing.T) {
	const arn = "arn:aws:ssm:us-east-1:123456789012:parameter/b"
	aws(t, map[string][]answer{"ssm.GetParameters": {{body: `{"Parameters":[
		{"Name":"/a","Value":"new","Version":4,"ARN":"arn:aws:ssm:us-east-1:123456789012:parameter/a"},
		{"Name":"/a","Value":"old","Version":3,"Selector":":3","ARN":"arn:aws:ssm:us-east-1:123456789012:parameter/a"},
		{"Name":"/b","Value":"shared","Version":1,"Selector":":live","ARN":"` + arn + `"}],"InvalidParameters":["/gone"]}`}}})
	found, err := open(t).At(cloud.Place{}).Parameters().Get(t.Context(), []string{"/a", "/a:3", arn + ":live", "/gone"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, p := range found {
		got[name] = p.Value
	}
	if diff := cmp.Diff(map[string]string{"/a": "new", "/a:3": "old", arn + ":live": "shared"}, got); diff != "" {
		t.Error(diff)
	}
}
