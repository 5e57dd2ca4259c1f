package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// startWebhook starts a receiver of notifications and puts its address, which nobody
// could guess, into a variable: webhook VARIABLE FILE [key=KEY] [REFUSAL...]. The file
// gets the last body, FILE.log a line for each request. It first answers with each of the
// refusals, and takes nothing that is not signed with the key, where one is given.
func startWebhook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: webhook VARIABLE FILE [key=KEY] [REFUSAL...]")
	}
	hook := &webhook{file: ts.MkAbs(args[1])}
	for _, arg := range args[2:] {
		if key, ok := strings.CutPrefix(arg, "key="); ok {
			hook.key = []byte(key)
			continue
		}
		code, err := strconv.Atoi(arg)
		ts.Check(err)
		hook.refusals = append(hook.refusals, code)
	}
	server := httptest.NewServer(hook)
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL+"/services/hush-hush?token=hush")
}

type webhook struct {
	file     string
	key      []byte
	mu       sync.Mutex
	refusals []int
}

// ServeHTTP implements http.Handler.
func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = os.WriteFile(h.file, body, 0o600)
	}
	code := h.judge(r.Header.Get("Tagboat-Signature"), body)
	if err != nil {
		code = http.StatusInsufficientStorage
	}
	w.WriteHeader(code)
	if log, err := os.OpenFile(h.file+".log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		_, _ = fmt.Fprintln(log, r.Method, r.URL.Path, code)
		_ = log.Close()
	}
	_, _ = fmt.Fprintf(w, "Cannot POST %s\n", r.URL)
}

func (h *webhook) judge(signature string, body []byte) int {
	if len(h.refusals) > 0 {
		code := h.refusals[0]
		h.refusals = h.refusals[1:]
		return code
	}
	at, sum, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",v1=")
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(at + "." + string(body)))
	if h.key != nil && sum != hex.EncodeToString(mac.Sum(nil)) {
		return http.StatusUnauthorized
	}
	return http.StatusOK
}
