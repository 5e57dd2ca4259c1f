package screen

import (
	"cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Decisions prints what a watcher decided about environments, and how that ended.
func Decisions(on *Screen, document tagboat.WatchDocument) {
	table := console.NewTable("ENVIRONMENT", "DECISION", "RELEASE", "STATE", "WHY").Keep("ENVIRONMENT", "DECISION")
	for _, d := range document.Decisions {
		why := d.Why
		if d.Until != nil {
			why += "; until " + d.Until.UTC().Format("2006-01-02T15:04:05Z")
		}
		table.Row(console.Cell{Text: string(d.Environment), Style: console.Strong}, console.Text(string(d.Kind)), console.Text(cmp.Or(d.Release, "-")),
			console.Cell{Text: cmp.Or(d.State, "-"), Style: promotionStyle(d.State)}, console.Text(why))
	}
	table.Print(on.Streams)
}

// Decided returns an error, which was shown, where a promotion that was decided did not end well, and
// where nothing could be decided.
func Decided(document tagboat.WatchDocument) error {
	for _, d := range document.Decisions {
		if d.Cause == tagboat.CauseProblem {
			return Shown(tagboat.Errorf(tagboat.Internal, "%s: %s", d.Environment, d.Why))
		}
	}
	var done tagboat.PromotionDocument
	for _, d := range document.Decisions {
		if d.State != tagboat.PromotionWaiting && d.State != tagboat.PromotionBlocked {
			done.Promotions = append(done.Promotions, tagboat.PromotionResult{State: d.State})
		}
	}
	return promotionError(done)
}
