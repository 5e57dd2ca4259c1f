package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/tagboat/tagboat"
)

// Border is where the files of a configuration may be: in directories, wherever symbolic
// links lead. The zero value has none, and lets every file in.
type Border struct{ dirs []string }

// NewBorder returns the border around the repository that a directory is in, or around the
// directory itself where it is in none, and around more directories.
func NewBorder(dir string, more ...string) (Border, error) {
	b := Border{dirs: []string{repository(dir)}}
	for _, dir := range more {
		target, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return Border{}, err
		}
		b.dirs = append(b.dirs, target)
	}
	return b, nil
}

// repository returns the directory above with .git in it, or dir.
func repository(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil { // else nothing can be in it
		dir = target
	}
	for above := dir; ; above = filepath.Dir(above) {
		if _, err := os.Lstat(filepath.Join(above, ".git")); err == nil {
			return above
		}
		if filepath.Dir(above) == above {
			return dir
		}
	}
}

// errOutside is what is wrapped by the error of a file outside of the border.
var errOutside = errors.New("outside of the configuration's own directories")

// outsideError is the error of a file outside of the border.
type outsideError struct{ path, target, home string }

func (o outsideError) Error() string {
	text := DisplayName(o.path)
	if o.target != o.path {
		text += ", which is " + o.target + ","
	}
	return text + " is outside of " + o.home + ", where the configuration's own files are"
}

func (outsideError) Unwrap() error { return errOutside }

func (o outsideError) hint() string {
	return "move it there, or say in tagboat.yaml that its directory may be read: files: {allow: [" + filepath.Dir(o.target) + "]}"
}

// Check returns an error of kind Usage where a file is outside. One that does not exist is
// judged by its path.
func (b Border) Check(path string) error {
	err := b.check(path)
	var o outsideError
	if errors.As(err, &o) {
		e := tagboat.Usagef("%v", err).WithHint("%s", o.hint())
		e.Err = errOutside
		return e
	}
	return err
}

func (b Border) check(path string) error {
	if len(b.dirs) == 0 {
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(abs)
	if err != nil {
		target = abs // it cannot be read either
		if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
			target = filepath.Join(dir, filepath.Base(abs))
		}
	}
	for _, dir := range b.dirs {
		if target == dir || strings.HasPrefix(target, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator)) {
			return nil
		}
	}
	return outsideError{path: abs, target: target, home: b.dirs[0]}
}
