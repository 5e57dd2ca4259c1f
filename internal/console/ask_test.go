package console_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/console"
)

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "Yes \r\n": true, "yes": true, "\n": false, "": false, "n\n": false, "yep\n": false} {
		streams, _, talk := buffers()
		streams.In = strings.NewReader(answer)
		if got := streams.Confirm(t.Context(), "Go on?"); got != want || talk.String() != "Go on? [y/N] " {
			t.Errorf("%q is %t, and %q was asked", answer, got, talk)
		}
	}
}

func TestConfirmThatIsInterrupted(t *testing.T) {
	streams, _, _ := buffers()
	nobody, end := io.Pipe()
	defer end.Close()
	streams.In = nobody
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if streams.Confirm(ctx, "Go on?") {
		t.Error("nobody said yes")
	}
}

func TestCanAsk(t *testing.T) {
	for _, s := range []*console.Streams{{}, {InTTY: true}, {ErrTTY: true, OutTTY: true}} {
		if s.CanAsk() {
			t.Errorf("a question is asked with %t, %t", s.InTTY, s.ErrTTY)
		}
	}
	if s := (&console.Streams{InTTY: true, ErrTTY: true}); !s.CanAsk() {
		t.Error("no question at a terminal")
	}
}
