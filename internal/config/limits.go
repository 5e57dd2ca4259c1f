package config

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/source"
)

// Limits bound what others can make a run do. A zero stands for the default.
type Limits struct {
	Registry RegistryLimits
}

// RegistryLimits bound what a registry can make a run do.
type RegistryLimits struct {
	Wait      time.Duration
	Total     time.Duration
	Size      int64
	Tags      int
	Redirects int
}

type fileLimits struct {
	Registry fileRegistryLimits `yaml:"registry" doc:"what a registry can make a run do"`
}

type fileRegistryLimits struct {
	Wait      period `yaml:"wait" doc:"how long a registry may send nothing; default: 30s"`
	Total     period `yaml:"total" doc:"how long a listing may take, or all that is read of one version; default: 5m"`
	Size      size   `yaml:"size" doc:"how large a manifest or the config of an image may be; default: 8MiB"`
	Tags      count  `yaml:"tags" doc:"how many tags a repository may have; default: 250000. Amazon ECR is not asked for tags alone, and has no such limit"`
	Redirects count  `yaml:"redirects" doc:"how often one request may be redirected; default: 10"`
}

func (b *builder) limits() {
	r := b.file.Limits.Registry
	b.config.Limits.Registry = RegistryLimits{
		Wait: time.Duration(r.Wait), Total: time.Duration(r.Total), Size: int64(r.Size), Tags: int(r.Tags), Redirects: int(r.Redirects),
	}
}

// period is a Duration that is more than nothing.
type period Duration

// DecodeNode implements source.Decoder.
func (p *period) DecodeNode(n *source.Node) error {
	if err := (*Duration)(p).DecodeNode(n); err != nil {
		return err
	}
	if *p == 0 {
		return n.Errorf("a limit must be longer than zero").WithHint("write it like 30s or 5m")
	}
	return nil
}

// JSONSchema implements source.Schemer.
func (period) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "examples": []string{"30s", "5m"}}
}

// size is a number of bytes, written as 512KiB, 8MiB or 1GiB.
type size int64

// units of sizes, the powers of 1024.
var units = map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

// DecodeNode implements source.Decoder.
func (s *size) DecodeNode(n *source.Node) error {
	const hint = "write it like 512KiB, 8MiB or 1GiB"
	if n.Kind != source.String {
		return n.Errorf("expected a size, not %s", n.Kind).WithHint(hint)
	}
	number := strings.TrimRight(n.Text, "KMGiB")
	value, err := strconv.ParseInt(number, 10, 32)
	unit := units[n.Text[len(number):]]
	if err != nil || value <= 0 || unit == 0 {
		return n.Errorf("%q is not a size", n.Text).WithHint(hint)
	}
	*s = size(value * unit)
	return nil
}

// JSONSchema implements source.Schemer.
func (size) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": "^[1-9][0-9]*[KMG]iB$", "examples": []string{"8MiB"}}
}

// count is a whole number from 1 on.
type count int

// DecodeNode implements source.Decoder.
func (c *count) DecodeNode(n *source.Node) error {
	var number int
	if err := source.Decode(n, &number); err != nil {
		return err
	}
	if number <= 0 || number > math.MaxInt32 {
		return n.Errorf("a limit must be a whole number of at least 1, not %d", number)
	}
	*c = count(number)
	return nil
}

// JSONSchema implements source.Schemer.
func (count) JSONSchema() map[string]any { return map[string]any{"type": "integer", "minimum": 1} }

var (
	_ source.Decoder = (*period)(nil)
	_ source.Decoder = (*size)(nil)
	_ source.Decoder = (*count)(nil)
	_ source.Schemer = period(0)
	_ source.Schemer = size(0)
	_ source.Schemer = count(0)
)
