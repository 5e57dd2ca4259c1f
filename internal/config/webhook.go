package config

import (
	"errors"
	"regexp"
	"slices"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/notify"
	"github.com/tagboat/tagboat/internal/source"
)

// Webhook receives how deployments ended. Its secrets are in environment variables.
type Webhook struct {
	URLEnv    string // the variable with its address
	SecretEnv string // the variable with the key that signs; "" for no signature
	Format    notify.Format
	On        []notify.Occasion   // never empty
	Stages    []tagboat.StageName // none for all
	Where     tagboat.Position
}

// Wants reports whether the webhook receives a verdict in a stage.
func (w Webhook) Wants(v tagboat.Verdict, stage tagboat.StageName) bool {
	return (len(w.Stages) == 0 || slices.Contains(w.Stages, stage)) &&
		slices.ContainsFunc(w.On, func(o notify.Occasion) bool { return o.Of(v) })
}

type fileWebhook struct {
	URLEnv    source.Text   `yaml:"urlEnv" doc:"the environment variable that holds the webhook's address"`
	SecretEnv source.Text   `yaml:"secretEnv" doc:"the environment variable that holds the key that signs what is sent"`
	Format    string        `yaml:"format" enum:"json,slack" doc:"what is sent: a document of Tagboat's, or what an incoming webhook of Slack takes; default: json"`
	On        []occasion    `yaml:"on" doc:"what it hears of; default: failure and success"`
	Stages    []source.Text `yaml:"stages" doc:"the stages that it hears of; default: all"`
	URL       secret        `yaml:"url" doc:"not here: name a variable with urlEnv"`
	Secret    secret        `yaml:"secret" doc:"not here: name a variable with secretEnv"`
	Where     tagboat.Position
}

// occasion is a notify.Occasion as it is written.
type occasion notify.Occasion

// DecodeNode implements source.Decoder.
func (o *occasion) DecodeNode(n *source.Node) error {
	if err := n.Want(source.String); err != nil {
		return err
	}
	if !slices.Contains(notify.Occasions(), notify.Occasion(n.Text)) {
		return n.Errorf("%q is not an occasion", n.Text).WithHint("write failure, success or all")
	}
	*o = occasion(n.Text)
	return nil
}

// JSONSchema implements source.Schemer.
func (occasion) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "enum": notify.Occasions()}
}

// secret is a value that the file must not have.
type secret struct{ at tagboat.Position }

// DecodeNode implements source.Decoder. It only takes note: builder says where the value
// belongs.
func (s *secret) DecodeNode(n *source.Node) error {
	s.at = n.At
	return nil
}

// JSONSchema implements source.Schemer.
func (secret) JSONSchema() map[string]any { return map[string]any{"not": map[string]any{}} }

var (
	_ source.Decoder = (*occasion)(nil)
	_ source.Schemer = occasion("")
	_ source.Decoder = (*secret)(nil)
	_ source.Schemer = secret{}
)

// variableName is what every shell and CI system takes.
// https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
var variableName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

func (b *builder) webhooks() {
	for _, from := range b.file.Notify {
		w := Webhook{URLEnv: from.URLEnv.Value, SecretEnv: from.SecretEnv.Value, Format: notify.Format(from.Format), Where: from.Where}
		if w.Format == "" {
			w.Format = notify.JSON
		}
		b.variables(from)
		if w.Format == notify.Slack && w.SecretEnv != "" {
			b.problem(from.SecretEnv.At, "Slack checks no signature").hint("leave secretEnv out: anybody who knows the webhook's address can post there")
		}
		for _, o := range from.On {
			w.On = append(w.On, notify.Occasion(o))
		}
		if len(w.On) == 0 {
			w.On = []notify.Occasion{notify.Failure, notify.Success}
		}
		for _, stage := range from.Stages {
			if !slices.Contains(b.stageNames(), stage.Value) {
				b.unknown("stage", stage, b.stageNames())
			}
			w.Stages = append(w.Stages, tagboat.StageName(stage.Value))
		}
		b.config.Notify = append(b.config.Notify, w)
	}
}

// variables checks that a webhook names variables, and has nothing that belongs in them.
func (b *builder) variables(from fileWebhook) {
	switch {
	case from.URL.at.File != "":
		b.secret(from.URL.at, "the address of a webhook does not belong in the file", "urlEnv")
	case from.URLEnv.Value == "":
		b.problem(from.Where, `"urlEnv" is missing`).hint("name the environment variable that holds the webhook's address, such as urlEnv: SLACK_WEBHOOK")
	}
	if from.Secret.at.File != "" {
		b.secret(from.Secret.at, "the key that signs does not belong in the file", "secretEnv")
	}
	for field, name := range map[string]source.Text{"urlEnv": from.URLEnv, "secretEnv": from.SecretEnv} {
		if name.Value != "" && !variableName().MatchString(name.Value) {
			b.secret(name.At, "this cannot be the name of an environment variable", field)
		}
	}
}

// secret notes a value that may be one, without saying it.
func (b *builder) secret(at tagboat.Position, what, field string) {
	b.secretLines[at.Line] = true
	b.problem(at, "%s", what).
		hint("keep the value in an environment variable, such as a secret of your CI system, and write the variable's name: %s: NAME", field)
}

// hideSecrets takes the lines with secrets out of what is said of a file.
func (b *builder) hideSecrets(err error) {
	for _, e := range source.Errors(err) {
		var placed *tagboat.Error
		if errors.As(e, &placed) && placed.Where != nil && b.secretLines[placed.Where.Line] {
			where := *placed.Where
			where.Text = ""
			placed.Where = &where
		}
	}
}
