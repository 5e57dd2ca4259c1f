package cli

import (
	"os"
	"path/filepath"
)

// cacheDir returns the directory for what a later run need not read again, or "" where
// there is none or TAGBOAT_CACHE=off asks for none.
func cacheDir(getenv func(string) string) string {
	if getenv("TAGBOAT_CACHE") == "off" {
		return ""
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // a user without a home, as in many containers
	}
	return filepath.Join(dir, "tagboat")
}
