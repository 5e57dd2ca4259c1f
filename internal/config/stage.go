package config

import (
	"time"

	"github.com/tagboat/tagboat"
)

func (b *builder) stages() {
	first := map[string]tagboat.Position{}
	for i, from := range b.file.Stages {
		name := from.Name.Value
		switch before, twice := first[name]; {
		case twice:
			b.problem(from.Name.At, "the stage %q stands here twice", name).hint("the first is at %s", before)
		case !tagboat.ValidName(name):
			b.problem(from.Name.At, "%q cannot be the name of a stage", name).hint(nameHint)
		case i == 0 && from.Auto == "upstream":
			b.problem(from.Name.At, "the first stage has none before it to follow").hint("write auto: newest, or leave auto out")
		}
		first[name] = from.Name.At
		b.config.Stages = append(b.config.Stages, Stage{
			Name:  tagboat.StageName(name),
			Auto:  from.Auto,
			Gates: b.gates(from),
			Tags:  b.tagPatterns(from.Tags, stageTagNames),
			Where: from.Name.At,
		})
	}
}

func (b *builder) gates(from fileStage) Gates {
	g := Gates{Soak: time.Duration(from.Gates.Soak), Approvals: from.Gates.Approvals}
	if g.Approvals < 0 {
		b.problem(from.Name.At, "the stage %q asks for %d approvals", from.Name.Value, g.Approvals)
	}
	if from.Gates.Scan != nil {
		g.ScanMax = from.Gates.Scan.Max
	}
	if w := from.Gates.Window; w != nil {
		g.Window = &Window{Opens: w.Cron, For: time.Duration(w.For), Zone: w.Zone.location()}
	}
	g.Labels = b.gateLabels(from)
	if from.Gates.Signature != nil {
		g.Signature = b.path(from.Gates.Signature.Key)
	}
	return g
}

func (b *builder) stageNames() []string {
	names := make([]string, 0, len(b.config.Stages))
	for _, s := range b.config.Stages {
		names = append(names, string(s.Name))
	}
	return names
}
