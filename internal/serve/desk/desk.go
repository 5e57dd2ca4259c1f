package desk

import (
	"context"

	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/trace"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// Tools are the use cases that a Desk works with, with the credentials of one caller.
type Tools struct {
	View       delivery.View
	Trace      *trace.Trace
	History    *history.History
	Images     catalog.Images
	Releases   *release.Releases
	Promotions *promotion.Promotions
	Rollbacks  *delivery.Rollbacks
	Holds      *pinning.Holds
}

// Board is what everybody sees.
type Board interface {
	// Now returns what was seen last.
	Now() *board.State
	// Nudge has environments looked at soon, since something was done there.
	Nudge(environments ...tagboat.EnvName)
	// Operate tells that an operation went on.
	Operate(id string)
}

// Options are what a Desk works with.
type Options struct {
	Config *config.Config
	Board  Board
	Tools  Tools // with the server's own credentials
	// As returns the tools of a person, whose name is that of the sessions in AWS where tagboat.yaml
	// names a role for that, and the journal's actor.
	As       func(ctx context.Context, name string) (Tools, error)
	ReadOnly bool // nothing is done for anybody
}

var _ Board = (*board.Board)(nil)

// Desk answers and acts. It is safe for concurrent use.
type Desk struct{ options Options }

// New returns a Desk whose operations run until ctx ends.
func New(_ context.Context, o Options) *Desk { return &Desk{o} }

// HistoryQuery filters the history. Empty fields let everything through.
type HistoryQuery struct {
	fleet.Selection
	Image        tagboat.ImageName
	Since, Until access.When
	Limit        int    // 0 for a page of the usual length
	After        string // the id of the last event of the page before; "" for the first page
}

var errUnbuilt = tagboat.Errorf(tagboat.Internal, "it is not built yet")

// Status returns the matrix as it was seen last, or at a time.
func (d *Desk) Status(context.Context, fleet.Selection, access.When) (tagboat.StatusDocument, error) {
	return tagboat.StatusDocument{}, errUnbuilt
}

// Service returns all that there is to say of one service in one environment.
func (d *Desk) Service(context.Context, tagboat.EnvName, tagboat.ServiceName) (tagboat.ServiceDocument, error) {
	return tagboat.ServiceDocument{}, errUnbuilt
}

// Rollout returns how ECS brings a service's tasks from one revision to another.
func (d *Desk) Rollout(context.Context, tagboat.EnvName, tagboat.ServiceName) (tagboat.RolloutDocument, error) {
	return tagboat.RolloutDocument{}, errUnbuilt
}

// Explain says why a service does not run well.
func (d *Desk) Explain(context.Context, tagboat.EnvName, tagboat.ServiceName) (delivery.Explanation, error) {
	return delivery.Explanation{}, errUnbuilt
}

// Why returns the chain from the newest push of an image to the tasks that run it.
func (d *Desk) Why(context.Context, tagboat.EnvName, tagboat.ImageName) (tagboat.WhyDocument, error) {
	return tagboat.WhyDocument{}, errUnbuilt
}

// Where tells where a release, version, tag or commit is and was.
func (d *Desk) Where(context.Context, string) (tagboat.WhereDocument, error) {
	return tagboat.WhereDocument{}, errUnbuilt
}

// Images returns the images, each with what its rule chooses.
func (d *Desk) Images(context.Context) (tagboat.ImagesOverview, error) {
	return tagboat.ImagesOverview{}, errUnbuilt
}

// Image returns the versions of an image, newest first, and what its rule says of each tag.
func (d *Desk) Image(_ context.Context, _ tagboat.ImageName, limit int) (tagboat.ImagesDocument, error) {
	return tagboat.ImagesDocument{}, errUnbuilt
}

// Releases returns the releases, the newest first.
func (d *Desk) Releases(context.Context) (tagboat.ReleasesDocument, error) {
	return tagboat.ReleasesDocument{}, errUnbuilt
}

// Release returns what a release has.
func (d *Desk) Release(context.Context, string) (tagboat.ReleaseDocument, error) {
	return tagboat.ReleaseDocument{}, errUnbuilt
}

// Diff returns what differs between two releases.
func (d *Desk) Diff(_ context.Context, from, to string) (tagboat.ReleaseDiffDocument, error) {
	return tagboat.ReleaseDiffDocument{}, errUnbuilt
}

// History returns a page of what was changed, the newest first.
func (d *Desk) History(context.Context, HistoryQuery) (tagboat.HistoryDocument, error) {
	return tagboat.HistoryDocument{}, errUnbuilt
}

// Person returns what a person may do here.
func (d *Desk) Person(door.Person) tagboat.PersonDocument { return tagboat.PersonDocument{} }

// Plan returns what actions would do, as the person, with the hash of that. It changes nothing. What
// cannot be done is refused action by action, in the document.
func (d *Desk) Plan(context.Context, door.Person, []tagboat.Action) (tagboat.ActionsDocument, error) {
	return tagboat.ActionsDocument{}, errUnbuilt
}

// Do plans actions anew and, where that comes to the plan with the hash, begins an operation that does
// exactly that. The error is of kind Blocked where it came to something else, and says what differs.
func (d *Desk) Do(context.Context, door.Person, []tagboat.Action, string) (tagboat.OperationDocument, error) {
	return tagboat.OperationDocument{}, errUnbuilt
}

// Operations returns what was done for people, the newest first.
func (d *Desk) Operations() tagboat.OperationsDocument { return tagboat.OperationsDocument{} }

// Operation returns how an operation goes on, or ended; false where there is none with that id.
func (d *Desk) Operation(string) (tagboat.OperationDocument, bool) {
	return tagboat.OperationDocument{}, false
}

// Close waits until the operations that run have ended, or ctx has: then they end as interrupted, and
// what they began in ECS continues.
func (d *Desk) Close(context.Context) {}
