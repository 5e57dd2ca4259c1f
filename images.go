package tagboat

import "time"

// ImagesDocument is what images IMAGE prints with -o json.
type ImagesDocument struct {
	Image      ImageName      `json:"image"`
	Repository string         `json:"repository"` // with its host
	Rule       string         `json:"rule"`       // "" where the image has none
	Chosen     *ChosenVersion `json:"chosen"`     // null where the rule chooses nothing
	Total      int            `json:"total"`      // versions in the repository, as far as the registry distinguishes them
	Versions   []ImageVersion `json:"versions"`   // newest first, as many as were asked for; none with --why or --backtest
	Tags       []TagVerdict   `json:"tags"`       // with --why: every tag, best first, then those that are skipped
	Backtest   []RuleChange   `json:"backtest"`   // with --backtest: oldest first
}

// ChosenVersion is the version that a rule chooses, and how it won.
type ChosenVersion struct {
	Tag     string `json:"tag"`
	Digest  Digest `json:"digest"`
	Decided string `json:"decided"`
}

// Readable returns how people call the version.
func (c ChosenVersion) Readable() string { return Reference{Tag: c.Tag, Digest: c.Digest}.Readable() }

// ImageVersion is one version of an image, with where it is wanted and where it runs.
type ImageVersion struct {
	Tags      []string       `json:"tags"`
	Digest    Digest         `json:"digest"`
	PushedAt  *time.Time     `json:"pushedAt"` // the time of the build if the registry has none; null if neither is known
	Size      int64          `json:"size"`     // bytes; 0 where it is not known
	Platforms []string       `json:"platforms"`
	Revision  string         `json:"revision"` // git commit
	Scan      string         `json:"scan"`     // "" where there was none
	Findings  map[string]int `json:"findings"` // by severity; null where there is no result
	Pinned    []EnvName      `json:"pinned"`   // environments
	Running   []EnvName      `json:"running"`  // environments
	Looked    bool           `json:"looked"`   // false where platforms, revision and scan were not looked up
}

// TagVerdict is what a rule says of one tag.
type TagVerdict struct {
	Tag      string `json:"tag"`
	Digest   Digest `json:"digest"`
	Accepted bool   `json:"accepted"`
	Key      string `json:"key"`    // what it was compared by
	Reason   string `json:"reason"` // why it is skipped
}

// RuleChange is a moment at which a rule would have chosen another version.
type RuleChange struct {
	At     time.Time `json:"at"`
	Tag    string    `json:"tag"`
	Digest Digest    `json:"digest"`
	Why    string    `json:"why"`
}

// ImageSummary is one image with what its rule chooses.
type ImageSummary struct {
	Image      ImageName      `json:"image"`
	Repository string         `json:"repository"`
	Rule       string         `json:"rule"`
	Chosen     *ChosenVersion `json:"chosen"`
	Total      int            `json:"total"`
	Problem    string         `json:"problem"` // why nothing could be found out; "" if there was no problem
}

// ImagesOverview is what images without an image prints with -o json.
type ImagesOverview struct {
	Images []ImageSummary `json:"images"`
}
