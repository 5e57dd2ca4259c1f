package cloud_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
)

// TestEmptyPagesAreNotTheLast: AWS answers pages without parameters that are not the last.
func TestEmptyPagesAreNotTheLast(t *testing.T) {
	aws(t, map[string][]answer{"ssm.GetParametersByPath": {
		{body: `{"Parameters":[],"NextToken":"1"}`},
		{body: `{"Parameters":[{"Name":"/a/b","Value":"{}","Type":"String","Version":3}],"NextToken":"2"}`},
		{body: `{"Parameters":[],"NextToken":""}`},
	}})
	found, err := open(t).At(cloud.Place{}).Parameters().Below(t.Context(), "/a")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range found {
		names = append(names, p.Name+" "+p.Type+" "+p.Value)
	}
	if diff := cmp.Diff([]string{"/a/b String {}"}, names); diff != "" {
		t.Error(diff)
	}
}
