package notify

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat"
)

// Format is the form of what is sent.
type Format string

// The formats.
const (
	JSON  Format = "json"  // a tagboat.Notification; the zero Format too
	Slack Format = "slack" // what an incoming webhook of Slack takes
)

func (f Format) encode(n tagboat.Notification) ([]byte, error) {
	var document any = n
	if f == Slack {
		document = slackMessage(n)
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("writing a notification: %w", err)
	}
	return body, nil
}
