package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tagboat/tagboat/internal/demo"
)

// saveImage writes an archive as docker save does: save FILE KILOBYTES [LABEL=VALUE...].
func saveImage(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: save FILE KILOBYTES [LABEL=VALUE...]")
	}
	kilobytes, err := strconv.Atoi(args[1])
	ts.Check(err)
	image, err := demo.BuildImage(args[0], namedLabels(ts, args[2:]))
	ts.Check(err)
	for seed := range uint64(2) {
		layer, err := noise(seed, kilobytes/2)
		ts.Check(err)
		image, err = mutate.AppendLayers(image, layer)
		ts.Check(err)
	}
	tag, err := name.NewTag("api:latest")
	ts.Check(err)
	ts.Check(tarball.WriteToFile(ts.MkAbs(args[0]), tag, image))
}

// noise is a layer that cannot be compressed. The same seed gives the same layer.
func noise(seed uint64, kilobytes int) (v1.Layer, error) {
	content := make([]byte, kilobytes<<10)
	source := mrand.NewChaCha8([32]byte{byte(seed)})
	_, _ = source.Read(content) // never fails
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	})
}

func namedLabels(ts *testscript.TestScript, args []string) map[string]string {
	found := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			ts.Fatalf("%q is not LABEL=VALUE", arg)
		}
		found[key] = value
	}
	return found
}

// writeLayout writes an OCI layout with an index of two platforms: layout DIR.
func writeLayout(ts *testscript.TestScript, _ bool, args []string) {
	var index v1.ImageIndex = empty.Index
	for _, arch := range []string{"amd64", "arm64"} {
		image, err := demo.BuildImage(args[0]+" "+arch, nil)
		ts.Check(err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	path, err := layout.Write(ts.MkAbs(args[0]), empty.Index)
	ts.Check(err)
	ts.Check(path.AppendIndex(index))
	digest, err := index.Digest()
	ts.Check(err)
	ts.Setenv("DIGEST_"+args[0], digest.String())
}

// signImage puts a signature beside an image as cosign does, by a key that is made with
// its public half in FILE where there is none yet: sign FILE [REPOSITORY:TAG [DIGEST]].
// DIGEST is what the payload says; left out, the image's own.
func signImage(ts *testscript.TestScript, _ bool, args []string) {
	key := keyIn(ts, args[0])
	if len(args) == 1 {
		return
	}
	tag := tagOf(ts, args[1])
	head, err := remote.Head(tag, login(ts))
	ts.Check(err)
	digest := head.Digest.String()
	if len(args) > 2 {
		digest = args[2]
	}
	payload := []byte(`{"critical":{"identity":{"docker-reference":"` + tag.Context().Name() + `"},"image":{"docker-manifest-digest":"` + digest +
		`"},"type":"cosign container image signature"},"optional":null}`)
	hash := sha256.Sum256(payload)
	signature, err := ecdsa.SignASN1(rand.Reader, key, hash[:])
	ts.Check(err)
	beside := tag.Context().Tag(strings.Replace(head.Digest.String(), ":", "-", 1) + ".sig")
	image, err := remote.Image(beside, login(ts))
	if err != nil {
		image = mutate.MediaType(empty.Image, "application/vnd.oci.image.manifest.v1+json")
	}
	image, err = mutate.Append(image, mutate.Addendum{
		Layer:       static.NewLayer(payload, "application/vnd.dev.cosign.simplesigning.v1+json"),
		Annotations: map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(signature)},
	})
	ts.Check(err)
	ts.Check(remote.Write(beside, image, login(ts)))
}

func keyIn(ts *testscript.TestScript, file string) *ecdsa.PrivateKey {
	private := ts.MkAbs(file + ".private")
	if data, err := os.ReadFile(private); err == nil {
		key, err := x509.ParseECPrivateKey(data)
		ts.Check(err)
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	data, err := x509.MarshalECPrivateKey(key)
	ts.Check(err)
	ts.Check(os.WriteFile(private, data, 0o600))
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(file), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600))
	return key
}

// callECR makes one call to ECR and writes its answer to a file: ecr OPERATION JSON FILE.
func callECR(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: ecr OPERATION JSON FILE")
	}
	answer := aws(ts, "123456789012", "AmazonEC2ContainerRegistry_V20150921."+args[0], args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), answer, 0o600))
}

// clearFaults ends all faults.
func clearFaults(ts *testscript.TestScript, _ bool, _ []string) {
	sandboxRequest(ts, "DELETE", ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/faults", "")
}

// TestRegistries runs the stories of testdata/registry against a registry that the
// environment names, and against a sandbox where it names none:
//
//	TAGBOAT_TEST_REGISTRY=HOST:PORT   a registry; DOCKER_CONFIG has the login
//	TAGBOAT_TEST_ECR=ACCOUNT          ECR's API at AWS_ENDPOINT_URL, and nothing behind it
//
// Commands beside those of TestStories:
//
//	registry REPOSITORY     sets $REGISTRY; the sandbox that it starts has the ledger
//	manytags REPOSITORY N   gives images the tags n-1 to n-N
func TestRegistries(t *testing.T) {
	known := theRegistry()
	params := stories("testdata/registry")
	params.Cmds["registry"] = known.use
	params.Cmds["push"] = known.push
	params.Cmds["manytags"] = known.manyTags
	params.Condition = known.is
	testscript.Run(t, params)
}

// foreign is the registry that stories of any registry run against.
type foreign struct {
	host    string // a registry that is not the sandbox's
	account string // of an ECR that is not the sandbox's
}

func theRegistry() foreign {
	return foreign{host: os.Getenv("TAGBOAT_TEST_REGISTRY"), account: os.Getenv("TAGBOAT_TEST_ECR")}
}

func (f foreign) is(condition string) (bool, error) {
	if condition != "endpoint" {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	return f.account == "", nil
}

func (f foreign) use(ts *testscript.TestScript, _ bool, args []string) {
	if f.account == "" {
		startSandbox(ts, false, nil)
	}
	switch {
	case f.account != "":
		for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
			ts.Setenv(name, os.Getenv(name))
		}
		ts.Setenv("REGISTRY", f.account+".dkr.ecr."+os.Getenv("AWS_REGION")+".amazonaws.com")
		ecrCall(ts, "CreateRepository", map[string]any{"repositoryName": args[0]}, nil)
	case f.host != "":
		ts.Setenv("DOCKER_CONFIG", os.Getenv("DOCKER_CONFIG"))
		ts.Setenv("REGISTRY", f.host)
	}
}

func (f foreign) push(ts *testscript.TestScript, neg bool, args []string) {
	if f.account == "" {
		pushImage(ts, neg, args)
		return
	}
	image, err := demo.BuildImage(args[0], labels(ts, args[1:]))
	ts.Check(err)
	repository, tag, _ := strings.Cut(args[0], ":")
	remember(ts, tag, putImage(ts, repository, tag, image))
}

// putImage writes a manifest by ECR's API, and returns the digest that this says it has.
func putImage(ts *testscript.TestScript, repository, tag string, image v1.Image) string {
	manifest, err := image.RawManifest()
	ts.Check(err)
	media, err := image.MediaType()
	ts.Check(err)
	var answer struct {
		Image struct{ ImageID struct{ ImageDigest string } }
	}
	ecrCall(ts, "PutImage", map[string]any{
		"repositoryName": repository, "imageTag": tag, "imageManifest": string(manifest), "imageManifestMediaType": media,
	}, &answer)
	return answer.Image.ImageID.ImageDigest
}

func ecrCall(ts *testscript.TestScript, operation string, in any, out any) {
	body, err := json.Marshal(in)
	ts.Check(err)
	answer := aws(ts, "123456789012", "AmazonEC2ContainerRegistry_V20150921."+operation, string(body))
	if out != nil {
		ts.Check(json.Unmarshal(answer, out))
	}
}

func (f foreign) manyTags(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	var pusher *remote.Pusher
	if f.account == "" {
		pusher, err = remote.NewPusher(mayPush(ts, tagOf(ts, args[0]+":n-1")))
		ts.Check(err)
	}
	var image v1.Image
	for n := range count {
		if n%500 == 0 { // an image has at most a thousand tags in ECR
			image, err = demo.BuildImage(fmt.Sprintf("many tags from %d", n), nil)
			ts.Check(err)
		}
		tag := fmt.Sprintf("n-%d", n+1)
		if f.account != "" {
			putImage(ts, args[0], tag, image)
			continue
		}
		ts.Check(pusher.Push(context.Background(), tagOf(ts, args[0]+":"+tag), image))
	}
}
