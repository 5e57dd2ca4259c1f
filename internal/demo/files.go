package demo

import (
	"context"
	_ "embed" // the demo's files
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The value of dev's variable before and after it is changed.
const (
	grey  = "#888888"
	green = "#00aa55"
)

//go:embed files/tagboat.yaml
var configFile string

//go:embed files/web.taskdef.json
var taskDefinitionFile string

//go:embed files/web.service.json
var serviceFile string

// app returns the files of the demo's app by name, with dev in the given colour.
func (t *tour) app(color string) map[string]string {
	fill := strings.NewReplacer("REGISTRY", t.host, "DEV_COLOR", color)
	return map[string]string{
		"tagboat.yaml":     fill.Replace(configFile),
		"web.taskdef.json": taskDefinitionFile,
		"web.service.json": serviceFile,
	}
}

// writeApp is an act that writes the app's files.
func (t *tour) writeApp(color string) func(context.Context) error {
	return func(context.Context) error {
		for name, content := range t.app(color) {
			if err := os.WriteFile(filepath.Join(t.Dir, name), []byte(content), 0o644); err != nil {
				return fmt.Errorf("writing the demo's %s: %w", name, err)
			}
		}
		return nil
	}
}
