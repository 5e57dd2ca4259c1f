package screen

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Init shows what was written, whether it is what runs, and what to do next.
func Init(on *Screen, document tagboat.InitDocument) {
	for _, file := range document.Files {
		switch {
		case document.DryRun:
			on.Printf("%s\n%s\n", on.OnOut(console.Strong, "── "+file.Path), console.Lines(file.Content))
		case file.State == tagboat.InitKept:
			on.Printf("%s is there already\n", file.Path)
		default:
			on.Printf("wrote %s\n", file.Path)
		}
	}
	initLeft(on, document.LeftAlone)
	for _, note := range document.Notes {
		on.Talkf("note: %s\n", note)
	}
	if document.Plan != nil {
		initProof(on, document)
	}
	if document.DryRun {
		on.Talkf("nothing was written (--dry-run)\n")
	}
	initNext(on, document)
}

// initLeft shows what was left alone: what has the same reason stands in one line.
func initLeft(on *Screen, all []tagboat.InitLeftAlone) {
	var reasons []string
	where := map[string][]string{}
	for _, left := range all {
		if where[left.Reason] == nil {
			reasons = append(reasons, left.Reason)
		}
		where[left.Reason] = append(where[left.Reason], strings.Trim(string(left.Environment)+"/"+left.Service, "/"))
	}
	for _, reason := range reasons {
		on.Printf("left alone: %s: %s\n", strings.Join(where[reason], ", "), reason)
	}
}

func initProof(on *Screen, document tagboat.InitDocument) {
	if document.Proven() {
		on.Printf("plan finds nothing to do: the files say what runs (%s)\n", services(document.Plan.Unchanged))
		return
	}
	on.Printf("plan finds differences between these files and what runs:\n")
	Plan(on, *document.Plan)
	for _, problem := range document.Plan.Problems {
		on.Talkf("problem: %s/%s: %s\n", problem.Environment, problem.Service, problem.Message)
	}
}

func services(n int) string {
	if n == 1 {
		return "1 service"
	}
	return fmt.Sprintf("%d services", n)
}

func initNext(on *Screen, document tagboat.InitDocument) {
	var next []string
	for _, pins := range document.Pins {
		switch {
		case pins.Written:
			on.Printf("pinned what runs in %s\n", pins.Environment)
		case pins.Command != "":
			next = append(next, pins.Command)
		}
	}
	next = append(next, document.Next...)
	if len(next) == 0 {
		return
	}
	on.Printf("next:\n")
	for _, command := range next {
		on.Printf("  %s\n", command)
	}
}
