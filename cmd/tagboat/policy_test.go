package main

import (
	"encoding/json"
	"net/http"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tagboat/tagboat/internal/iam"
)

// checkAllowed holds what the sandbox counted to policies: each call must be allowed by
// one of them, and something must have been called: allowed POLICY...
func checkAllowed(ts *testscript.TestScript, neg bool, args []string) {
	var documents []iam.Document
	for _, file := range args {
		var document iam.Document
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &document))
		documents = append(documents, document)
	}
	var got counted
	ts.Check(json.Unmarshal(sandboxRequest(ts, http.MethodGet, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/calls", ""), &got))
	if got.Total == 0 {
		ts.Fatalf("nothing was called")
	}
	lacking := ""
	for operation := range got.ByOperation {
		for _, action := range iam.Actions(operation) {
			if !allowedBy(documents, action) {
				lacking += " " + action
			}
		}
	}
	if (lacking != "") != neg {
		ts.Fatalf("the policies lack%s", lacking)
	}
}

func allowedBy(documents []iam.Document, action string) bool {
	for _, document := range documents {
		if document.Allows(action) {
			return true
		}
	}
	return false
}
