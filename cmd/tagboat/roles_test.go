package main

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// assumeRole makes what follows run as a role: as ROLE SESSION.
func assumeRole(ts *testscript.TestScript, _ bool, args []string) {
	form := url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::123456789012:role/" + args[0]}, "RoleSessionName": {args[1]},
	}
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(form.Encode()))
	ts.Check(err)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=none")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var assumed struct {
		Key    string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
		Secret string `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
		Token  string `xml:"AssumeRoleResult>Credentials>SessionToken"`
	}
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	ts.Check(xml.NewDecoder(answer.Body).Decode(&assumed))
	ts.Setenv("AWS_ACCESS_KEY_ID", assumed.Key)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", assumed.Secret)
	ts.Setenv("AWS_SESSION_TOKEN", assumed.Token)
}

// checkRefused makes a call of Parameter Store past Tagboat, with the identity that the story has:
// refused OPERATION JSON WORDS.
func checkRefused(ts *testscript.TestScript, _ bool, args []string) {
	status, answer := askAWS(ts, ts.Getenv("AWS_ACCESS_KEY_ID"), "AmazonSSM."+args[0], args[1])
	if status != http.StatusBadRequest || !strings.Contains(string(answer), "AccessDeniedException") || !strings.Contains(string(answer), args[2]) {
		ts.Fatalf("%d: %s", status, answer)
	}
}
