package notify

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Slack's limits. That of a whole message is not documented; one of more than 13,000
// characters has been refused with msg_blocks_too_long.
//
//   - https://docs.slack.dev/reference/block-kit/blocks/header-block
//   - https://docs.slack.dev/reference/block-kit/blocks/section-block
//   - https://github.com/slackapi/bolt-js/issues/2509
const (
	headerLimit  = 150
	sectionLimit = 3000
	messageLimit = 10_000
	blockLimit   = 40
)

// message is what an incoming webhook takes.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
type message struct {
	Text   string  `json:"text"` // what a notification on a phone shows
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string `json:"type"`
	Text     *words `json:"text,omitempty"`
	Elements []any  `json:"elements,omitempty"`
}

type words struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// slackMessage tells of the deployments, the most worrying first, as many as Slack takes.
// It has no log lines: those may hold what not everybody in a channel should see.
func slackMessage(n tagboat.Notification) message {
	title := fmt.Sprintf("%s %s: %s", n.App, n.Command, tagboat.Tally(n.Deployments))
	m := message{Text: escape(title), Blocks: []block{{Type: "header", Text: &words{"plain_text", cut(title, headerLimit)}}}}
	if by := who(n); by != "" {
		m.Blocks = append(m.Blocks, block{Type: "context", Elements: []any{words{"mrkdwn", cut(by, sectionLimit)}}})
	}
	ordered, room := tagboat.ByConcern(n.Deployments), messageLimit
	for i, d := range ordered {
		text := cut(describe(d), sectionLimit)
		room -= utf8.RuneCountInString(text)
		if room < 0 || len(m.Blocks) == blockLimit-1 {
			text = fmt.Sprintf("and %s", tagboat.Tally(ordered[i:]))
			return m.with(text)
		}
		m = m.with(text)
	}
	return m
}

func (m message) with(text string) message {
	m.Blocks = append(m.Blocks, block{Type: "section", Text: &words{"mrkdwn", text}})
	return m
}

func who(n tagboat.Notification) string {
	var parts []string
	for _, part := range []string{n.Actor, n.Message} {
		if part != "" {
			parts = append(parts, escape(cut(oneLine(part), reasonLimit)))
		}
	}
	if n.Run != "" {
		parts = append(parts, link(n.Run, "run"))
	}
	return strings.Join(parts, " · ")
}

// describe tells of one deployment in a few lines.
func describe(d tagboat.Deployment) string {
	text := fmt.Sprintf("%s *%s/%s* %s", d.Verdict.Concern().Sign(), escape(string(d.Environment)), escape(string(d.Service)), d.Verdict)
	for _, image := range d.Images {
		text += " · " + escape(string(image.Image)+" "+image.Change())
	}
	if d.ConsoleURL != "" {
		text += " · " + link(d.ConsoleURL, "console")
	}
	if d.Verdict.Concern() >= tagboat.Fine {
		return text
	}
	text += "\n>" + escape(cut(oneLine(d.Reason), reasonLimit))
	if len(d.Causes) > 0 && d.Causes[0].Advice != "" {
		text += "\n>→ " + escape(cut(oneLine(d.Causes[0].Advice), reasonLimit))
	}
	return text
}

// reasonLimit keeps one deployment from taking the room of all others.
const reasonLimit = 600

func link(url, text string) string { return "<" + escape(url) + "|" + text + ">" }

func oneLine(text string) string { return strings.Join(strings.Fields(console.Printable(text)), " ") }

// escape makes text that Slack shows as it is: <!channel> tells nobody.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// cut shortens text to so many characters.
func cut(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
