package pinning

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/gate"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/registry"
)

// passGates asks the gates of an environment's stage that look at versions. The error is of
// kind Blocked and says of each version which gate it does not pass, and why.
func (p *Pinning) passGates(ctx context.Context, env config.Environment, versions map[tagboat.ImageName]tagboat.Reference) error {
	stage := p.Fleet.Config.StageOf(env)
	var blocked []error
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		results, err := p.gates(ctx, stage, versions[name])
		if err != nil {
			return err
		}
		for _, r := range results {
			said := fmt.Sprintf("%s %s %s the gate %s of stage %s: %s", name, versions[name].Readable(), passes(r), r.Gate, stage.Name, r.Reason)
			if r.Passed {
				operation.Tell(ctx, GatePassed{said})
				continue
			}
			blocked = append(blocked, tagboat.Errorf(tagboat.Blocked, "%s", said).At(stage.Where).WithHint("%s", r.Hint))
		}
	}
	return errors.Join(blocked...)
}

// Gates returns what the gates of a stage that look at versions say of each, by image.
func (p *Pinning) Gates(ctx context.Context, stage config.Stage, versions map[tagboat.ImageName]tagboat.Reference) ([]tagboat.GateResult, error) {
	var all []tagboat.GateResult
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		results, err := p.gates(ctx, stage, versions[name])
		if err != nil {
			return nil, err
		}
		for _, r := range results {
			g := tagboat.GateResult{Gate: r.Gate, Passed: r.Passed, Reason: fmt.Sprintf("%s %s: %s", name, versions[name].Readable(), r.Reason), Hint: r.Hint}
			if !r.Passed {
				g.Cause = tagboat.GateCause(r.Gate)
			}
			all = append(all, g)
		}
	}
	return all, nil
}

// glassBroken is the note of pins that entered a stage past the gates of releases.
const glassBroken = " [gates overridden]"

// takesVersions returns an error of kind Blocked where a stage takes releases alone, since it has
// a gate that looks at them, and single versions would pass by it.
func (p *Pinning) takesVersions(a admission) (note string, err error) {
	stage := p.Fleet.Config.StageOf(a.env)
	gates := stage.Gates.OfReleases()
	if len(gates) == 0 || !slices.ContainsFunc(slices.Collect(maps.Keys(a.picks)), a.changes) {
		return "", nil
	}
	if a.breakGlass {
		return glassBroken, nil
	}
	return "", entersAsRelease(a.env, stage)
}

func (p *Pinning) takesReleases(env tagboat.EnvName) bool {
	return len(p.Fleet.Config.StageOf(p.Fleet.Config.Environments[env]).Gates.OfReleases()) > 0
}

// Adopts returns an error of kind Blocked where versions that others wrote would take the place of
// pins in a stage that takes releases alone. What nobody has pinned yet enters nothing.
func (w *Writer) Adopts(ctx context.Context, env config.Environment, versions map[tagboat.ImageName]tagboat.Reference) error {
	stage := w.Fleet.Config.StageOf(env)
	if len(stage.Gates.OfReleases()) == 0 {
		return nil
	}
	book, err := w.Access.Ledger(env).Read(ctx, w.Fleet.Layout().Holding(env, slices.Collect(maps.Keys(versions)))...)
	if err != nil {
		return err
	}
	for image, version := range versions {
		if pin, ok := book.Pin(env.Name, image); ok && !pin.Pins(version) {
			return entersAsRelease(env, stage)
		}
	}
	return nil
}

// entersAsRelease is the error of versions that would enter a stage past its gates.
func entersAsRelease(env config.Environment, stage config.Stage) error {
	return tagboat.Errorf(tagboat.Blocked, "stage %s takes releases, which its gates look at (%s): no single versions can be pinned in %s",
		stage.Name, strings.Join(stage.Gates.OfReleases(), ", "), env.Name).At(stage.Where).
		WithHint("tagboat promote RELEASE --to %s; in an emergency: tagboat pin --break-glass -m WHY", stage.Name)
}

func passes(r gate.Result) string {
	if r.Passed {
		return "passes"
	}
	return "does not pass"
}

// gates returns what each gate of a stage says of a version.
func (p *Pinning) gates(ctx context.Context, stage config.Stage, ref tagboat.Reference) ([]gate.Result, error) {
	if stage.Gates.ScanMax == "" && stage.Gates.Signature == "" && len(stage.Gates.Labels) == 0 {
		return nil, nil
	}
	version, err := p.Catalog.Registry.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	return gate.Check(ctx, stage.Gates, version, evidence{p.Catalog})
}

// evidence is where gates look: ECR's scans, and what lies beside an image.
type evidence struct{ catalog *catalog.Catalog }

var _ gate.Evidence = evidence{}

// Scan implements gate.Evidence.
func (e evidence) Scan(ctx context.Context, image tagboat.Reference) (gate.Scan, error) {
	api, account, ok := e.catalog.Access.ECR(image)
	if !ok {
		return gate.Scan{}, gate.ErrNoScans
	}
	status, counts, err := api.ScanFindings(ctx, account, image.Repository, image.Digest)
	return gate.Scan{Status: status, Counts: counts}, err
}

// Signatures implements gate.Evidence.
func (e evidence) Signatures(ctx context.Context, version tagboat.Reference) ([]registry.Signature, error) {
	return e.catalog.Registry.Signatures(ctx, version)
}
