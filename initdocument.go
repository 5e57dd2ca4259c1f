package tagboat

// InitDocument is what init prints with -o json.
type InitDocument struct {
	Files []InitFile `json:"files"`
	// LeftAlone is what is in none of the files.
	LeftAlone []InitLeftAlone `json:"leftAlone,omitempty"`
	// Notes are what a person should know, in words.
	Notes []string `json:"notes,omitempty"`
	// Pins are what runs in each environment.
	Pins []InitPins `json:"pins"`
	// Plan is what deploy would do with these files and pins: nothing, where all went well.
	// It is left out where nothing was compared.
	Plan   *PlanDocument `json:"plan,omitempty"`
	DryRun bool          `json:"dryRun"`
	// Next are commands to go on with, beside those of Pins.
	Next []string `json:"next,omitempty"`
}

// Proven reports whether deploy would change nothing.
func (d InitDocument) Proven() bool {
	return d.Plan != nil && len(d.Plan.Changes) == 0 && len(d.Plan.Problems) == 0
}

// The states of a file that init was to write.
const (
	InitWritten = "written"
	InitKept    = "kept" // it was there with this content
)

// InitFile is a file that init wrote.
type InitFile struct {
	Path    string `json:"path"`
	State   string `json:"state"`             // written, or kept where it was there with this content already
	Content string `json:"content,omitempty"` // with --dry-run
}

// InitLeftAlone is what init did not take over, and why: mostly a service.
type InitLeftAlone struct {
	Environment EnvName `json:"environment"` // "" where it belongs to none
	// Service is its name in ECS. Of an application of AWS Copilot it is the name of a service, job or
	// pipeline, or that of a container as SERVICE/CONTAINER; "" for the whole environment.
	Service string `json:"service"`
	Reason  string `json:"reason"`
}

// InitPins is what runs in an environment.
type InitPins struct {
	Environment EnvName   `json:"environment"`
	Images      []InitPin `json:"images"`
	Command     string    `json:"command"` // that pins it
	Written     bool      `json:"written"` // whether it is pinned
}

// InitPin is the version of an image that runs.
type InitPin struct {
	Image      ImageName `json:"image"`
	Repository string    `json:"repository"`
	Tag        string    `json:"tag"` // "" where it has none
	Digest     Digest    `json:"digest"`
}
