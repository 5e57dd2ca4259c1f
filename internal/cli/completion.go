package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cache"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/operation"
)

const (
	// completionLimit is how long a shell waits for words. What is not known by then is
	// left out.
	completionLimit = 2 * time.Second
	// tagsAge is how long tags are completed from the cache alone.
	tagsAge = 2 * time.Minute
)

// finder finds what may stand where a shell completes a word; its errors are nobody's to read.
type finder func(ctx context.Context, f *frame, a *app.App, begun string) []string

// completions tells shells which words arguments and flags take.
func (f *frame) completions(root *cobra.Command) {
	arguments := map[string]finder{
		"status": services, "explain": services, "logs": services, "open": services, "rollback": services, "continue": services,
		"deploy": either(services, versionsOf), "plan": either(services, versionsOf), "pin": versionsOf, "tag": versionsOf,
		"promote": releases, "show": releases, "diff": releases, "notes": releases, "reject": releases, "approve": releases, "create": versionsOf,
		"images": images, "why": images, "publish": images, "hold": images, "unhold": images, "pins": images,
		"login": func(_ context.Context, _ *frame, a *app.App, _ string) []string { return a.Images.Hosts() },
	}
	flags := map[string]finder{
		"env": environments, "stage": stages, "tenant": tenants, "image": images, "service": services, "snippet": services,
		"to":  stages,
		"for": fixed(strings.Split(purposes(" "), " ")...), "way": fixed(strings.Split(ways(" "), " ")...), "output": fixed("table", "json"),
	}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if !cmd.Runnable() {
			return // a page of the help
		}
		if find := arguments[cmd.Name()]; find != nil {
			cmd.ValidArgsFunction = f.complete(find)
		}
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			find := flags[flag.Name]
			if flag.Name == "to" && cmd.Name() == screen.RollbackCommand {
				find = releases
			}
			if find != nil {
				_ = cmd.RegisterFlagCompletionFunc(flag.Name, f.complete(find)) // it fails for a flag that has words already
			}
		})
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// complete returns the words that go on from what is begun, in time, and prints nothing. Of a
// list with commas the last word is completed.
func (f *frame) complete(find finder) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		_ = f.fromEnvironment(cmd)
		ctx, cancel := context.WithTimeout(cmd.Context(), completionLimit)
		defer cancel()
		ctx, _ = operation.Start(ctx, func(operation.Event) {})
		list, last := "", begun
		if at := strings.LastIndex(begun, ","); at >= 0 {
			list, last = begun[:at+1], begun[at+1:]
		}
		found := make(chan []string, 1)
		go func() {
			defer func() { _ = recover() }() // a fault of ours is not for the shell either
			if a, err := f.open(ctx); err == nil {
				found <- find(ctx, f, a, last)
			}
			close(found)
		}()
		select {
		case all := <-found:
			return fitting(all, list, last)
		case <-ctx.Done():
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// fitting returns the words that begin so, behind the list that is written already. Behind a
// = no blank follows.
func fitting(found []string, list, begun string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	var fit []string
	for _, word := range found {
		if strings.HasPrefix(word, begun) {
			fit = append(fit, list+word)
		}
	}
	if slices.ContainsFunc(fit, func(word string) bool { return strings.HasSuffix(word, "=") }) {
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return fit, directive
}

func fixed(all ...string) finder {
	return func(context.Context, *frame, *app.App, string) []string { return all }
}

func either(first, second finder) finder {
	return func(ctx context.Context, f *frame, a *app.App, begun string) []string {
		return slices.Concat(first(ctx, f, a, begun), second(ctx, f, a, begun))
	}
}

func services(_ context.Context, _ *frame, a *app.App, _ string) []string {
	return texts(slices.Sorted(maps.Keys(a.Config.Services)))
}

func images(_ context.Context, _ *frame, a *app.App, _ string) []string {
	return texts(slices.Sorted(maps.Keys(a.Config.Images)))
}

// releases are those that home has numbered.
func releases(ctx context.Context, _ *frame, a *app.App, _ string) []string {
	numbers, err := a.Releases.Home.Numbers(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, n := range numbers {
		names = append(names, n.Name)
	}
	return names
}

func environments(_ context.Context, _ *frame, a *app.App, _ string) []string {
	return of(a.Config.SortedEnvironments(), func(e config.Environment) string { return string(e.Name) })
}

func stages(_ context.Context, _ *frame, a *app.App, _ string) []string {
	return of(a.Config.Stages, func(s config.Stage) string { return string(s.Name) })
}

func tenants(_ context.Context, _ *frame, a *app.App, _ string) []string {
	all := of(a.Config.SortedEnvironments(), func(e config.Environment) string { return e.Tenant })
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(tenant string) bool { return tenant == "" })
}

// versionsOf returns images, each with a =, or, behind one of =, : and @, the tags of the image.
func versionsOf(ctx context.Context, f *frame, a *app.App, begun string) []string {
	at := strings.IndexAny(begun, "=:@")
	if at < 0 {
		return of(images(ctx, f, a, begun), func(name string) string { return name + "=" })
	}
	image, err := a.Config.Image(begun[:at])
	if err != nil {
		return nil
	}
	return of(f.tags(ctx, a, image), func(tag string) string { return begun[:at+1] + tag })
}

// knownTags are the tags of a repository as they were at a time.
type knownTags struct {
	At   time.Time
	Tags []string
}

// tags returns an image's tags: those of the cache while they are new, else the registry's,
// and where that does not answer in time the old ones.
func (f *frame) tags(ctx context.Context, a *app.App, image config.Image) []string {
	var dir cache.Dir
	if base := cacheDir(f.Getenv); base != "" {
		dir = cache.Dir(filepath.Join(base, "tags"))
	}
	sum := sha256.Sum256([]byte(image.Repository.Name()))
	name := hex.EncodeToString(sum[:]) + ".json"
	var known knownTags
	if dir.Read(name, &known) && time.Since(known.At) < tagsAge {
		return known.Tags
	}
	answered := make(chan []string, 1)
	go func() {
		if tags, err := a.Images.Tags(ctx, image.Name); err == nil {
			dir.Write(name, knownTags{time.Now(), tags})
			answered <- tags
		}
		close(answered)
	}()
	timer := time.NewTimer(completionLimit * 3 / 4)
	defer timer.Stop()
	select {
	case tags, ok := <-answered:
		if ok {
			return tags
		}
	case <-timer.C:
	}
	return slices.DeleteFunc(known.Tags, func(tag string) bool { return !tagboat.ValidTag(tag) })
}

// of returns what a function makes of each.
func of[T any](all []T, text func(T) string) []string {
	made := make([]string, len(all))
	for i, one := range all {
		made[i] = text(one)
	}
	return made
}

func texts[N ~string](names []N) []string {
	return of(names, func(name N) string { return string(name) })
}
