package screen

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/markdown"
	"github.com/tagboat/tagboat/internal/words"
)

// ReleaseCreated says what was made, or found.
func ReleaseCreated(on *Screen, document tagboat.ReleaseDocument, dryRun bool) {
	releaseImages(document.Images).Print(on.Streams)
	switch {
	case dryRun && document.Created:
		on.Printf("%s\n", document.ID)
		on.Talkf("nothing was written (--dry-run)\n")
	case document.Created:
		on.Printf("%s\n", document.Artifact)
		on.Talkf("%s is made: tagboat promote %s --to STAGE brings it there\n", on.OnErr(console.Good, "release "+document.Name), document.Name)
	default:
		on.Printf("%s\n", document.Artifact)
		on.Talkf("release %s has the same content, nothing was written\n", releaseCalled(document.Release))
	}
}

// Releases lists releases.
func Releases(on *Screen, document tagboat.ReleasesDocument) {
	if len(document.Releases) == 0 {
		on.Talkf("there is no release yet: tagboat release create --env ENV makes one\n")
		return
	}
	releasesTable(document.Releases).Print(on.Streams)
}

func releasesTable(releases []tagboat.Release) *console.Table {
	table := console.NewTable("NAME", "ID", "CREATED", "AUTHOR", "COMMIT", "IN", "REJECTED").Keep("NAME", "CREATED").Drop("AUTHOR", "ID", "COMMIT")
	for _, r := range releases {
		rejected := console.Cell{Text: "-", Style: console.Faint}
		if r.Rejected != nil {
			rejected = console.Cell{Text: rejectedText(*r.Rejected), Style: console.Bad}
		}
		table.Row(console.Cell{Text: Dash(r.Name), Style: console.Strong}, console.Text(r.ID.Short()), console.Text(words.Moment(r.CreatedAt)),
			console.Text(Dash(words.Who(r.Author))), console.Text(Dash(shortCommit(r.Commit))), console.Text(Dash(environmentsText(r.Environments))), rejected)
	}
	return table
}

func rejectedText(r tagboat.Rejection) string {
	return fmt.Sprintf("%s (%s, %s)", r.Reason, words.Who(r.By), r.At.UTC().Format(time.DateOnly))
}

// shortCommit is enough of a commit to recognise it, and all of what is none of git's.
func shortCommit(commit string) string {
	hash, rest, _ := strings.Cut(commit, "-")
	if len(hash) != 40 || strings.Trim(hash, "0123456789abcdef") != "" {
		return commit
	}
	if rest != "" {
		rest = "-" + rest
	}
	return hash[:7] + rest
}

func releaseImages(images []tagboat.ReleaseImage) *console.Table {
	table := console.NewTable("IMAGE", "REPOSITORY", "TAG", "DIGEST")
	for _, i := range images {
		table.Row(console.Cell{Text: string(i.Image), Style: console.Strong}, console.Text(i.Repository), console.Text(Dash(i.Tag)), console.Text(i.Digest.Short()))
	}
	return table
}

// Release shows what a release consists of.
func Release(on *Screen, document tagboat.ReleaseDocument) {
	releaseHead(on, document.Release)
	on.Printf("  artifact  %s\n", document.Artifact)
	if len(document.Environments) > 0 {
		on.Printf("  in        %s\n", environmentsText(document.Environments))
	}
	releaseNotes(on, document.Notes)
	on.Printf("\n")
	releaseImages(document.Images).Print(on.Streams)
	on.Printf("\n")
	table := console.NewTable("SERVICE", "CONTAINERS", "TASK DEFINITION", "DEPENDS ON")
	for _, s := range document.Services {
		definition := "of the release"
		if s.Family != "" {
			definition = "family " + s.Family
		}
		if s.Stack != "" {
			definition = "of stack " + s.Stack
		}
		if s.Express {
			definition = "of Express Mode"
		}
		var after []string
		for _, name := range s.DependsOn {
			after = append(after, string(name))
		}
		table.Row(console.Cell{Text: string(s.Service), Style: console.Strong}, console.Text(Dash(containersText(s.Containers))), console.Text(definition), console.Text(Dash(strings.Join(after, ", "))))
	}
	table.Print(on.Streams)
	if len(document.Vars) == 0 {
		return
	}
	on.Printf("\n")
	vars := console.NewTable("VARIABLE", "WHERE", "VALUE")
	for _, v := range document.Vars {
		vars.Row(console.Cell{Text: v.Name, Style: console.Strong}, console.Text(scopeText(v)), console.Text(valueText(v.Value)))
	}
	vars.Print(on.Streams)
}

// releaseHead says which release it is, and who made it when.
func releaseHead(on *Screen, r tagboat.Release) {
	on.Printf("%s\n  id        %s\n", on.OnOut(console.Strong, "release "+releaseCalled(r)), r.ID)
	if r.CreatedAt != nil {
		on.Printf("  created   %s by %s\n", words.Moment(r.CreatedAt), Dash(words.Who(r.Author)))
	}
	if r.Commit != "" {
		on.Printf("  commit    %s\n", r.Commit)
	}
	if r.Rejected != nil {
		on.Printf("  rejected  %s\n", on.OnOut(console.Bad, rejectedText(*r.Rejected)))
	}
}

// releaseNotes prints notes, each of their lines further right.
func releaseNotes(on *Screen, notes string) {
	for line := range strings.Lines(notes) {
		on.Printf("    %s\n", strings.TrimRight(line, "\r\n"))
	}
}

func containersText(containers map[tagboat.ContainerName]tagboat.ImageName) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(containers)) {
		parts = append(parts, fmt.Sprintf("%s: %s", name, containers[name]))
	}
	return strings.Join(parts, ", ")
}

func scopeText(v tagboat.ReleaseVar) string {
	var words []string
	for _, key := range []struct{ what, name string }{
		{"stage", string(v.Stage)}, {"tenant", v.Tenant}, {"environment", string(v.Environment)}, {"service", string(v.Service)},
	} {
		if key.name != "" {
			words = append(words, key.what+" "+key.name)
		}
	}
	if len(words) == 0 {
		return "everywhere"
	}
	return strings.Join(words, ", ")
}

// ReleaseDiff shows what differs between two releases.
func ReleaseDiff(on *Screen, document tagboat.ReleaseDiffDocument) {
	if on.AsMarkdown() {
		on.printMarkdown(markdown.ReleaseDiff(document))
		return
	}
	differences(on, document)
}

func differences(on *Screen, document tagboat.ReleaseDiffDocument) {
	if len(document.Images) == 0 && len(document.Files) == 0 && len(document.Vars) == 0 {
		on.Printf("releases %s and %s have the same images, templates and variables\n", releaseCalled(document.From), releaseCalled(document.To))
		return
	}
	if len(document.Images) > 0 {
		imageDiffs(document.Images).Print(on.Streams)
	}
	for _, i := range document.Images {
		if i.Link != "" {
			on.Printf("  %s: %s\n", i.Image, i.Link)
		}
	}
	for _, v := range document.Vars {
		printVariable(on, v)
	}
	for _, f := range document.Files {
		on.Printf("%s\n", on.OnOut(console.Strong, fmt.Sprintf("%s, %s", f.Service, f.File)))
		printDiff(on, f.Diff)
	}
}

// printVariable shows a variable whose value differs.
func printVariable(on *Screen, v tagboat.ReleaseVarDiff) {
	where := cmp.Or(v.Scope, "everywhere")
	on.Printf("%s: %s → %s\n", on.OnOut(console.Strong, "variable "+v.Name+", "+where), valueText(v.From), valueText(v.To))
}

func imageDiffs(images []tagboat.ReleaseImageDiff) *console.Table {
	table := console.NewTable("IMAGE", "FROM", "TO", "COMMITS")
	for _, i := range images {
		commits := "-"
		if from, to, ok := strings.Cut(i.Commits, ".."); ok {
			commits = shortCommit(from) + ".." + shortCommit(to)
		}
		table.Row(console.Cell{Text: string(i.Image), Style: console.Strong}, console.Text(observedText(i.From)), console.Text(observedText(i.To)), console.Text(commits))
	}
	return table
}

// valueText writes a variable's value as JSON, or that there is none.
func valueText(v any) string {
	if v == nil {
		return "none"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// ReleaseNotes shows what came since the release that an environment has.
func ReleaseNotes(on *Screen, env tagboat.EnvName, document tagboat.ReleaseDiffDocument) {
	if on.AsMarkdown() {
		on.printMarkdown(markdown.ReleaseNotes(env, document))
		return
	}
	switch {
	case document.From.ID == document.To.ID:
		on.Printf("%s has release %s\n", env, releaseCalled(document.To))
		return
	case document.From.ID == "":
		on.Printf("%s has had no release; these are the changes from its pins to release %s\n", env, releaseCalled(document.To))
	default:
		on.Printf("%s has release %s; these are the changes up to release %s\n", env, releaseCalled(document.From), releaseCalled(document.To))
	}
	for _, r := range document.Between {
		on.Printf("\n%s\n", on.OnOut(console.Strong, strings.TrimSpace("release "+releaseCalled(r)+" "+shortCommit(r.Commit))))
		releaseNotes(on, r.Notes)
	}
	on.Printf("\n")
	differences(on, document)
}

// ReleaseRejected says how a release stands after somebody rejected it, or took that back.
func ReleaseRejected(on *Screen, document tagboat.ReleaseDocument) {
	if document.Rejected == nil {
		on.Talkf("release %s may be promoted again\n", releaseCalled(document.Release))
		return
	}
	on.Talkf("release %s is rejected: %s\n", releaseCalled(document.Release), rejectedText(*document.Rejected))
}
