package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

type sandboxOptions struct {
	addr     string
	envFile  string
	policies []string // ROLE=FILE
	events   []string // KIND[=RATE]
	config   sandbox.Config
}

func newSandbox(f *frame) *cobra.Command {
	var o sandboxOptions
	cmd := &cobra.Command{
		Use:     "sandbox",
		Short:   "Serve AWS on localhost: ECS that rolls, ECR, Parameter Store, logs",
		Long:    "Serves the AWS APIs that Tagboat uses, and a registry that docker, skopeo and crane\npush to, on one port. Any AWS client talks to it through AWS_ENDPOINT_URL.\nWhat its containers do is said by labels of their images: see docs/sandbox.md.",
		Example: "  tagboat sandbox --env-file sandbox.env &\n  set -a; . ./sandbox.env; set +a",
		GroupID: "try",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runSandbox(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.addr, "addr", "127.0.0.1:4510", "address to listen on; port 0 picks one")
	cmd.Flags().StringVar(&o.envFile, "env-file", "", "write NAME=value lines here when ready")
	cmd.Flags().StringVar(&o.config.Account, "account", "123456789012", "the account of callers without a role")
	cmd.Flags().StringVar(&o.config.Region, "region", "", "region of callers that name none (default: AWS_REGION, or us-east-1)")
	cmd.Flags().Float64Var(&o.config.Speed, "speed", sandbox.DefaultSpeed, "how many seconds of the sandbox pass in a second")
	cmd.Flags().StringVar(&o.config.Quotas, "quotas", "off", "aws throttles by AWS's documented limits; off never does")
	cmd.Flags().StringSliceVar(&o.config.Clusters, "clusters", []string{"dev", "staging", "prod"}, "ECS clusters that exist from the start in every account and region")
	cmd.Flags().StringToIntVar(&o.config.Instances, "instances", nil, "CLUSTER=NUMBER of container instances; without it each cluster has one, and none with --strict")
	cmd.Flags().BoolVar(&o.config.Strict, "strict", false, "ask for all that AWS asks for: logins, repositories, container instances, task roles")
	cmd.Flags().StringVar(&o.config.Mirror, "mirror", "", "directory of OCI layouts HOST/NAME, for what tasks pull from other registries")
	cmd.Flags().StringArrayVar(&o.policies, "policy", nil, "ROLE=FILE with a policy of IAM: the role may do that alone (repeatable)")
	cmd.Flags().StringSliceVar(&o.events, "events", nil, "late, doubled or dropped, or several: what happens to events on their way to a queue; KIND=RATE to a part of them")
	cmd.Flags().StringVar(&o.config.DataDir, "data", "", "keep state and blobs in this directory")
	return cmd
}

// runSandbox serves until the context ends, which is not an error: stopping is what
// the user asked for.
func runSandbox(ctx context.Context, f *frame, o sandboxOptions) error {
	if o.config.Region == "" {
		o.config.Region = f.Getenv("AWS_REGION")
	}
	var err error
	if o.config.Policies, err = readPolicies(o.policies); err != nil {
		return err
	}
	if o.config.Faults, err = eventFaults(o.events); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return tagboat.Usagef("%v", err).WithHint("is another sandbox running? --addr 127.0.0.1:0 picks a free port")
	}
	if err := loopback(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	o.config.Address = "http://" + listener.Addr().String()
	server, err := sandbox.New(o.config)
	if err != nil {
		return errors.Join(notStarted(err), listener.Close())
	}
	return serveSandbox(ctx, f, server, listener, o.envFile)
}

// readPolicies reads those of roles.
func readPolicies(args []string) ([]sandbox.Policy, error) {
	var all []sandbox.Policy
	for _, arg := range args {
		role, file, ok := strings.Cut(arg, "=")
		if !ok || role == "" || file == "" {
			return nil, tagboat.Usagef("%q names no policy", arg).WithHint("write --policy ROLE=FILE, with the name of a role")
		}
		document, err := os.ReadFile(file)
		if err != nil {
			return nil, tagboat.Usagef("reading the policy of role %q: %w", role, err)
		}
		all = append(all, sandbox.Policy{Role: role, Document: document})
	}
	return all, nil
}

// eventFaults reads what happens to events: KIND, or KIND=RATE.
func eventFaults(args []string) ([]sandbox.Fault, error) {
	var all []sandbox.Fault
	for _, arg := range args {
		kind, rate, part := strings.Cut(arg, "=")
		fault := sandbox.Fault{Operation: "event.*", Kind: kind}
		if kind == "late" {
			fault.Latency = "1m"
		}
		var err error
		if part {
			fault.Rate, err = strconv.ParseFloat(rate, 64)
		}
		if !slices.Contains([]string{"late", "doubled", "dropped"}, kind) || err != nil || part && (fault.Rate <= 0 || fault.Rate > 1) {
			return nil, tagboat.Usagef("--events %q is not late, doubled or dropped", arg).WithHint("write --events late, or --events late=0.3,doubled=0.1 for a part of the events")
		}
		all = append(all, fault)
	}
	return all, nil
}

func notStarted(err error) error {
	usage := tagboat.Errorf(tagboat.Usage, "starting the sandbox: %w", err)
	if errors.Is(err, sandbox.ErrInUse) {
		return usage.WithHint("stop that one, or keep the state of this one in another directory: --data DIR")
	}
	return usage
}

// serveSandbox serves until the context ends or serving fails.
func serveSandbox(ctx context.Context, f *frame, server *sandbox.Server, listener net.Listener, envFile string) error {
	running := serve(ctx, server, listener)
	if err := tellReady(f, server.Env("http://"+listener.Addr().String()), envFile); err != nil {
		return errors.Join(err, running.stop())
	}
	select {
	case <-ctx.Done():
	case <-running.failed:
	}
	err := running.stop()
	f.Talkf("%s\n", f.OnErr(console.Faint, "the sandbox has stopped"))
	return err
}

// tellReady says how to use the sandbox, on standard output and in the file.
func tellReady(f *frame, env []string, envFile string) error {
	for _, line := range env {
		f.Printf("export %s\n", line)
	}
	f.Talkf("%s Ctrl-C stops it.\n", f.OnErr(console.Good, "The sandbox is ready."))
	if envFile == "" {
		return nil
	}
	return writeFile(envFile, strings.Join(env, "\n")+"\n")
}

// writeFile writes the whole file or nothing, so that who waits for it can read it
// as soon as it is there.
func writeFile(path, content string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".tagboat-*")
	if err != nil {
		return tagboat.Usagef("writing %s: %v", path, err)
	}
	_, err = temporary.WriteString(content)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(tagboat.Usagef("writing %s: %v", path, err), os.Remove(temporary.Name()))
	}
	return nil
}

// loopback refuses to serve others than this machine: the sandbox checks no signature.
func loopback(addr net.Addr) error {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || tcp.IP.IsLoopback() {
		return nil
	}
	return tagboat.Usagef("%s can be reached from other machines, and the sandbox asks nobody who they are", addr).
		WithHint("listen on 127.0.0.1 or [::1]")
}

// serving is a sandbox that answers requests.
type serving struct {
	failed <-chan struct{} // closed where serving ended by itself
	stop   func() error    // ends it and waits; returns why it failed, if it did
}

// serve answers requests on listener until stop is called or ctx ends.
func serve(ctx context.Context, server *sandbox.Server, listener net.Listener) serving {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	web := &http.Server{Handler: sandbox.Guard(server), ReadHeaderTimeout: 10 * time.Second}
	group.Go(func() error {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the sandbox: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		if err := server.Run(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("running the sandbox: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return shutDown(context.WithoutCancel(ctx), web)
	})
	return serving{failed: ctx.Done(), stop: func() error {
		cancel()
		return errors.Join(group.Wait(), server.Close())
	}}
}

// shutDown gives requests that are under way two seconds to end.
func shutDown(ctx context.Context, web *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		return web.Close()
	}
	return nil
}

type demoOptions struct {
	keep, serve bool
	listen      string
	seed        uint64
}

// check refuses what makes no sense.
func (o demoOptions) check() error {
	if o.keep && o.serve {
		return tagboat.Usagef("--serve goes on until Ctrl-C, so that there is nothing to --keep").WithHint("leave out either")
	}
	return nil
}

func newDemo(f *frame) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "Run a guided tour in a sandbox of its own",
		Long:    "Runs the main job in a sandbox of its own: push, deploy, promote for two tenants, break,\nroll back. --serve shows it on the page instead, and goes on until Ctrl-C: a team pushes,\na watcher brings what it pushed from stage to stage, some of it fails, and in prod an\napproval waits for you. -v prints what the watcher decides.",
		Example: "  tagboat demo\n  tagboat demo --keep\n  tagboat demo --serve",
		GroupID: "try",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), f, o) },
	}
	cmd.Flags().BoolVar(&o.keep, "keep", false, "leave the sandbox running, to continue by hand")
	cmd.Flags().BoolVar(&o.serve, "serve", false, "show it on the page, and go on until Ctrl-C")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:4520", "HOST:PORT of the page with --serve; port 0 picks one")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "what is pushed with --serve: the same seed pushes the same")
	return cmd
}

func runDemo(ctx context.Context, f *frame, o demoOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tagboat-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for the demo: %w", err)
	}
	if !o.keep {
		defer func() { err = errors.Join(err, leave(dir)) }()
	}
	inside := clock.NewScaled(tuesday(time.Now()), sandbox.DefaultSpeed)
	if o.serve {
		inside = clock.NewScaled(time.Now().Add(-liveEarlier), liveSpeed)
	}
	server, err := sandbox.New(sandbox.Config{Clusters: []string{"dev", "staging", "prod"}, Clock: inside})
	if err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	endpoint := "http://" + listener.Addr().String()
	running := serve(ctx, server, listener)
	defer func() { err = errors.Join(err, running.stop()) }()

	env := server.Env(endpoint)
	options := demo.Options{
		Streams: f.Streams, Endpoint: endpoint, Env: env, Dir: dir, Forward: inside.Advance,
		Command: func(ctx context.Context, args ...string) int { return Main(ctx, args, f.Streams) },
	}
	if o.serve {
		return serveDemo(ctx, f, o, inside, options)
	}
	err = demo.Run(ctx, options)
	if err != nil || !o.keep {
		return err
	}
	return keepSandbox(ctx, f, env, dir)
}

// tuesday returns the next Tuesday's morning, when the window of the demo's prod is open.
func tuesday(now time.Time) time.Time {
	days := 1 + (int(time.Tuesday)-int(now.UTC().Weekday())+6)%7
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, days).Add(8*time.Hour + 30*time.Minute)
}

// keepSandbox says how to go on by hand and waits for Ctrl-C.
func keepSandbox(ctx context.Context, f *frame, env []string, dir string) error {
	f.Printf("\n%s In another terminal:\n\n  cd %s\n", f.OnOut(console.Good, "The sandbox runs until Ctrl-C."), dir)
	for _, line := range env {
		f.Printf("  export %s\n", line)
	}
	<-ctx.Done()
	return nil
}

// leave removes the demo's directory from under the process.
func leave(dir string) error {
	if err := os.Chdir(os.TempDir()); err != nil {
		return fmt.Errorf("leaving the demo's directory: %w", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing the demo's directory: %w", err)
	}
	return nil
}
