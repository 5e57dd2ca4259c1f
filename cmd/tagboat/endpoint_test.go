package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// askWatcher asks what tagboat watch listens on, as the watcher's log says, until it answers with a
// status, and keeps the answer in the file answer: asks WATCHER STATUS METHOD PATH [BODY [NAME:VALUE...]].
// {sign SECRET} in a header's value is the signature that GitHub would send.
func askWatcher(ts *testscript.TestScript, _ bool, args []string) {
	listening := `"msg":"listening","on":"([^"]+)"`
	awaitLine(ts, false, []string{args[0], listening})
	at := regexp.MustCompile(listening).FindStringSubmatch(ts.ReadFile(args[0] + ".stderr"))[1]
	body := ""
	if len(args) > 4 {
		body = args[4]
	}
	await(ts, func() bool {
		request, err := http.NewRequest(args[2], "http://"+at+args[3], strings.NewReader(body))
		ts.Check(err)
		for _, header := range args[min(len(args), 5):] {
			name, value, _ := strings.Cut(header, ":")
			if secret, ok := strings.CutPrefix(value, "{sign "); ok {
				mac := hmac.New(sha256.New, []byte(strings.TrimSuffix(secret, "}")))
				mac.Write([]byte(body))
				value = "sha256=" + hex.EncodeToString(mac.Sum(nil))
			}
			request.Header.Set(name, value)
			if name == "Host" {
				request.Host = value
			}
		}
		answer, err := http.DefaultClient.Do(request)
		ts.Check(err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs("answer"), text, 0o600))
		if fmt.Sprint(answer.StatusCode) != args[1] {
			ts.Logf("%s %s", answer.Status, text)
		}
		return fmt.Sprint(answer.StatusCode) == args[1]
	})
}
