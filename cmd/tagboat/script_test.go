package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tagboat/tagboat/internal/iam"
)

var update = flag.Bool("update", false, "write what the stories print into their cmp files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tagboat": main, "bootstrap": main, "docker-credential-tagboat": main, "ledger-writer": ledgerWriter, "aws-command": awsCommand, "sandbox-order": orderCommand})
}

// copilotFixtures is what AWS Copilot left of an application: its stacks and its directory.
const copilotFixtures = "../../internal/scaffold/testdata/copilot"

// TestStories runs the stories of testdata/script: each is what a user would type, on
// the real binary, against a sandbox of its own. Commands beside testscript's own:
//
//	sandbox [FLAG...]             starts a sandbox and sets the environment to use it
//	push REPOSITORY:TAG [LABEL=VALUE...]   builds an image and pushes it; $DIGEST_TAG is its digest
//	pushindex REPOSITORY:TAG      the same for an index of two platforms
//	cluster NAME [ACCOUNT]        creates an ECS cluster
//	calls reset | none | OPERATION N   what the sandbox counted
//	fault JSON                    orders a fault
//	jsonpath FILE PATH VALUE      compares a member of a JSON document
//	example                       writes the files of examples/shop, with $REGISTRY filled in
//	later DURATION                moves the sandbox's clock forward
//	fill FROM TO                  copies a file with $REGISTRY filled in
//	remember VARIABLE FILE PATH   sets a variable to a member of a JSON document
//	exits CODE COMMAND...         runs a command that ends with just this exit code
//	start NAME COMMAND...         runs a command in the background
//	killed NAME OPERATION N       kills it once the sandbox has counted the operation N times
//	interrupt NAME                is Ctrl-C
//	await-file FILE               waits until it is there
//	rejected HEADER VALUE         a request with that header, which the sandbox has to reject
//	signal NAME hup|int|term|kill|pipe   sends it another signal
//	ended NAME CODE [WITHIN]      waits for its end; NAME.stdout and NAME.stderr have what it printed
//	says NAME REGEXP [N]          waits until what start began has printed a line so often
//	await OPERATION N             waits until the sandbox has answered the operation N times
//	proxy [KIND OPERATION [TIMES] [OPTION=VALUE...]]   loses, repeats, delays and rewrites calls; see orderProxy
//	struck N                      waits until the faults in force have hit so many calls
//	each LIST FROM TO             copies a file for each line of LIST, with NAME filled in
//	pusheach LIST TAG [LABEL=VALUE...]   pushes shop/NAME for each line of LIST
//	overtake CLUSTER SERVICE [ACCOUNT]   deploys something else as soon as a rollout of ours is under way
//	save FILE KILOBYTES [LABEL=VALUE...]   writes an image as docker save does
//	layout DIR                    writes an OCI layout with an index of two platforms; $DIGEST_DIR is its digest
//	sign FILE [REPOSITORY:TAG [DIGEST]]   signs an image as cosign does; FILE gets the public key
//	ecr OPERATION JSON FILE       makes a call to ECR and writes its answer
//	nofaults                      ends all faults
//	function [timeout=DURATION] [NAME=VALUE...]   runs the binary as an AWS Lambda function
//	resource TYPE FILE ANSWER [REFUSAL...]   sends it a custom resource's request
//	invoke FILE [ANSWER]          sends it another event
//	dies FILE OPERATION N         does that, and kills it once the sandbox has counted the operation N times
//	allowed POLICY...             holds what the sandbox counted to IAM policies
//	webhook VARIABLE FILE [key=KEY] [REFUSAL...]   receives notifications; the variable gets its address
//	edit FILE OLD NEW             replaces text in a file; \n in NEW begins a line
//	parameter NAME TYPE VALUE     writes a parameter as somebody else would
//	stored NAME VALUE             compares what a parameter holds
//	as ROLE SESSION               what follows runs as a role of the default account
//	refused OPERATION JSON WORDS   a call of Parameter Store past Tagboat that IAM has to refuse
//	stack update FILE [NAME=VALUE...]   creates or updates a stack, and waits until it is complete
//	received ACCOUNT/NAME FILE    writes the messages of a queue into a file, one a line
//	asks WATCHER STATUS METHOD PATH [BODY [NAME:VALUE...]]   asks what tagboat watch listens on
//	rules FILE [ACCOUNT]          CloudFormation, as far as the templates of generate watch go
func TestStories(t *testing.T) { testscript.Run(t, stories("testdata/script")) }

// stories returns how the stories of a directory are run.
func stories(dir string) testscript.Params {
	return testscript.Params{
		Dir:           dir,
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "no-such-file"))
			env.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(env.WorkDir, "no-such-file"))
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("EVIL", evil)
			for name, dir := range map[string]string{"DOCS": "testdata/docs", "COPILOT": copilotFixtures} {
				path, err := filepath.Abs(dir)
				if err != nil {
					return err
				}
				env.Setenv(name, path)
			}
			env.Setenv("NO_PROXY", "127.0.0.1")
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Values[functionKey{}] = new(*function)
			env.Values[backgroundKey{}] = background{}
			env.Values[proxyKey{}] = &proxyServer{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox":    startSandbox,
			"push":       pushImage,
			"plain":      checkPlain,
			"pushindex":  pushIndex,
			"cluster":    createCluster,
			"calls":      checkCalls,
			"fault":      orderFault,
			"jsonpath":   checkJSON,
			"remember":   rememberMember,
			"exits":      checkExit,
			"fill":       fillFile,
			"example":    writeExample,
			"later":      moveClock,
			"start":      startCommand,
			"killed":     killCommand,
			"interrupt":  interruptCommand,
			"signal":     signalCommand,
			"await-file": awaitFile,
			"rejected":   checkRejected,
			"proxy":      orderProxy,
			"ended":      awaitEnd,
			"await":      awaitCalls,
			"says":       awaitLine,
			"struck":     awaitHits,
			"each":       copyEach,
			"pusheach":   pushEach,
			"overtake":   overtake,
			"save":       saveImage,
			"layout":     writeLayout,
			"sign":       signImage,
			"ecr":        callECR,
			"nofaults":   clearFaults,
			"function":   startFunction,
			"resource":   sendResource,
			"invoke":     invokeFunction,
			"dies":       killFunction,
			"stack":      updateStack,
			"allowed":    checkAllowed,
			"webhook":    startWebhook,
			"edit":       editFile,
			"parameter":  putParameter,
			"aws":        callAWS,
			"as":         assumeRole,
			"refused":    checkRefused,
			"rules":      createRules,
			"received":   receiveAll,
			"asks":       askWatcher,
			"stored":     checkStored,
		},
	}
}

// startSandbox runs a strict `tagboat sandbox` beside the story and stops it at its end.
func startSandbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("! sandbox is not supported")
	}
	file := filepath.Join(ts.MkAbs("."), "sandbox.env")
	ts.Check(removeIfThere(file))
	binary, err := exec.LookPath("tagboat")
	ts.Check(err)
	cmd := exec.Command(binary, append([]string{"sandbox", "--strict", "--addr", "127.0.0.1:0", "--env-file", file}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	log, err := os.Create(file + ".log")
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = log, log
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = log.Close()
	})
	ts.Check(waitForFile(file, patience))
	useEnvFile(ts, file)
	dockerLogin(ts)
}

// checkAllowed holds what the sandbox counted to policies: each call must be allowed by
// one of them, and something must have been called: allowed POLICY...
func checkAllowed(ts *testscript.TestScript, neg bool, args []string) {
	var documents []iam.Document
	for _, file := range args {
		var document iam.Document
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &document))
		documents = append(documents, document)
	}
	var got counted
	ts.Check(json.Unmarshal(sandboxRequest(ts, http.MethodGet, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/calls", ""), &got))
	if got.Total == 0 {
		ts.Fatalf("nothing was called")
	}
	lacking := ""
	for operation := range got.ByOperation {
		for _, action := range iam.Actions(operation) {
			if !allowedBy(documents, action) {
				lacking += " " + action
			}
		}
	}
	if (lacking != "") != neg {
		ts.Fatalf("the policies lack%s", lacking)
	}
}

func allowedBy(documents []iam.Document, action string) bool {
	for _, document := range documents {
		if document.Allows(action) {
			return true
		}
	}
	return false
}
