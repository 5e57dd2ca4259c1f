// Package promotion brings releases from stage to stage:
//
//	Plan:  release × environments ──▶ evidence (ECS, registries, home) ──▶ gates (stage) ──▶ checklist
//	Do:    claim ──▶ pins ──▶ deploy ──▶ trail, journal        each environment at its own pace
//
// One promotion is active in an environment. Its claim stands beside the environment's holds, by
// the ledger's protocol, and whatever a killed run left behind the same command takes up again.
package promotion

import (
	"net/http"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/release"
)

// Promotions brings releases to environments. It is safe for concurrent use.
type Promotions struct {
	Fleet     *fleet.Fleet
	Access    *access.Access
	Registry  *registry.Client
	Releases  *release.Releases
	Home      *home.Home
	Pinning   *pinning.Pinning
	Delivery  *delivery.Delivery
	History   *history.History
	Recorder  *history.Recorder
	Transport http.RoundTripper // of the checks of the team's own; nil means that of net/http

	runs runs
}

// Request says which release goes where.
type Request struct {
	fleet.Selection // of environments; services are not chosen
	// Newest are the images whose newest versions stages with auto: newest get; none for all of them.
	Newest []tagboat.ImageName
	// Release is a name, an id, or the beginning of one; "" for what each environment's stage says,
	// and of those that go back for the last good one that each had before.
	Release    string
	Message    string
	Automation bool // no person asks: what a stage says of auto, holds and rejections bind
	BreakGlass bool // a person overrides the gates that can be
	Back       bool // the environments go back: gates that are about what is new do not count
	Look       bool // somebody only asks how things stand: the check of the team's own is not run
	DryRun     bool // only a plan is wanted: of going back it says what differs
	// Ended hears how the promotion to each environment ended, as soon as it did; nil for nobody.
	Ended func(tagboat.PromotionResult)
}

// Set is what promotions would do, environment by environment.
type Set struct {
	request Request
	moves   []*move
	absent  []tagboat.PromotionResult // tenants that have no environment in the stage
	warned  []string
}
