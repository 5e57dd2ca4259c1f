package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cli/screen"
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

type loginOptions struct {
	registries []string // none for those of tagboat.yaml
}

func newLogin(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:     "login [REGISTRY...]",
		Short:   "Check the logins to registries, and let docker use them; nothing is written to disk",
		Long:    "Makes a login for each registry, by default for those of tagboat.yaml, and says how\nlong it holds. Nothing is kept: Tagboat makes its logins to ECR from your AWS credentials\nwhenever it needs one, and does the same for docker, podman and others where it is their\ncredential helper, docker-credential-tagboat.",
		Example: "  tagboat login\n  tagboat login 111111111111.dkr.ecr.eu-west-1.amazonaws.com",
		GroupID: "truth",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogin(cmd.Context(), f, loginOptions{registries: args})
		},
	}
}

func runLogin(ctx context.Context, f *frame, o loginOptions) error {
	if len(o.registries) == 0 {
		a, err := f.open(ctx)
		if err != nil {
			return err
		}
		o.registries = a.Images.Hosts()
	}
	doc := loginDocument{Logins: []loginEntry{}}
	for _, host := range o.registries {
		login, err := access.LoginTo(ctx, host, f.transport)
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
	return show(f, doc, printLogins)
}

func printLogins(on *screen.Screen, doc loginDocument) {
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
	table.Print(on.Streams)
	if ours != "" {
		on.Talkf("nothing was written. For docker and others to log in the same way:\n"+
			"  ln -s \"$(command -v tagboat)\" /usr/local/bin/%s\n"+
			"  and in ~/.docker/config.json: {\"credHelpers\": {\"%s\": \"tagboat\"}}\n", helperName, ours)
	}
}

// helperName is what docker calls the credential helper tagboat.
const helperName = "docker-credential-tagboat"

// IsCredentialHelper reports whether the program was started by the name under which
// docker looks for a credential helper.
func IsCredentialHelper(program string) bool {
	return strings.TrimSuffix(filepath.Base(program), ".exe") == helperName
}

// CredentialHelper answers docker and returns the exit code. Answers and errors alike go
// to standard output, which is the protocol's. Nothing is ever kept.
// https://github.com/docker/docker-credential-helpers#development
func CredentialHelper(ctx context.Context, args []string, streams *console.Streams) int {
	if err := credential(ctx, args, streams, nil); err != nil {
		streams.Printf("%s\n", err)
		return 1
	}
	return 0
}

// errNotFound is the answer that lets docker go on without a login.
// https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go
var errNotFound = errors.New("credentials not found in native keychain")

type credentials struct {
	ServerURL string
	Username  string
	Secret    string
}

func credential(ctx context.Context, args []string, streams *console.Streams, transport http.RoundTripper) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: %s get|store|erase|list", helperName)
	}
	switch args[0] {
	case "get":
		return getCredential(ctx, streams, transport)
	case "list":
		return listCredentials(streams, os.Getenv)
	case "store", "erase":
		_, _ = io.Copy(io.Discard, streams.In) // docker waits until it is read
		return errors.New("tagboat keeps no logins: it makes them from your AWS credentials when they are needed, so that there is nothing to " + args[0])
	default:
		return fmt.Errorf("unknown credential action %q", args[0])
	}
}

func getCredential(ctx context.Context, streams *console.Streams, transport http.RoundTripper) error {
	input, err := io.ReadAll(io.LimitReader(streams.In, 4096))
	if err != nil {
		return fmt.Errorf("reading the server's address: %w", err)
	}
	server := strings.TrimSpace(string(input))
	login, err := access.LoginTo(ctx, hostOf(server), transport)
	if errors.Is(err, access.ErrNoLogin) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	return streams.JSON(credentials{server, login.User, login.Password})
}

// listCredentials answers the registries that there are logins for, as far as they are
// known without a call: that of the endpoint in AWS_ENDPOINT_URL.
func listCredentials(streams *console.Streams, getenv func(string) string) error {
	known := map[string]string{}
	if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		known[hostOf(endpoint)] = "AWS"
	}
	return streams.JSON(known)
}

// hostOf returns the host of what docker gives as a server's address, with or without a
// scheme and a path.
func hostOf(server string) string {
	if _, rest, ok := strings.Cut(server, "://"); ok {
		server = rest
	}
	host, _, _ := strings.Cut(server, "/")
	return host
}
