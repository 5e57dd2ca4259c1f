package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Load reads and checks the file at path. Its error joins every problem that was
// found, each a *tagboat.Error of kind Usage with its place. Paths in the file start
// at the file's directory, and the files that it names must exist.
func Load(path string) (*Config, error) { return load(path, false) }

// LoadForReleases is Load where the templates of services come from releases: those that the file
// names need not be there, and Config.Missing says which are not.
func LoadForReleases(path string) (*Config, error) { return load(path, true) }

func load(path string, releasesAlone bool) (*Config, error) {
	root, err := source.Read(path, around(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, tagboat.Usagef("there is no %s", path).
			WithHint("say where it is with --config FILE; tagboat init writes one")
	}
	if err != nil {
		return nil, err
	}
	return build(path, root, releasesAlone)
}

// around returns the border of what the configuration itself may import. It may be a
// symbolic link.
func around(path string) source.Border {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		target = path // reading it says why
	}
	border, err := source.NewBorder(filepath.Dir(path), filepath.Dir(target))
	if err != nil {
		return source.Border{} // as above
	}
	return border
}

// Parse is Load for content that is already at hand; path is where it would live.
func Parse(path string, data []byte) (*Config, error) {
	root, err := source.Parse(path, data)
	if err != nil {
		return nil, err
	}
	return build(path, root, false)
}

// build makes a Config of a file.
func build(path string, root *source.Node, releasesAlone bool) (*Config, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, tagboat.Errorf(tagboat.Usage, "finding the directory of %s: %w", path, err)
	}
	var f file
	decodeErr := source.Decode(root, &f)
	b := builder{
		file:          f,
		decoderPlaces: placesOf(decodeErr),
		releasesAlone: releasesAlone,

		secretLines: map[int]bool{},
		config:      &Config{File: path, Dir: filepath.Dir(abs), App: f.App.Value, Registry: f.Registry.Value},
	}
	b.app()
	b.files()
	b.images()
	b.services()
	b.dependencies()
	b.releases()
	b.watch()
	b.serve()
	b.home()
	b.stages()
	b.environments()
	b.vars()
	b.stacks()
	b.ledger()
	b.journal()
	b.limits()
	b.webhooks()
	b.config.Publish.Tags = b.tagPatterns(b.file.Publish.Tags, publishTagNames)
	if err := errors.Join(append([]error{decodeErr}, b.problems...)...); err != nil {
		b.hideSecrets(err)
		return nil, source.Sorted(err)
	}
	return b.config, nil
}

// builder turns what the file says into a Config and gathers what is wrong with it.
type builder struct {
	file          file
	config        *Config
	decoderPlaces map[tagboat.Position]bool // places of which the decoder complained
	problems      []error
	releasesAlone bool
	// secretLines are lines of the file that nobody may be shown.
	secretLines map[int]bool
}

// problem is one that a hint can still be given to.
type problem struct{ err *tagboat.Error }

func (n problem) hint(format string, args ...any) { n.err.Hint = fmt.Sprintf(format, args...) }

// problem notes what is wrong at a place. What the decoder could not read, or
// missed, is empty here and was complained of already.
func (b *builder) problem(at tagboat.Position, format string, args ...any) problem {
	e := tagboat.Usagef(format, args...).At(at)
	if at.File != "" && !b.decoderPlaces[at] {
		b.problems = append(b.problems, e)
	}
	return problem{e}
}

func placesOf(err error) map[tagboat.Position]bool {
	places := map[tagboat.Position]bool{}
	for _, err := range source.Errors(err) {
		var e *tagboat.Error
		if errors.As(err, &e) && e.Where != nil {
			places[*e.Where] = true
		}
	}
	return places
}

// unknown notes an unknown name, with the one that it is close to.
func (b *builder) unknown(what string, name source.Text, known []string) {
	e := b.problem(name.At, "there is no %s %q", what, name.Value)
	e.hint("%s", tagboat.Suggest(name.Value, known))
	if len(known) == 0 {
		e.hint("this file has no %ss", what)
	}
}

func (b *builder) app() {
	if !tagboat.ValidName(b.config.App) {
		b.problem(b.file.App.At, "%q cannot be the name of an application", b.config.App).
			hint(nameHint)
	}
	if host := b.config.Registry; host != "" && !tagboat.ValidHost(host) {
		b.problem(b.file.Registry.At, "%q is not the host of a registry", host).
			hint("write a host alone, such as 111111111111.dkr.ecr.eu-west-1.amazonaws.com, with a port if it has one")
	}
}

const nameHint = "a name has letters, digits, dots, dashes and underscores, and begins with a letter or a digit"

// path returns the absolute path of a file that tagboat.yaml names.
func (b *builder) path(name source.Text) string {
	path := name.Value
	if !filepath.IsAbs(path) {
		path = filepath.Join(b.config.Dir, path)
	}
	switch info, err := os.Stat(path); {
	case name.Value == "":
		b.problem(name.At, "the name of a file is missing")
	case errors.Is(err, fs.ErrNotExist):
		b.problem(name.At, "there is no file %s", name.Value).
			hint("paths start at the directory of this file: %s", source.DisplayName(path))
	case err != nil:
		b.problem(name.At, "the file %s cannot be read: %w", name.Value, err)
	case info.IsDir():
		b.problem(name.At, "%s is a directory, not a file", name.Value)
	default:
		b.inside(name, path)
	}
	return path
}

// inside refuses a file outside of the border.
func (b *builder) inside(name source.Text, path string) {
	err := b.config.Files.Check(path)
	if e := (*tagboat.Error)(nil); errors.As(err, &e) {
		b.problem(name.At, "%s", e.Error()).hint("%s", e.Hint)
	} else if err != nil {
		b.problem(name.At, "the file %s cannot be read: %w", name.Value, err)
	}
}

// files reads which files may be read.
func (b *builder) files() {
	var allowed []string
	for _, name := range b.file.Files.Allow {
		dir := name.Value
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(b.config.Dir, dir)
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() || name.Value == "" {
			b.problem(name.At, "there is no directory %q", name.Value).
				hint("paths start at the directory of this file: %s", source.DisplayName(dir))
			continue
		}
		allowed = append(allowed, dir)
	}
	border, err := source.NewBorder(b.config.Dir, allowed...)
	if err != nil {
		b.problem(b.file.App.At, "finding the directories of the configuration: %w", err)
	}
	b.config.Files = border
}
