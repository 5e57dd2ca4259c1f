package screen

import (
	"cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// Approvals shows who approved a release for each environment of a stage, and how many are needed.
func Approvals(on *Screen, document tagboat.ApprovalDocument) {
	table := console.NewTable("ENVIRONMENT", "APPROVED BY", "AT", "LAPSES", "COUNTS", "WHY").Keep("AT", "LAPSES").Drop("LAPSES")
	for _, env := range document.Environments {
		for _, a := range env.Approvals {
			table.Row(console.Cell{Text: string(env.Environment), Style: console.Strong}, console.Text(words.Who(a.By)), console.Text(words.Moment(&a.At)), console.Text(words.Moment(&a.Lapses)),
				console.Text(cmp.Or(a.Reason, "yes")), console.Text(a.Message))
		}
	}
	on.Printf("release %s (%s) for stage %s\n", releaseCalled(document.Release), document.Release.ID.Short(), document.Stage)
	table.Print(on.Streams)
	for _, env := range document.Environments {
		on.Talkf("%s has %d of %d approvals\n", env.Environment, env.Count, document.Needed)
	}
	for _, warning := range document.Warnings {
		on.Notice(warning)
	}
}
