package main

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"
)

// evil is text that somebody else wrote. It begins a line, moves the cursor, writes
// backwards and has both forms of a command of GitHub Actions.
const evil = "a\n::error::b\r\x1b[2J\x1b]0;t\a\u202e\u0085##[error]c"

var (
	runnersCommand = regexp.MustCompile(`(?m)^\s*::|##\[`)
	ours           = regexp.MustCompile(`(?m)^::(error|warning) [^\n]*title=[^\n]*\n`)
	group          = regexp.MustCompile(`(?m)^::group::[^\n]*\n::stop-commands::([A-Z0-9]{20,})\n`)
)

// checkPlain is the command plain: all of a stream prints, and the runner of GitHub
// Actions finds no command in it but as many annotations of ours as are said, and groups
// where those are said.
func checkPlain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: plain stdout|stderr [-annotations N] [-group]")
	}
	text, wanted := ts.ReadFile(args[0]), 0
	for i, arg := range args {
		if arg == "-annotations" {
			n, err := strconv.Atoi(args[i+1])
			ts.Check(err)
			wanted = n
		}
		if arg == "-group" {
			text = withoutGroups(ts, text)
		}
	}
	if n := len(ours.FindAllString(text, -1)); n != wanted {
		ts.Fatalf("%d annotations of ours, want %d", n, wanted)
	}
	if found := runnersCommand.FindString(ours.ReplaceAllString(text, "")); found != "" {
		ts.Fatalf("%s has a command for GitHub Actions: %q", args[0], text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		ts.Fatalf("%s has %q in it: %q", args[0], []rune(text[i:])[0], text)
	}
}

// withoutGroups takes out the groups in which the runner takes no commands: from where
// they begin to where the token of that very group ends them.
func withoutGroups(ts *testscript.TestScript, text string) string {
	for {
		at := group.FindStringSubmatchIndex(text)
		if at == nil {
			return text
		}
		end := "\n::" + text[at[2]:at[3]] + "::\n::endgroup::\n"
		length := strings.Index(text[at[1]-1:], end)
		if length < 0 {
			ts.Fatalf("a group has no end: %q", text)
		}
		inside := text[at[1] : at[1]-1+length]
		if i := strings.IndexFunc(inside, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			ts.Fatalf("the group has %q in it: %q", []rune(inside[i:])[0], inside)
		}
		text = text[:at[0]] + text[at[1]-1+length+len(end):]
	}
}
