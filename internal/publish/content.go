package publish

import (
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/registry"
)

// Content is an image or an index that is ready to be pushed.
type Content struct {
	Digest tagboat.Digest
	Size   int64 // bytes of all layers, as they are sent

	manifest remote.Taggable
	images   [][]v1.Layer // the layers of each, from its base up; each layer once
}

func contentOf(image v1.Image) (Content, error) {
	held, err := hold(image)
	if err != nil {
		return Content{}, tagboat.Usagef("reading the image: %w", err)
	}
	var c Content
	if err := c.add(held); err != nil {
		return Content{}, err
	}
	return c.seal(held)
}

func contentOfIndex(index v1.ImageIndex) (Content, error) {
	var c Content
	if err := c.addIndex(index, 0); err != nil {
		return Content{}, err
	}
	return c.seal(index)
}

// seal sets what c is the content of, which must be something that a container can run.
func (c Content) seal(of interface {
	remote.Taggable
	Digest() (v1.Hash, error)
},
) (Content, error) {
	raw, err := of.RawManifest()
	if err != nil {
		return Content{}, tagboat.Usagef("reading the manifest: %w", err)
	}
	if what := registry.WhatIs(raw); what != "" {
		return Content{}, tagboat.Usagef("the source %s, and no container can run it", what).
			WithHint("skopeo copy, oras cp or helm push bring into a registry what is no image")
	}
	digest, err := of.Digest()
	if err != nil {
		return Content{}, fmt.Errorf("computing the image's digest: %w", err)
	}
	c.manifest, c.Digest = of, tagboat.Digest(digest.String())
	return c, nil
}

// deepest is how far indexes may lie within each other: one level is what there is, and
// the files of a layout may name themselves.
const deepest = 3

func (c *Content) addIndex(index v1.ImageIndex, depth int) error {
	if depth > deepest {
		return tagboat.Usagef("reading the index: indexes lie within each other more than %d times", deepest)
	}
	children, err := partial.Manifests(index)
	if err != nil {
		return tagboat.Usagef("reading the index: %w", err)
	}
	for _, child := range children {
		switch child := child.(type) {
		case v1.ImageIndex:
			err = c.addIndex(child, depth+1)
		case v1.Image:
			err = c.add(child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add takes the layers of an image that another one does not have already.
func (c *Content) add(image v1.Image) error {
	layers, err := image.Layers()
	if err != nil {
		return tagboat.Usagef("reading the image's layers: %w", err)
	}
	c.images = append(c.images, nil)
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return tagboat.Usagef("reading a layer: %w", err)
		}
		size, err := layer.Size()
		if err != nil {
			return tagboat.Usagef("reading a layer: %w", err)
		}
		if !c.has(digest) {
			c.images[len(c.images)-1] = append(c.images[len(c.images)-1], layer)
			c.Size += size
		}
	}
	return nil
}

func (c *Content) has(digest v1.Hash) bool {
	for _, layer := range slices.Concat(c.images...) {
		if d, err := layer.Digest(); err == nil && d == digest {
			return true
		}
	}
	return false
}
