package app_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func TestDeploys(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		began := time.Now()
		shop{services: []string{"web"}}.open(w)
		w.push("shop/web:v1")
		w.pin("dev", "web=v1")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		t.Log(time.Since(began), w.calls(""))
		w.push("shop/web:v2", "exit=3@5s", "log=fatal: no database")
		w.pin("dev", "web=v2")
		began = time.Now()
		d := w.one()
		t.Log(time.Since(began), w.calls(""), d.Reason, d.Causes)
	})
}
