package customresource

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
)

// PinsType is the type of the resource that Pins answers.
const PinsType = "Custom::TagboatPins"

// PinReader reads the ledger.
type PinReader interface {
	// Pinned returns the pins of images in an environment; of all images where none is
	// named. What is unknown or not pinned is an error of kind Usage.
	Pinned(ctx context.Context, env tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error)
}

// Pins answers what should run in an environment. Properties:
//
//	Environment  its name in tagboat.yaml
//	Images       names in tagboat.yaml; left out, all
//	Form         of the plain output: uri (if left out), tag, digest or tag@digest
//	Compact      true gives the plain outputs only
//	Serial       anything: a changed one makes CloudFormation ask again
//	NoEcho       true masks the values in what CloudFormation shows
//
// Outputs are IMAGE in the form chosen, and IMAGE.uri, IMAGE.tag, IMAGE.digest and
// IMAGE.tagAtDigest, as far as the ledger knows them.
type Pins struct {
	Ledger PinReader
}

var _ Resource = Pins{}

// outputs are the names of the forms, as they stand behind an image's.
var outputs = map[string]ledger.Form{
	"uri": ledger.FormURI, "tag": ledger.FormTag, "digest": ledger.FormDigest, "tagAtDigest": ledger.FormTagDigest,
}

// Data implements Resource.
func (r Pins) Data(ctx context.Context, p Properties) (Data, error) {
	environment, err := p.text("Environment")
	if err != nil {
		return Data{}, err
	}
	if environment == "" {
		return Data{}, tagboat.Usagef("the property Environment is missing").WithHint("Environment: prod, a name in tagboat.yaml")
	}
	form, err := p.form()
	if err != nil {
		return Data{}, err
	}
	compact, err := p.flag("Compact")
	if err != nil {
		return Data{}, err
	}
	images, err := p.texts("Images")
	if err != nil {
		return Data{}, err
	}
	pins, err := r.Ledger.Pinned(ctx, tagboat.EnvName(environment), imageNames(unique(images)))
	if err != nil {
		return Data{}, err
	}
	return pinData(pins, form, compact)
}

func imageNames(texts []string) []tagboat.ImageName {
	names := make([]tagboat.ImageName, len(texts))
	for i, text := range texts {
		names[i] = tagboat.ImageName(text)
	}
	return names
}

// form returns the form of the plain output.
func (p Properties) form() (ledger.Form, error) {
	text, err := p.text("Form")
	if err != nil {
		return "", err
	}
	switch form := ledger.Form(text); form {
	case "":
		return ledger.FormURI, nil
	case ledger.FormURI, ledger.FormTag, ledger.FormDigest, ledger.FormTagDigest:
		return form, nil
	default:
		return "", tagboat.Usagef("there is no form %q", text).
			WithHint("%s", tagboat.Suggest(text, []string{"uri", "tag", "digest", "tag@digest"}))
	}
}

func pinData(pins []tagboat.Pin, form ledger.Form, compact bool) (Data, error) {
	data := Data{Values: map[string]json.RawMessage{}, Source: map[string]string{}}
	for _, pin := range pins {
		plain, err := form.Encode(pin.Reference())
		if err != nil {
			return Data{}, fmt.Errorf("the pin of %s in %s: %w", pin.Image, pin.Parameter, err)
		}
		if err := data.add(string(pin.Image), plain, pin); err != nil {
			return Data{}, err
		}
		if compact {
			continue
		}
		for name, form := range outputs {
			value, err := form.Encode(pin.Reference())
			if err != nil {
				continue // a ledger of tags knows no digests; a template that asks for one gets an error
			}
			if err := data.add(string(pin.Image)+"."+name, value, pin); err != nil {
				return Data{}, err
			}
		}
	}
	return data, nil
}

// add adds one output. The names of images may have dots, so one may be another's output.
func (d Data) add(key, value string, pin tagboat.Pin) error {
	if _, taken := d.Values[key]; taken {
		return tagboat.Usagef("two outputs would be called %s", key).
			WithHint("write Compact: true, or name fewer Images")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding the pin of %s: %w", pin.Image, err)
	}
	d.Values[key], d.Source[key] = text, "image "+string(pin.Image)
	return nil
}
