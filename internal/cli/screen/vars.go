package screen

import (
	"cmp"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Vars shows the values of variables, and which others each wins over.
func Vars(on *Screen, document tagboat.VarsDocument) {
	if len(document.Vars) == 0 {
		on.Printf("there are no variables\n")
		return
	}
	table := console.NewTable("VARIABLE", "VALUE", "SERVICES", "", "SCOPE", "PLACE")
	elsewhere := 0
	for _, v := range document.Vars {
		why, scope := "holds", cmp.Or(v.Scope, "everywhere")
		if v.Where == "" {
			why, scope = "no value", "-"
		}
		table.Row(console.Cell{Text: v.Name, Style: console.Strong}, console.Text(valueText(v.Value)), console.Text(servicesText(v.Services)),
			console.Text(why), console.Text(scope), console.Text(Dash(v.Where)))
		for _, l := range v.Lost {
			why := "less specific"
			if l.Elsewhere {
				elsewhere++
				why = "not here"
			}
			if !l.Elsewhere || on.Verbose {
				table.Row(console.Text(""), console.Cell{Text: valueText(l.Value), Style: console.Faint}, console.Text(""),
					console.Cell{Text: why, Style: console.Faint}, console.Text(cmp.Or(l.Scope, "everywhere")), console.Text(l.Where))
			}
		}
	}
	table.Print(on.Streams)
	if elsewhere > 0 && !on.Verbose {
		on.Talkf("values for other environments or services: %d; -v lists them\n", elsewhere)
	}
}

// servicesText names services; none stands for all.
func servicesText(services []tagboat.ServiceName) string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = string(s)
	}
	return cmp.Or(strings.Join(names, ", "), "all")
}
