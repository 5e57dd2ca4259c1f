package page

import (
	"maps"
	"net/http"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// shownVersions is how many versions of an image a screen has.
const shownVersions = 50

func imageNames(c *config.Config) []tagboat.ImageName { return slices.Sorted(maps.Keys(c.Images)) }

func (p *Page) images(r *http.Request) (screen, error) {
	d, err := p.Desk.Images(r.Context())
	if err != nil {
		return screen{}, err
	}
	return screen{title: "Images", section: "/images", body: imagesView(d)}, nil
}

func (p *Page) image(r *http.Request) (screen, error) {
	name := r.PathValue("image")
	if _, err := p.Config.Image(name); err != nil {
		return screen{}, missing(tagboat.HintOf(err), "there is no image %q", name)
	}
	d, err := p.Desk.Image(r.Context(), tagboat.ImageName(name), shownVersions)
	if err != nil {
		return screen{}, err
	}
	return screen{title: name, section: "/images", body: imageView(d)}, nil
}

type releaseScreen struct {
	tagboat.ReleaseDocument
	Diff  *tagboat.ReleaseDiffDocument
	Where []tagboat.Standing
	From  string
	Names []string // of releases to compare with
}

func (p *Page) releases(r *http.Request) (screen, error) {
	d, err := p.Desk.Releases(r.Context())
	if err != nil {
		return screen{}, err
	}
	return screen{title: "Releases", section: "/releases", body: releasesView(d)}, nil
}

// release shows what a release has, where it is, and what differs from another one: the one before,
// where none is named.
func (p *Page) release(r *http.Request) (screen, error) {
	name := r.PathValue("release")
	all, err := p.Desk.Releases(r.Context())
	if err != nil {
		return screen{}, err
	}
	if !slices.ContainsFunc(all.Releases, func(one tagboat.Release) bool { return one.Name == name || string(one.ID) == name }) {
		return screen{}, missing("choose one from the list of releases", "there is no release %q", name)
	}
	s := releaseScreen{From: r.URL.Query().Get("from")}
	if s.ReleaseDocument, err = p.Desk.Release(r.Context(), name); err != nil {
		return screen{}, err
	}
	for i, one := range all.Releases {
		if one.ID == s.ID && s.From == "" && i+1 < len(all.Releases) {
			s.From = all.Releases[i+1].Readable()
		}
		if one.ID != s.ID {
			s.Names = append(s.Names, one.Readable())
		}
	}
	if s.From != "" {
		diff, err := p.Desk.Diff(r.Context(), s.From, name)
		if err != nil {
			return screen{}, err
		}
		s.Diff = &diff
	}
	if where, err := p.Desk.Where(r.Context(), name); err == nil { // what it has is worth showing without
		for _, f := range where.Found {
			if f.Kind == "release" {
				s.Where = f.Places
			}
		}
	}
	return screen{title: "Release " + name, section: "/releases", body: releaseView(s)}, nil
}

func standingTone(s tagboat.Standing) string {
	switch s.State {
	case tagboat.StandingRuns:
		return toneWell
	case tagboat.StandingPartly, tagboat.StandingPinned, tagboat.StandingWaits:
		return toneBusy
	case tagboat.StandingRejected:
		return toneBad
	case tagboat.StandingUnknown:
		return toneWarn
	default:
		return toneIdle
	}
}

func standingIcon(s tagboat.Standing) string {
	switch s.State {
	case tagboat.StandingWaits:
		return "clock"
	case tagboat.StandingPassedOver:
		return "skip"
	case tagboat.StandingPartly, tagboat.StandingPinned:
		return "drift"
	default:
		return toneIcon(standingTone(s))
	}
}
