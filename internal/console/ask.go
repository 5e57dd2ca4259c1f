package console

import (
	"bufio"
	"context"
	"strings"
)

// CanAsk reports whether a person sees what is asked, and can answer.
func (s *Streams) CanAsk() bool { return s.InTTY && s.ErrTTY }

// Seen reports whether a person looks at what is printed.
func (s *Streams) Seen() bool { return s.OutTTY }

// Confirm asks a question whose answer is yes or no, and reports whether it is yes: y or
// yes. An empty answer, any other and the end of the input are no, and so is the end of ctx.
func (s *Streams) Confirm(ctx context.Context, question string) bool {
	s.Talkf("%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // it ends with the process where nobody answers
		line, _ := bufio.NewReader(s.In).ReadString('\n')
		answer <- line
	}()
	select {
	case line := <-answer:
		said := strings.ToLower(strings.TrimSpace(line))
		return said == "y" || said == "yes"
	case <-ctx.Done():
		s.Talkf("\n")
		return false
	}
}
