package customresource

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
)

// Resource answers what a custom resource is asked for.
type Resource interface {
	// Data returns what Fn::GetAtt should find. An error is reported to CloudFormation,
	// with its hints, and fails the stack's operation.
	Data(ctx context.Context, p Properties) (Data, error)
}

// Handler answers custom resources by their type. It may be used by several goroutines
// at once.
type Handler struct {
	Resources map[string]Resource // by their type, such as Custom::SsmParseDict
	Courier   Courier
}

// Outcome says what a request came to, in words that are no secret.
type Outcome struct {
	Request string `json:"request"` // Create, Update or Delete
	Type    string `json:"type"`
	Stack   string `json:"stack"`
	Logical string `json:"logicalResourceId"`
	Failed  string `json:"failed,omitempty"` // the reason that CloudFormation was told
}

// deliveryTime is what is kept back of the time that ctx leaves, so that an answer can
// still be delivered, and delivered again.
const deliveryTime = 10 * time.Second

// Handle answers one request. An error means that the answer did not arrive; handling
// the same request again is safe.
func (h *Handler) Handle(ctx context.Context, r Request) (Outcome, error) {
	outcome := Outcome{Request: r.RequestType, Type: r.ResourceType, Stack: r.StackID, Logical: r.LogicalResourceID}
	body, err := h.answer(ctx, r)
	if err != nil {
		outcome.Failed = reason(err)
		if body, err = r.failed(err); err != nil {
			return outcome, err
		}
	}
	return outcome, h.Courier.Deliver(ctx, r.ResponseURL, body)
}

func (h *Handler) answer(ctx context.Context, r Request) (body []byte, err error) {
	// A panic that is not answered keeps the stack waiting for an hour.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a defect in tagboat: %v", p)
		}
	}()
	switch r.RequestType {
	case "Delete":
		// There is nothing to delete, whatever the properties are: a resource that was
		// never created must be deletable, too.
		return r.succeeded(Data{}, false)
	case "Create", "Update":
	default:
		return nil, tagboat.Usagef("CloudFormation sent a request of the unknown type %q", r.RequestType)
	}
	ctx, cancel := early(ctx)
	defer cancel()
	return h.data(ctx, r)
}

func (h *Handler) data(ctx context.Context, r Request) ([]byte, error) {
	resource, ok := h.Resources[r.ResourceType]
	if !ok {
		known := slices.Sorted(maps.Keys(h.Resources))
		return nil, tagboat.Usagef("there is no custom resource %q", r.ResourceType).
			WithHint("%s", tagboat.Suggest(r.ResourceType, known))
	}
	noEcho, err := r.ResourceProperties.flag("NoEcho")
	if err != nil {
		return nil, err
	}
	data, err := resource.Data(ctx, r.ResourceProperties)
	if err != nil {
		return nil, err
	}
	return r.succeeded(data, noEcho)
}

// early returns a context that ends while there is still time to say so.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-min(deliveryTime, time.Until(end)/2)))
}
