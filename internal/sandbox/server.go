package sandbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/cloudformation"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
	"github.com/tagboat/tagboat/internal/sandbox/events"
	"github.com/tagboat/tagboat/internal/sandbox/iam"
	"github.com/tagboat/tagboat/internal/sandbox/sts"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Server is AWS in one http.Handler. It is safe for concurrent use.
type Server struct {
	config   Config
	id       string      // of this run, so that clients can tell what they kept from another
	clock    clock.Clock // inside of AWS
	client   clock.Clock // of the clients
	sts      *sts.Service
	modules  []Module
	services []wire.Service
	registry http.Handler // nil where no module is a Registry
	control  http.Handler // /_sandbox/ and the front page

	calls     *callLog
	faults    *faultList
	iam       *iam.Service            // nil where Config.Modules replaced it
	ecs       *ecs.Service            // nil where Config.Modules replaced it
	events    *events.Service         // nil where Config.Modules replaced it
	stacks    *cloudformation.Service // nil where Config.Modules replaced it
	functions functions

	quotas *quotas // nil where they are off
	store  *store  // nil where nothing is kept
	lock   *lock   // of the directory where store is
	dirty  atomic.Bool
}

// New returns a server with the state that config.DataDir holds, which no other sandbox may
// be using. Run has to run for rollouts to go on and state to be kept.
func New(config Config) (_ *Server, err error) {
	config, err = config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{config: config, id: rand.Text(), calls: newCallLog(), faults: &faultList{}}
	start := time.Now().UTC()
	if config.DataDir != "" {
		if s.lock, err = lockDir(config.DataDir, config.holder()); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, s.lock.release())
			}
		}()
		if s.store, start, err = openStore(config.DataDir, start); err != nil {
			return nil, err
		}
	}
	s.clock, s.client = config.clocks(start)
	if config.Quotas == "aws" {
		s.quotas = newQuotas(s.client)
	}
	s.sts = sts.New(config.Account, s.client)
	for _, fault := range config.Faults {
		if err = s.faults.order(fault); err != nil {
			return nil, err
		}
	}
	if err := s.assemble(); err != nil {
		return nil, err
	}
	s.control = s.controlHandler()
	if err = s.load(); err != nil {
		return nil, err
	}
	return s, nil
}

// assemble makes the modules and the tables to find them by.
func (s *Server) assemble() error {
	s.modules = s.config.Modules
	if s.modules == nil {
		var err error
		if s.modules, err = s.builtin(); err != nil {
			return err
		}
	}
	s.modules = append([]Module{s.sts}, s.modules...)
	for _, m := range s.modules {
		s.services = append(s.services, m.Service())
		if r, ok := m.(Registry); ok {
			s.registry = r
		}
	}
	return nil
}

// ServeHTTP answers every request there is: AWS calls on /, the registry below /v2/,
// and the sandbox's own below /_sandbox/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.clock.Now().Format(http.TimeFormat))
	w.Header().Set("Server", "tagboat-sandbox")
	w.Header().Set("Sandbox-Id", s.id)
	switch {
	case strings.HasPrefix(r.URL.Path, "/_sandbox/"):
		s.control.ServeHTTP(w, r)
	case s.registry != nil && (r.URL.Path == "/v2" || strings.HasPrefix(r.URL.Path, "/v2/")):
		s.serveRegistry(w, r)
	case isFrontPage(r):
		s.frontPage(w, r)
	default:
		s.serveAPI(w, r)
	}
}

// Now returns the sandbox's time.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Close keeps the state once more and lets another sandbox have the directory. Requests that
// are served after that are lost.
func (s *Server) Close() error {
	if s.store == nil || s.lock.released() {
		return nil
	}
	return errors.Join(s.keep(), s.lock.release())
}

// keep keeps the state of now.
func (s *Server) keep() error {
	if s.store == nil {
		return nil
	}
	if err := errors.Join(s.save(), s.store.saveClock(s.clock.Now())); err != nil {
		return fmt.Errorf("saving the sandbox's state: %w", err)
	}
	return nil
}

var _ http.Handler = (*Server)(nil)

// Env returns the environment variables, as NAME=value, that make the AWS SDKs and
// the AWS command line talk to the sandbox at an endpoint such as
// http://127.0.0.1:4510. The credentials are no secret: no signature is checked.
// https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
func (s *Server) Env(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint,
		"AWS_REGION=" + s.config.Region,
		"AWS_DEFAULT_REGION=" + s.config.Region, // botocore reads this one only
		"AWS_ACCESS_KEY_ID=sandbox",
		"AWS_SECRET_ACCESS_KEY=sandbox",
		"AWS_SESSION_TOKEN=", // one that is left over does not fit these keys
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=", // the command line must not wait for a key
	}
}
