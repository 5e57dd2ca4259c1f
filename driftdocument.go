package tagboat

// DriftDocument is what drift prints with -o json.
type DriftDocument struct {
	Services []ServiceDrift `json:"services"`
	// Notes are what could not be looked at, and what would allow it.
	Notes []string `json:"notes,omitempty"`
	// Errors are what could not be read; the rest of the document is still valid.
	Errors []EnvironmentError `json:"errors,omitempty"`
}

// Drifted reports whether anything differs of any service.
func (d DriftDocument) Drifted() bool {
	for _, s := range d.Services {
		if len(s.Differences) > 0 {
			return true
		}
	}
	return false
}

// ServiceDrift is where the views of one service differ.
type ServiceDrift struct {
	Environment    EnvName      `json:"environment"`
	Stage          StageName    `json:"stage"`
	Tenant         string       `json:"tenant"`
	Service        ServiceName  `json:"service"`
	State          string       `json:"state"`          // as status has it
	TaskDefinition string       `json:"taskDefinition"` // ARN of the service's revision; "" where there is none
	Images         []ImageDrift `json:"images"`
	// Differences are who differs from whom, in words; empty where nothing does.
	Differences []string `json:"differences"`
	// Diff is what differs of the task definition, versions aside: of the service's revision from
	// the stack's, or from the file's where no stack owns the service.
	Diff  string      `json:"diff"`
	Stack *StackDrift `json:"stack,omitempty"` // that owns the service; left out where none does
}

// ImageDrift is what one container runs, and should.
type ImageDrift struct {
	Container ContainerName `json:"container"`
	Image     ImageName     `json:"image"`
	Pinned    Observed      `json:"pinned"`    // in the ledger
	Deployed  Observed      `json:"deployed"`  // in the service's task definition
	Running   Observed      `json:"running"`   // in its tasks; empty where they do not agree
	Templated Observed      `json:"templated"` // in the stack's task definition, as of its last update
	Resolved  Observed      `json:"resolved"`  // what the template would have now; empty where nobody knows
	// Source is where the template takes the image from: literal, parameter, ssm-parameter, dynamic,
	// attribute, …; several with commas. It is "" where no stack owns the service.
	Source string `json:"source"`
}

// StackDrift is the stack that owns a service, and what its updates would do to the service.
type StackDrift struct {
	Name           string `json:"name"`
	ID             string `json:"id"`
	Status         string `json:"status"`
	Resource       string `json:"resource"`       // the service's logical id
	TaskDefinition string `json:"taskDefinition"` // ARN of the stack's own revision; "" where it has none
	// Update is what an update with the same template and the same values does, Change what one does
	// that changes the template's task definition, and Revert what a drift-reverting change set does.
	Update Prophecy `json:"update"`
	Change Prophecy `json:"change"`
	Revert Prophecy `json:"revert"`
	// Predicted is what change sets say; left out without --predict.
	Predicted *PredictedDrift `json:"predicted,omitempty"`
}

// Prophecy is what an update of a stack would do to a service.
type Prophecy struct {
	Effect Effect `json:"effect"`
	Text   string `json:"text"`
	// Images are what containers would have, as far as that is known.
	Images []ProphesiedImage `json:"images,omitempty"`
}

// ProphesiedImage is what a container would have.
type ProphesiedImage struct {
	Container ContainerName `json:"container"`
	Version   Observed      `json:"version"`
}

// Effect is what an update would do to a service.
type Effect string

// The effects.
const (
	EffectNothing Effect = "nothing" // the service stays as it is
	EffectSame    Effect = "same"    // another revision with the versions that are deployed
	EffectPinned  Effect = "pinned"  // what is pinned comes
	EffectOther   Effect = "other"   // another version than what is pinned comes
	EffectFails   Effect = "fails"   // the update fails
	EffectBlocked Effect = "blocked" // the stack cannot be updated now
	EffectUnknown Effect = "unknown" // nobody can tell
)

// PredictedDrift is what change sets of a stack say of a service. They were deleted.
type PredictedDrift struct {
	Update []string `json:"update"` // of the plain change set; empty where it changes nothing of the service
	Revert []string `json:"revert"` // of the drift-reverting one
	// Others are the other resources that one of the two changes.
	Others []string `json:"others,omitempty"`
}
