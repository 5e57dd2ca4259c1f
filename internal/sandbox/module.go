package sandbox

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Module is one AWS service. It may also be a Saver and a Runner, and a Registry.
type Module interface {
	// Service returns the module's table of operations. It is asked once.
	Service() wire.Service
}

// Saver is a Module with state that can outlive the process.
type Saver interface {
	// Save returns a snapshot of all state that encoding/json can write. Whatever
	// changes later must not change the snapshot.
	Save() (any, error)
	// Load puts back what Save returned. It is called before any request is served.
	Load(json.RawMessage) error
}

// Runner is a Module that also works while nobody calls it, such as a scheduler.
type Runner interface {
	// Run works until ctx ends. An error other than ctx's ends the sandbox.
	Run(ctx context.Context) error
}

// Registry is a Module that also serves the OCI distribution API below /v2/. Who may
// call there is its own decision.
type Registry interface {
	http.Handler
}
