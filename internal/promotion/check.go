package promotion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/redact"
)

// asked is what a check of the team's own receives.
type asked struct {
	App         string            `json:"app"`
	Release     string            `json:"release"`
	ReleaseID   tagboat.Digest    `json:"releaseId"`
	Commit      string            `json:"commit"`
	Stage       tagboat.StageName `json:"stage"`
	Environment tagboat.EnvName   `json:"environment"`
	Tenant      string            `json:"tenant"`
}

// check asks a check of the team's own. What it says is cut where it is long.
func (p *Promotions) check(ctx context.Context, c config.Check, m *move) tagboat.GateResult {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	about := asked{
		App: p.Fleet.Config.App, Release: called(*m.release), ReleaseID: m.release.ID, Commit: m.release.Commit,
		Stage: m.stage.Name, Environment: m.env.Name, Tenant: m.env.Tenant,
	}
	g := tagboat.GateResult{Gate: "check"}
	var said string
	var err error
	if c.URL != "" {
		said, err = p.ask(ctx, c.URL, about)
	} else {
		said, err = p.run(ctx, c.Command, about)
	}
	if said = strings.TrimSpace(said); said == "" {
		said = "it said nothing"
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		g.Reason = fmt.Sprintf("it did not answer within %s", c.Timeout)
	case err != nil:
		g.Reason = fmt.Sprintf("%v: %s", err, said)
	default:
		g.Passed, g.Reason = true, said
	}
	if !g.Passed {
		g.Cause, g.Hint = tagboat.CauseCheck, "the check of stage "+string(m.stage.Name)+" is the team's own: see what it asks for"
	}
	return g
}

// mostSaid is how much of a check's answer is kept, in bytes.
const mostSaid = 500

func shortened(b []byte) string {
	if len(b) > mostSaid {
		return strings.ToValidUTF8(string(b[:mostSaid]), "") + "…"
	}
	return strings.ToValidUTF8(string(b), "?")
}

// run runs a program, whose variables name what is asked about, and not flags of Tagboat, in the directory of tagboat.yaml. It passes with exit code 0.
func (p *Promotions) run(ctx context.Context, command []string, about asked) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = p.Fleet.Config.Dir
	cmd.Env = append(os.Environ(),
		"TAGBOAT_CHECK_APP="+about.App, "TAGBOAT_CHECK_RELEASE="+about.Release, "TAGBOAT_CHECK_RELEASE_ID="+string(about.ReleaseID), "TAGBOAT_CHECK_COMMIT="+about.Commit,
		"TAGBOAT_CHECK_STAGE="+string(about.Stage), "TAGBOAT_CHECK_ENVIRONMENT="+string(about.Environment), "TAGBOAT_CHECK_TENANT="+about.Tenant)
	out, err := cmd.CombinedOutput()
	return shortened(out), err
}

// ask sends the question to an address. It passes with an answer of 200.
func (p *Promotions) ask(ctx context.Context, url string, about asked) (string, error) {
	body, err := json.Marshal(about)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", redact.Address(err)
	}
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: p.Transport}
	response, err := client.Do(request)
	if err != nil {
		return "", redact.Address(err)
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(response.Body, mostSaid+1))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answered %s", response.Status)
	}
	return shortened(said), err
}
