package cli

import (
	"context"
	"errors"
	"github.com/tagboat/tagboat/internal/access"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat/internal/console"
)

// loginDocument is what login prints with -o json. It has no password.
type loginDocument struct {
	Logins []loginEntry `json:"logins"`
}

type loginEntry struct {
	Registry string     `json:"registry"`
	User     string     `json:"user"`    // "" where AWS has no login for the registry
	Expires  *time.Time `json:"expires"` // null where AWS has none
}

func newLogin(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:     "login [REGISTRY...]",
		Short:   "Check the logins to registries, and let docker use them; nothing is written to disk",
		Long:    "Makes a login for each registry, by default for those of tagboat.yaml, and says how\nlong it holds. Nothing is kept: Tagboat makes its logins to ECR from your AWS credentials\nwhenever it needs one, and does the same for docker, podman and others where it is their\ncredential helper, docker-credential-tagboat.",
		GroupID: "truth",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogin(cmd.Context(), f, args)
		},
	}
}

func runLogin(ctx context.Context, f *frame, registries []string) error {
	if len(registries) == 0 {
		a, err := f.open(ctx)
		if err != nil {
			return err
		}
		registries = a.Images.Hosts()
	}
	doc := loginDocument{Logins: []loginEntry{}}
	for _, host := range registries {
		login, err := access.LoginTo(ctx, host)
		switch {
		case errors.Is(err, access.ErrNoLogin):
			doc.Logins = append(doc.Logins, loginEntry{Registry: host})
		case err != nil:
			return err
		default:
			expires := login.Expires.UTC()
			doc.Logins = append(doc.Logins, loginEntry{host, login.User, &expires})
		}
	}
	if f.json() {
		return f.JSON(doc)
	}
	f.printLogins(doc)
	return nil
}

func (f *frame) printLogins(doc loginDocument) {
	table := console.NewTable("REGISTRY", "USER", "HOLDS UNTIL")
	ours := ""
	for _, login := range doc.Logins {
		if login.Expires == nil {
			table.Row(console.Text(login.Registry), console.Text("-"), console.Cell{Text: "not ECR: docker's own login is used, or none", Style: console.Faint})
			continue
		}
		ours = login.Registry
		table.Row(console.Text(login.Registry), console.Text(login.User), console.Text(login.Expires.Format(time.RFC3339)))
	}
	table.Print(f.Streams)
	if ours != "" {
		f.Talkf("nothing was written. For docker and others to log in the same way:\n"+
			"  ln -s \"$(command -v tagboat)\" /usr/local/bin/%s\n"+
			"  and in ~/.docker/config.json: {\"credHelpers\": {\"%s\": \"tagboat\"}}\n", helperName, ours)
	}
}
