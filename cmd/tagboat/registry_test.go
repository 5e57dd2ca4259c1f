package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tagboat/tagboat/internal/demo"
)

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
