package taskdef

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Definition is a task definition or a service as one JSON object. Numbers keep all
// of their digits, and members that this program has never heard of are kept. The
// zero value is the empty object. A Definition is not changed once it is made.
type Definition struct{ members map[string]any }

// FromJSON returns the object that raw holds.
func FromJSON(raw []byte) (Definition, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var members map[string]any
	if err := dec.Decode(&members); err != nil {
		return Definition{}, fmt.Errorf("decoding a definition: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Definition{}, fmt.Errorf("decoding a definition: there is something after the object")
	}
	return Definition{members: members}, nil
}

// JSON returns the object with its members in the order of their names, without
// blanks. Equal bytes mean equal objects.
func (d Definition) JSON() []byte {
	if d.members == nil {
		return []byte("{}")
	}
	return encode(d.members)
}

// encode writes maps, lists, strings, booleans and numbers, which always encode.
func encode(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// MarshalJSON implements json.Marshaler.
func (d Definition) MarshalJSON() ([]byte, error) { return d.JSON(), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Definition) UnmarshalJSON(raw []byte) error {
	v, err := FromJSON(raw)
	*d = v
	return err
}

// Tree returns the object as a tree all of whose parts are at one place.
func (d Definition) Tree(at tagboat.Position) *source.Node { return source.Make(d.members, at, "") }

// Empty reports whether d has no members.
func (d Definition) Empty() bool { return len(d.members) == 0 }

// Text returns the string that a member is, or "".
func (d Definition) Text(member string) string { return text(d.members[member]) }

// Family returns the family of a task definition, or "".
func (d Definition) Family() string { return d.Text("family") }

// Has reports whether d has the member.
func (d Definition) Has(member string) bool { return d.members[member] != nil }

// With returns d with one more member, or another value of it. The value must be one
// that encoding/json encodes.
func (d Definition) With(member string, value any) (Definition, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return Definition{}, fmt.Errorf("setting %s: %w", member, err)
	}
	changed := clone(d.members)
	if changed == nil {
		changed = map[string]any{}
	}
	changed[member] = json.RawMessage(raw)
	return FromJSON(encode(changed))
}

// Containers returns the image of each container, by its name.
func (d Definition) Containers() map[tagboat.ContainerName]string {
	images := map[tagboat.ContainerName]string{}
	for _, c := range d.containers() {
		images[tagboat.ContainerName(text(c["name"]))] = text(c["image"])
	}
	return images
}

// ContainerNames returns the names of the containers, in their order.
func (d Definition) ContainerNames() []tagboat.ContainerName {
	var names []tagboat.ContainerName
	for _, c := range d.containers() {
		names = append(names, tagboat.ContainerName(text(c["name"])))
	}
	return names
}

// Digests returns the digest of each container's image, by the container's name; it
// is "" where the image is not pinned to one.
func (d Definition) Digests() map[tagboat.ContainerName]tagboat.Digest {
	digests := map[tagboat.ContainerName]tagboat.Digest{}
	for name, image := range d.Containers() {
		ref, err := tagboat.ParseReference(image)
		if err != nil {
			ref = tagboat.Reference{}
		}
		digests[name] = ref.Digest
	}
	return digests
}

// KeepsVersion reports whether all tasks of a deployment run the digest that the container's image
// had in the first of them.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func (d Definition) KeepsVersion(container tagboat.ContainerName) bool {
	for _, c := range d.containers() {
		if text(c["name"]) == string(container) {
			return c["versionConsistency"] != "disabled"
		}
	}
	return false
}

// Label returns a docker label of a container, or "".
func (d Definition) Label(container tagboat.ContainerName, label string) string {
	for _, c := range d.containers() {
		if text(c["name"]) == string(container) {
			labels, _ := c["dockerLabels"].(map[string]any)
			return text(labels[label])
		}
	}
	return ""
}

func (d Definition) containers() []map[string]any {
	return objects(d.members["containerDefinitions"])
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// clone copies what an object holds, all the way down.
func clone[V any](v V) V {
	var copied any
	switch v := any(v).(type) {
	case map[string]any:
		if v == nil {
			break
		}
		m := make(map[string]any, len(v))
		for name, value := range v {
			m[name] = clone(value)
		}
		copied = m
	case []any:
		l := make([]any, len(v))
		for i, value := range v {
			l[i] = clone(value)
		}
		copied = l
	default:
		copied = v
	}
	out, _ := copied.(V)
	return out
}

// Platform returns os/architecture that the task definition asks for, or "" where it
// leaves that to the instances. Fargate runs linux/amd64 where nothing is said.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
func (d Definition) Platform() string {
	runtime, _ := d.members["runtimePlatform"].(map[string]any)
	var compatible []string
	list, _ := d.members["requiresCompatibilities"].([]any)
	for _, item := range list {
		compatible = append(compatible, text(item))
	}
	return platform(text(runtime["operatingSystemFamily"]), text(runtime["cpuArchitecture"]), compatible)
}

// Platform is Definition.Platform of what will be rendered; "" too where a placeholder
// says it.
func (t *Template) Platform() string {
	runtime := t.root.Field("runtimePlatform")
	var compatible []string
	if list := t.root.Field("requiresCompatibilities"); list != nil {
		for _, item := range list.Items {
			compatible = append(compatible, item.Text)
		}
	}
	return platform(fieldText(runtime, "operatingSystemFamily"), fieldText(runtime, "cpuArchitecture"), compatible)
}

func fieldText(n *source.Node, name string) string {
	if n == nil {
		return ""
	}
	if field := n.Field(name); field != nil {
		return field.Text
	}
	return ""
}

func platform(system, architecture string, compatible []string) string {
	fargate := slices.Contains(compatible, "FARGATE")
	switch {
	case architecture == "ARM64":
		architecture = "arm64"
	case architecture == "X86_64" || architecture == "" && fargate:
		architecture = "amd64"
	default:
		return ""
	}
	switch {
	case strings.HasPrefix(system, "WINDOWS"):
		return "windows/" + architecture
	case system == "LINUX" || system == "":
		return "linux/" + architecture
	default:
		return ""
	}
}
