package tagboat

import "time"

// Pin says which version of an image should run in an environment.
type Pin struct {
	Image            ImageName  `json:"image"`
	Repository       string     `json:"repository"` // with its host
	Tag              string     `json:"tag"`
	Digest           Digest     `json:"digest"`
	Parameter        string     `json:"parameter"` // the parameter that holds the pin
	ParameterVersion int64      `json:"parameterVersion"`
	SetBy            string     `json:"setBy"`
	SetAt            *time.Time `json:"setAt"`
	Message          string     `json:"message"`
	Hold             *Hold      `json:"hold"`
}

// Reference returns what the pin stands for.
func (p Pin) Reference() Reference {
	r, err := ParseReference(p.Repository)
	if err != nil {
		r = Reference{Repository: p.Repository}
	}
	r.Tag, r.Digest = p.Tag, p.Digest
	return r
}

// Pins reports whether the pin is one of a version: by its tag where it has no digest.
func (p Pin) Pins(version Reference) bool {
	if p.Digest == "" {
		return p.Tag == version.Tag
	}
	return p.Digest == version.Digest
}

// List returns an empty list for none, which JSON would write as null.
func List[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Hold stops automation from changing a pin. People can still act.
type Hold struct {
	Reason string     `json:"reason"`
	By     string     `json:"by"`
	Since  *time.Time `json:"since"`
	Until  *time.Time `json:"until"`
}

// HeldImage is a hold and what it is on.
type HeldImage struct {
	Image ImageName `json:"image"` // "*" for all of the environment
	Hold
}

// HoldsDocument is what hold and unhold print with -o json: the holds that there are now.
type HoldsDocument struct {
	Environment EnvName     `json:"environment"` // "" for the freeze of everything
	Holds       []HeldImage `json:"holds"`
}

// PinsDocument is what pins and pin print with -o json.
type PinsDocument struct {
	Environment EnvName    `json:"environment"`
	AsOf        *time.Time `json:"asOf"`
	Pins        []Pin      `json:"pins"`
	// Overwritten are updates that somebody overwrote who knows nothing of the ledger's
	// protocol, by putting back what was there before; pins --restore brings them back.
	Overwritten []Overwritten `json:"overwritten,omitempty"`
	// Replaced are pins that others made after these were decided on and before they were
	// written: what pin wrote took their place.
	Replaced []Replaced `json:"replaced,omitempty"`
	// Projections are the parameters that follow one pin each, where there are any.
	Projections []Projection `json:"projections,omitempty"`
	// Unpinned are images of the file of which no version is pinned; pins alone says so.
	Unpinned []ImageName `json:"unpinned,omitempty"`
	// Errors are what could not be read; the rest of the document is still valid.
	Errors []EnvironmentError `json:"errors,omitempty"`
}

// Overwritten is an update that got lost, and who overwrote it.
type Overwritten struct {
	Pin                     // as it was
	OverwrittenBy string    `json:"overwrittenBy"`
	OverwrittenAt time.Time `json:"overwrittenAt"`
}

// Replaced is a pin of somebody else's that another one took the place of unseen.
type Replaced struct {
	Image            ImageName `json:"image"`
	Tag              string    `json:"tag"`
	Digest           Digest    `json:"digest"` // "" where the image had been taken out
	By               string    `json:"by"`     // "" if it is no longer known
	ParameterVersion int64     `json:"parameterVersion"`
	Message          string    `json:"message"`
}

// Projection is a parameter that holds the pin of one image, for what reads no JSON.
type Projection struct {
	Image     ImageName `json:"image"`
	Parameter string    `json:"parameter"`
	Value     string    `json:"value"` // "" where the parameter does not exist
	Stale     bool      `json:"stale"` // it does not have what the ledger says
}

// Problem is something that a plan found. Those among the problems would make a deployment
// fail; those among the warnings may be right, or say what could not be checked.
type Problem struct {
	Environment EnvName     `json:"environment"`
	Service     ServiceName `json:"service"`
	Message     string      `json:"message"`
	Where       string      `json:"where"` // file:line:column, or ""
	Hint        string      `json:"hint"`
	At          Position    `json:"-"` // Where, with the line itself; zero where unknown
}

// Change is what a deployment would do to one service in one environment.
type Change struct {
	Environment EnvName     `json:"environment"`
	Service     ServiceName `json:"service"`
	Steps       []string    `json:"steps"`
	Diff        string      `json:"diff"`
	// Images are what the containers come to run, and what they ran before.
	Images []ImageState `json:"images"`
}

// PlanDocument is what plan prints with -o json.
type PlanDocument struct {
	Changes  []Change  `json:"changes"`
	Problems []Problem `json:"problems"`
	Warnings []Problem `json:"warnings"`
	// Pins are those that change before: of a rollback, and where a version is named.
	Pins []PinChange `json:"pins,omitempty"`
	// Back is what services go back from and to, of a rollback.
	Back []GoingBack `json:"back,omitempty"`
	// LeftAlone are services that would stay as they are, whatever should run.
	LeftAlone []LeftAlone `json:"leftAlone,omitempty"`
	// Unchanged is how many services run what they should.
	Unchanged int `json:"unchanged"`
}

// GoingBack is what a service goes back from and to.
type GoingBack struct {
	Environment EnvName       `json:"environment"`
	Service     ServiceName   `json:"service"`
	Images      []ImageState  `json:"images"` // what is pinned, and as previous what runs
	From        RevisionSince `json:"from"`
	To          RevisionSince `json:"to"`
}

// RevisionSince is a revision, and when it was deployed.
type RevisionSince struct {
	TaskDefinition string     `json:"taskDefinition"` // ARN; "" where nothing runs
	Since          *time.Time `json:"since"`
	AgeSeconds     int64      `json:"ageSeconds"` // by AWS's clock
}

// LeftAlone is a service that a command leaves as it is: the verdict that it ends in, and why.
type LeftAlone struct {
	Environment EnvName     `json:"environment"`
	Service     ServiceName `json:"service"`
	Verdict     Verdict     `json:"verdict"` // blocked or skipped
	Reason      string      `json:"reason"`
}

// PinChange is a pin that another version takes the place of.
type PinChange struct {
	Environment EnvName   `json:"environment"`
	Image       ImageName `json:"image"`
	From        Observed  `json:"from"`
	To          Observed  `json:"to"`
}

// ImageState compares, for one container, what should run with what runs.
type ImageState struct {
	Container ContainerName `json:"container"`
	Image     ImageName     `json:"image"`
	Tag       string        `json:"tag"`     // of the pinned version
	Pinned    Digest        `json:"pinned"`  // "" where nothing is pinned
	Running   Digest        `json:"running"` // "" where nothing runs, or not all tasks agree
	// RunningTag is the tag that the running version was pinned by, "" where unknown.
	RunningTag string `json:"runningTag"`
	// Revision is the git commit of the pinned version; plan alone has it, where it is known.
	Revision string `json:"revision,omitempty"`
	// Deploying and DeployingTag are what a deployment brings that goes on; status alone has them.
	Deploying    Digest `json:"deploying,omitempty"`
	DeployingTag string `json:"deployingTag,omitempty"`
	// Previous and PreviousTag are what ran before a deployment, where that is known.
	Previous    Digest `json:"previous,omitempty"`
	PreviousTag string `json:"previousTag,omitempty"`
	// PreviousRevision is the git commit of the previous version, where its definition says it.
	PreviousRevision string `json:"previousRevision,omitempty"`
}

// Cause is one reason why a rollout fails, in plain words.
type Cause struct {
	Cause    string `json:"cause"`    // what happened
	Evidence string `json:"evidence"` // what AWS said, or the last log lines
	Advice   string `json:"advice"`   // what to change
	// Class says whose it is to mend: yours, aws, or transient where it may pass by itself.
	// It is "" where nobody knows.
	Class string `json:"class"`
}

// Deployment is how making ECS match the pins ended for one service in one
// environment.
type Deployment struct {
	Environment            EnvName      `json:"environment"`
	Service                ServiceName  `json:"service"`
	Verdict                Verdict      `json:"verdict"`
	Reason                 string       `json:"reason"`
	DeploymentID           string       `json:"deploymentId"` // ecs-svc/…: the one that we started
	TaskDefinition         string       `json:"taskDefinition"`
	PreviousTaskDefinition string       `json:"previousTaskDefinition"`
	Images                 []ImageState `json:"images"`
	Causes                 []Cause      `json:"causes"`
	StartedAt              time.Time    `json:"startedAt"`
	EndedAt                time.Time    `json:"endedAt"`
	// ECSRollsBack says of a deployment which goes on that ECS rolls it back by itself where
	// it fails.
	ECSRollsBack bool `json:"ecsRollsBack"`
	// Refused says that AWS refused to begin: what the service runs was not touched.
	Refused bool `json:"refused"`
	// ConsoleURL is the page of AWS's console with the service's deployments; "" where
	// there is none, as in a sandbox.
	ConsoleURL string `json:"consoleUrl"`
}

// Calls counts the requests that went to AWS, retries included.
type Calls struct {
	Total       int            `json:"total"`
	Throttled   int            `json:"throttled"`
	Retried     int            `json:"retried"`
	ByOperation map[string]int `json:"byOperation"` // "ecs.DescribeServices": n
	// ThrottledByOperation has those that were throttled; it is left out where there are none.
	ThrottledByOperation map[string]int `json:"throttledByOperation,omitempty"`
}

// DeployDocument is what deploy prints with -o json.
type DeployDocument struct {
	Deployments []Deployment `json:"deployments"`
	Calls       Calls        `json:"calls"`
}

// ServiceStatus is one cell of the matrix of services and environments, from what
// was observed and not from what was last asked for.
type ServiceStatus struct {
	Environment EnvName      `json:"environment"`
	Stage       StageName    `json:"stage"`
	Tenant      string       `json:"tenant"`
	Service     ServiceName  `json:"service"`
	Release     string       `json:"release"` // that the environment has; "" where it has had none
	Images      []ImageState `json:"images"`
	Drift       []string     `json:"drift"`   // in words; empty where there is none
	Verdict     Verdict      `json:"verdict"` // "" while a rollout goes on
	State       string       `json:"state"`   // steady, in-progress, failed, missing, inactive, draining, stopped
	Healthy     int          `json:"healthy"`
	Desired     int          `json:"desired"`
	AgeSeconds  int64        `json:"ageSeconds"` // since the deployment that runs began
	Behind      int          `json:"behind"`     // releases that the environment is behind the one before it
	Hold        *Hold        `json:"hold"`
	// MainContainer is the one whose version stands for the service's; "" where it has none
	// of ours.
	MainContainer ContainerName `json:"mainContainer"`
	// Since is when the deployment that runs began, DeploymentID which it is, and
	// TaskDefinition the ARN of its revision; null and "" where there is none.
	Since          *time.Time `json:"since"`
	DeploymentID   string     `json:"deploymentId"`
	TaskDefinition string     `json:"taskDefinition"`
	// ConsoleURL is the service's page of AWS's console; "" where there is none, as in a
	// sandbox.
	ConsoleURL string `json:"consoleUrl"`
	// Stack is the name of the stack of CloudFormation that the service's tags name, or through which a
	// service is deployed that is missing; left out where there is none.
	Stack string `json:"stack,omitempty"`
}

// Main returns the image of the main container; the zero value where there is none.
func (s ServiceStatus) Main() ImageState {
	for _, i := range s.Images {
		if i.Container == s.MainContainer {
			return i
		}
	}
	return ImageState{}
}

// DoctorDocument is what doctor prints with -o json.
type DoctorDocument struct {
	Checks []Check `json:"checks"`
}

// Healthy reports whether no check found a problem.
func (d DoctorDocument) Healthy() bool {
	for _, c := range d.Checks {
		if c.Result == CheckProblem {
			return false
		}
	}
	return true
}

// Check is one thing that doctor looked at.
type Check struct {
	Environment EnvName     `json:"environment,omitempty"` // "" for what no environment has
	Check       string      `json:"check"`
	Result      CheckResult `json:"result"`
	Message     string      `json:"message"`          // what was found
	Advice      string      `json:"advice,omitempty"` // what to do
}

// CheckResult says how a check ended.
type CheckResult string

// The results.
const (
	CheckOK        CheckResult = "ok"
	CheckProblem   CheckResult = "problem"
	CheckUnchecked CheckResult = "unchecked" // nobody knows
)

// StatusDocument is what status prints with -o json.
type StatusDocument struct {
	// AsOf is the time of --as-of; null for now. Of another time it is not known what was
	// unhealthy, drifted or held, so that these are empty.
	AsOf     *time.Time      `json:"asOf"`
	Services []ServiceStatus `json:"services"`
	// Environments are what environments have of releases, where releases are used.
	Environments []EnvironmentStatus `json:"environments,omitempty"`
	// Frozen is the freeze of everything; null where there is none.
	Frozen *Hold `json:"frozen"`
	// Errors are what could not be read; the rest of the document is still valid.
	Errors []EnvironmentError `json:"errors,omitempty"`
}
