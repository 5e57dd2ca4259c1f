package screen

import (
	"strconv"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/words"
)

// Pins prints which versions should run in an environment; brief leaves out who set them.
func Pins(on *Screen, document tagboat.PinsDocument, brief bool) {
	switch {
	case len(document.Pins) == 0 && len(document.Errors) > 0:
		return
	case len(document.Pins) == 0 && document.AsOf != nil:
		on.Talkf("nothing was pinned in %s at %s\n", document.Environment, document.AsOf.UTC().Format(time.RFC3339))
		return
	case len(document.Pins) == 0:
		on.Talkf("nothing is pinned in %s\n", document.Environment)
	}
	columns := []string{"IMAGE", "TAG", "DIGEST"}
	if len(document.Pins) == 0 {
		columns = columns[:2]
	} else if !brief {
		columns = append(columns, "SET AT", "BY", "MESSAGE")
	}
	held := anyHeld(document.Pins, func(pin tagboat.Pin) *tagboat.Hold { return pin.Hold })
	if held {
		columns = append(columns, "HOLD")
	}
	if len(document.Pins) > 0 {
		columns = append(columns, "REPOSITORY")
	}
	table := console.NewTable(columns...).Keep("IMAGE", "TAG", "DIGEST", "SET AT")
	if !brief && len(document.Pins) > 0 {
		table.Drop("REPOSITORY")
	}
	for _, pin := range document.Pins {
		row := []console.Cell{{Text: string(pin.Image), Style: console.Strong}, console.Text(Dash(pin.Tag)), console.Text(pin.Digest.Short())}
		if !brief {
			row = append(row, console.Text(words.Moment(pin.SetAt)), console.Text(Dash(words.Who(pin.SetBy))), console.Text(pin.Message))
		}
		if held {
			row = append(row, console.Text(heldText(pin.Hold)))
		}
		table.Row(append(row, console.Text(pin.Repository))...)
	}
	for _, image := range document.Unpinned {
		table.Row(console.Cell{Text: string(image), Style: console.Strong}, console.Cell{Text: "not pinned", Style: console.Faint})
	}
	table.Print(on.Streams)
}

// Holds prints what is held.
func Holds(on *Screen, holds []tagboat.HeldImage) {
	table := console.NewTable("HELD", "SINCE", "UNTIL", "BY", "WHY")
	for _, h := range holds {
		name := string(h.Image)
		if h.Image == ledger.AllImages {
			name = "all images"
		}
		table.Row(console.Cell{Text: name, Style: console.Strong}, console.Text(words.Moment(h.Since)), console.Text(words.Moment(h.Until)),
			console.Text(Dash(words.Who(h.By))), console.Text(h.Reason))
	}
	table.Print(on.Streams)
}

// Pinned prints what is pinned now, and where.
func Pinned(on *Screen, pins []tagboat.Pin) {
	table := console.NewTable("IMAGE", "TAG", "DIGEST", "REPOSITORY", "PARAMETER", "VERSION")
	for _, pin := range pins {
		table.Row(console.Cell{Text: string(pin.Image), Style: console.Strong}, console.Text(Dash(pin.Tag)),
			console.Text(pin.Digest.Short()), console.Text(pin.Repository),
			console.Text(pin.Parameter), console.Text(strconv.FormatInt(pin.ParameterVersion, 10)))
	}
	table.Print(on.Streams)
}

// Imported prints what was adopted, and lines of tagboat.yaml for what was not.
func Imported(on *Screen, document tagboat.ImportDocument) {
	if len(document.Imported) > 0 {
		table := console.NewTable("IMAGE", "TAG", "DIGEST", "ENVIRONMENT", "FROM", "KEY", "PARAMETER")
		for _, pin := range document.Imported {
			table.Row(console.Cell{Text: string(pin.Image), Style: console.Strong}, console.Text(Dash(pin.Tag)), console.Text(pin.Digest.Short()),
				console.Text(string(pin.Environment)), console.Text(pin.From), console.Text(pin.Key), console.Text(pin.Parameter))
		}
		table.Print(on.Streams)
	}
	if document.Proposal != "" {
		on.Printf("%s", console.Lines(document.Proposal))
	}
}
