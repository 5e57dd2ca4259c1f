package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/githubactions"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/taskdef"
)

type planOptions struct {
	targets
	versions   versions
	exitCode   bool
	automation bool // of deploy --dry-run
}

func newPlan(f *frame) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:     "plan [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE|IMAGE=VERSION...]",
		Short:   "Show what deploy would change, and check that it can",
		Long:    "Shows the difference between what should run and what runs, and checks what a\nrollout needs: images, log groups, target groups, roles. With a\nversion of an image it shows what deploying that would change. Changes nothing.",
		Example: "  tagboat plan --env prod\n  tagboat plan api=1.4.2 --stage prod",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.services, err = o.versions.arguments(args); err != nil {
				return err
			}
			return runPlan(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	o.versions.flags(cmd)
	cmd.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 3 where something would change")
	return cmd
}

func runPlan(ctx context.Context, f *frame, o planOptions) error {
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	set, _, err := o.versions.plan(ctx, a, selected, pinning.Request{Automation: o.automation})
	if err != nil {
		return err
	}
	if o.automation {
		if err := a.Delivery.Automate(ctx, set); err != nil {
			return err
		}
	}
	document := set.Document()
	if err := show(f, document, printPlan); err != nil {
		return err
	}
	f.warn(document.Warnings)
	f.summarize(githubactions.PlanSummary(document))
	if err := problems(document.Problems); err != nil {
		if f.json() {
			return quiet{err}
		}
		return err
	}
	if err := set.Blocked(); err != nil {
		return quiet{err}
	}
	if o.exitCode && len(document.Changes) > 0 {
		return quiet{tagboat.Errorf(tagboat.Pending, "changes are pending")}
	}
	return nil
}

func printPlan(f *frame, document tagboat.PlanDocument) {
	for _, p := range document.Pins {
		f.Printf("%s\n  • pin %s in place of %s\n", f.OnOut(console.Strong, fmt.Sprintf("%s, image %s", p.Environment, p.Image)), observedText(p.To), observedText(p.From))
	}
	for _, change := range document.Changes {
		f.Printf("%s\n", f.OnOut(console.Strong, fmt.Sprintf("%s/%s", change.Environment, change.Service)))
		for _, image := range change.Images {
			if text := versionsText(image, f.verbose); text != "" {
				f.Printf("  %s: %s\n", image.Image, f.OnOut(console.Accent, text))
			}
		}
		for _, step := range change.Steps {
			f.Printf("  • %s\n", step)
		}
		printDiff(f, change.Diff)
	}
	for _, left := range document.LeftAlone {
		f.Printf("%s\n  • %s: %s\n", f.OnOut(console.Strong, fmt.Sprintf("%s/%s", left.Environment, left.Service)), left.Verdict, left.Reason)
	}
	printPlanned(f, document)
}

// printPlanned counts what a plan changes and what it leaves.
func printPlanned(f *frame, document tagboat.PlanDocument) {
	if len(document.Changes) == 0 && len(document.Problems) == 0 && len(document.Pins) == 0 && len(document.LeftAlone) == 0 {
		f.Printf("nothing to change\n")
		return
	}
	var parts []string
	count := func(n int, of string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, of))
		}
	}
	count(len(document.Changes), "to change")
	count(document.Unchanged, "unchanged")
	count(len(document.LeftAlone), "left alone")
	if len(parts) > 0 {
		f.Printf("services: %s\n", strings.Join(parts, ", "))
	}
}

// versionsText says which version takes the place of which, and the commit that it was built
// from; "" where that stays the same.
func versionsText(i tagboat.ImageState, digests bool) string {
	if i.Previous == i.Pinned {
		return ""
	}
	text := stepText(tagboat.Observed{Tag: i.PreviousTag, Digest: i.Previous}, tagboat.Observed{Tag: i.Tag, Digest: i.Pinned}, digests)
	if i.Revision != "" {
		text += fmt.Sprintf(" (%.7s)", i.Revision)
	}
	return text
}

// versioned are the lines of a diff that say in digests and labels what versions are.
var versioned = []string{"].image: ", "].dockerLabels." + taskdef.LabelTag, "].dockerLabels." + taskdef.LabelImage, "].dockerLabels." + taskdef.LabelRevision}

func printDiff(f *frame, diff string) {
	for line := range strings.Lines(diff) {
		line = strings.TrimRight(line, "\n")
		if !f.verbose && slices.ContainsFunc(versioned, func(part string) bool { return strings.Contains(line, part) }) {
			continue
		}
		style := console.Plain
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "+"):
			style = console.Good
		case strings.HasPrefix(strings.TrimSpace(line), "-"):
			style = console.Bad
		}
		f.Printf("    %s\n", f.OnOut(style, line))
	}
}

// problems turns what a plan found into one error of kind Usage, or nil.
func problems(found []tagboat.Problem) error {
	all := problemErrors(found)
	if len(all) == 0 {
		return nil
	}
	return all
}

// warn prints what a plan found that does not stop it.
func (f *frame) warn(found []tagboat.Problem) {
	for _, err := range problemErrors(found) {
		f.Warning(err)
	}
}

// problemErrors returns problems as errors. One that a file has in several environments
// comes once, with the first services that have it.
func problemErrors(found []tagboat.Problem) errorList {
	type same struct{ where, hint, message string }
	of := map[same][]tagboat.Problem{}
	var order []same
	for _, p := range found {
		key := same{p.Where, forEnvironments(p.Hint, []tagboat.Problem{p}, "…"), p.Message}
		if of[key] == nil {
			order = append(order, key)
		}
		of[key] = append(of[key], p)
	}
	var all errorList
	for _, key := range order {
		p := of[key][0]
		e := tagboat.Usagef("%s: %s", concerned(of[key]), p.Message).WithHint("%s", forEnvironments(p.Hint, of[key], ""))
		switch {
		case p.At.File != "":
			e = e.At(p.At)
		case p.Where != "":
			e.Msg = p.Where + ": " + e.Msg
		}
		all = append(all, e)
	}
	return all
}

// forEnvironments returns the hint of the first of several problems for all their
// environments: it names its own after --env. Other names are what is written in their place.
func forEnvironments(hint string, alike []tagboat.Problem, names string) string {
	if names == "" {
		var all []string
		for _, p := range alike {
			if !slices.Contains(all, string(p.Environment)) {
				all = append(all, string(p.Environment))
			}
		}
		names = strings.Join(all, ",")
	}
	return strings.ReplaceAll(hint, "--env "+string(alike[0].Environment), "--env "+names)
}

// concerned names the services that have a problem.
func concerned(alike []tagboat.Problem) string {
	const most = 3
	var names []string
	for _, p := range alike[:min(most, len(alike))] {
		names = append(names, fmt.Sprintf("%s/%s", p.Environment, p.Service))
	}
	if more := len(alike) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}

// errorList is several errors, each of which is printed by itself.
type errorList []error

func (l errorList) Error() string {
	texts := make([]string, len(l))
	for i, e := range l {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "\n")
}

func (l errorList) Unwrap() []error { return l }
