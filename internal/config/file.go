package config

import (
	"encoding/json"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// file is tagboat.yaml as it is written. The decoder and the JSON Schema both come
// from these structs and their tags.
type file struct {
	App          source.Text                       `yaml:"app,required" doc:"the name of the application, such as shop"`
	Registry     source.Text                       `yaml:"registry" doc:"host of the registry where a repository without a host lives"`
	Images       source.Entries[fileImage]         `yaml:"images" doc:"names for repositories, each with the rule that selects its versions"`
	Services     source.Entries[fileService]       `yaml:"services" doc:"ECS services and which image each of their containers runs"`
	Stages       []fileStage                       `yaml:"stages" doc:"tiers in their order, the first one first"`
	Environments source.Entries[fileEnvironment]   `yaml:"environments" doc:"the places to deploy to"`
	Vars         source.Entries[[]fileScopedValue] `yaml:"vars" doc:"variables of the templates; the most specific scope wins"`
	Ledger       fileLedger                        `yaml:"ledger" doc:"where Parameter Store holds what should run"`
	Journal      fileJournal                       `yaml:"journal" doc:"where CloudWatch Logs keeps the history of what was changed"`
	Notify       []fileWebhook                     `yaml:"notify" doc:"webhooks that hear how deployments ended"`
	Limits       fileLimits                        `yaml:"limits" doc:"what others can make a run do: wait, read, follow"`
	Files        fileFiles                         `yaml:"files" doc:"where the files that this one names may be"`
	Releases     fileReleases                      `yaml:"releases" doc:"where releases are kept, and what they are called"`
	Home         fileHome                          `yaml:"home" doc:"where Parameter Store keeps what belongs to no environment: approvals, numbers of releases, the freeze of everything"`
	Watch        fileWatch                         `yaml:"watch" doc:"how tagboat watch hears of pushes, and when it acts"`
	Serve        fileServe                         `yaml:"serve" doc:"who may use the page and the API of tagboat serve, and what for"`
	Publish      filePublish                       `yaml:"publish" doc:"how tagboat publish pushes images that were built elsewhere"`
}

type fileFiles struct {
	Allow []source.Text `yaml:"allow" doc:"directories beside the repository of this file, or its directory where it is in none, whose files may be read too"`
}

type fileImage struct {
	Repository source.Text `yaml:"repository,required" doc:"the repository, such as shop/api, with its host where that is not the registry's"`
	Select     fileSelect  `yaml:"select" doc:"the rule that chooses a version where a command names none"`
}

type fileService struct {
	TaskDefinition taskDefinition              `yaml:"taskDefinition" doc:"a file with the shape that aws ecs register-task-definition takes, or {family: NAME} where somebody else owns it; required but for a service with deploy"`
	Deploy         *fileDeploy                 `yaml:"deploy" doc:"how the service is deployed, where a stack of CloudFormation or Express Mode of ECS owns it"`
	Service        source.Text                 `yaml:"service" doc:"a file with the shape of aws ecs create-service; left out, the service must exist"`
	Containers     source.Entries[source.Text] `yaml:"containers" doc:"the image that each container runs, by the container's name"`
	DependsOn      []source.Text               `yaml:"dependsOn" doc:"services that must have been deployed successfully before this one"`
}

type fileStage struct {
	Name     source.Text   `yaml:"name,required" doc:"the name of the stage, such as dev"`
	Auto     string        `yaml:"auto" enum:"newest,upstream,off" doc:"what tagboat promote --automation brings here: a release of the newest versions, or what the stage before it runs; default: off, nothing"`
	Keep     Duration      `yaml:"keep" doc:"how long automation leaves a release here before it brings the next one, such as 2h: only the newest of those that wait comes then"`
	Until    string        `yaml:"until" enum:"verified" doc:"verified where automation leaves a release here until the soak of the next stage has passed or failed"`
	Overtake bool          `yaml:"overtake" doc:"true where automation does not wait for a rollout of its own that is under way: a newer release takes its place"`
	Gates    fileGates     `yaml:"gates" doc:"what must hold before a version may enter the stage"`
	Confirm  bool          `yaml:"confirm" doc:"true where a person has to say yes before deploy, rollback, pin or continue changes something: at the terminal, or with --yes"`
	Tags     []source.Text `yaml:"tags" doc:"tags that a version gets when it is pinned here: {environment} moves from version to version, {environment}-{time:20060102-1504} is new each time"`
}

type fileGates struct {
	Soak      Duration                    `yaml:"soak" doc:"how long a release must have run well in the stage before, such as 2h"`
	Approvals int                         `yaml:"approvals" doc:"how many people must approve a release, its author not among them"`
	Lapse     Duration                    `yaml:"approvalsLast" doc:"how long an approval counts; default: 7d"`
	Scan      *fileScan                   `yaml:"scan" doc:"what the registry's scan may have found"`
	Window    *fileWindow                 `yaml:"window" doc:"when a release may enter"`
	Check     *fileCheck                  `yaml:"check" doc:"a check of your own: a command, or an address that is asked"`
	Labels    source.Entries[source.Text] `yaml:"labels" doc:"labels of the image, or annotations, that it must have, by name; * in a value stands for anything"`
	Signature *fileSignature              `yaml:"signature" doc:"a cosign signature that the version must have"`
}

type fileWatch struct {
	Queue  source.Text `yaml:"queue" doc:"the URL of the SQS queue that EventBridge feeds"`
	Settle Duration    `yaml:"settle" doc:"how long to wait for more pushes before an environment is looked at; default: 5s"`
	Sweep  Duration    `yaml:"sweep" doc:"how often everything is looked at, whatever was heard; default: 15m"`
	Grace  Duration    `yaml:"grace" doc:"how long running work may continue after SIGTERM ends tagboat watch; default: 25s"`
}

type fileCheck struct {
	Command []source.Text `yaml:"command" doc:"a program and its arguments, which passes with exit code 0; TAGBOAT_CHECK_RELEASE, TAGBOAT_CHECK_RELEASE_ID, TAGBOAT_CHECK_STAGE and TAGBOAT_CHECK_ENVIRONMENT say what is asked about"`
	URL     source.Text   `yaml:"url" doc:"an address that is sent the same as JSON, and passes with an answer of 200"`
	Timeout Duration      `yaml:"timeout" doc:"how long to wait for the answer; default: 1m"`
}

type fileReleases struct {
	Repository source.Text `yaml:"repository" doc:"the repository that keeps releases, with its host where that is not the registry's; default: {app}-releases"`
	Name       source.Text `yaml:"name" doc:"what a release is called: {seq} counts all releases, {date} and {n} those of a day; default: {seq}"`
}

type fileHome struct {
	Account source.Text `yaml:"account" doc:"the AWS account, twelve digits in quotes; default: that of the AWS configuration"`
	Role    source.Text `yaml:"role" doc:"the ARN of the role to assume there"`
	Region  source.Text `yaml:"region" doc:"the AWS region; default: the one of the AWS configuration"`
	Path    source.Text `yaml:"path" doc:"where parameters of approvals, rejected releases and their numbers begin, with {app} in it; default: /tagboat/{app}"`
	Freeze  source.Text `yaml:"freeze" doc:"the parameter that freezes all applications, the same in the file of each; default: /tagboat/freeze"`
}

type fileSignature struct {
	Key source.Text `yaml:"key,required" doc:"a file with the public key, in PEM: that of cosign generate-key-pair"`
}

type fileScan struct {
	Max string `yaml:"max,required" enum:"none,informational,low,medium,high,critical" doc:"the worst finding that may pass"`
}

type fileWindow struct {
	Cron Cron     `yaml:"cron,required" doc:"when it opens: minute, hour, day of month, month, day of week"`
	For  Duration `yaml:"for,required" doc:"how long it stays open, such as 8h"`
	Zone zone     `yaml:"zone" doc:"the time zone of cron, such as Europe/Brussels; default: UTC"`
}

type filePublish struct {
	Tags []source.Text `yaml:"tags" doc:"tags beside the git commit, with {app}, {image}, {commit}, {short}, {branch} and {time:20060102-1504} in them"`
}

type fileEnvironment struct {
	Stage    source.Text                `yaml:"stage,required" doc:"the stage that it belongs to"`
	Tenant   source.Text                `yaml:"tenant" doc:"the customer that it serves"`
	Registry source.Text                `yaml:"registry" doc:"host of a replica of the registry, which this environment pulls from"`
	Account  source.Text                `yaml:"account" doc:"the AWS account, twelve digits in quotes"`
	Role     source.Text                `yaml:"role" doc:"the ARN of the role to assume there"`
	Region   source.Text                `yaml:"region" doc:"the AWS region; default: the one of the AWS configuration"`
	Cluster  source.Text                `yaml:"cluster,required" doc:"the ECS cluster"`
	Vars     source.Entries[source.Any] `yaml:"vars" doc:"variables of this environment alone"`
}

type fileScopedValue struct {
	Value       source.Any  `yaml:"value,required" doc:"the value: a string, a number, true or false, a list or a map"`
	Stage       source.Text `yaml:"stage" doc:"only in this stage"`
	Tenant      source.Text `yaml:"tenant" doc:"only for this tenant"`
	Environment source.Text `yaml:"environment" doc:"only in this environment"`
	Service     source.Text `yaml:"service" doc:"only for this service"`
	Where       tagboat.Position
}

type fileLedger struct {
	Path        source.Text               `yaml:"path" doc:"the parameter's name, with {app}, {environment}, {stage}, {tenant}, {group} and variables such as {team} in it; default: /containers/{environment}/{group}"`
	Form        string                    `yaml:"form" enum:"tag@digest,tag,digest,uri" doc:"how a version is written in the parameter; default: tag@digest"`
	Tier        string                    `yaml:"tier" enum:"standard,advanced,intelligent-tiering" doc:"the parameter's tier; default: that of the account"`
	Key         string                    `yaml:"key" enum:"name,repository" doc:"what an image is called in the parameter; default: its name"`
	Holds       source.Text               `yaml:"holds" doc:"the name of the parameter that says which images automation leaves alone; default: /tagboat/{environment}/{app}/holds"`
	Groups      source.Entries[fileGroup] `yaml:"groups" doc:"images that share a parameter; those in no group are in the one that is called like the application"`
	Projections *fileProjections          `yaml:"projections" doc:"parameters that hold one version each, written beside the groups"`
}

type fileGroup struct {
	Images []source.Text `yaml:"images" doc:"the images of the group"`
	Path   source.Text   `yaml:"path" doc:"as the ledger's, for this group"`
	Form   string        `yaml:"form" enum:"tag@digest,tag,digest,uri" doc:"as the ledger's, for this group"`
	Tier   string        `yaml:"tier" enum:"standard,advanced,intelligent-tiering" doc:"as the ledger's, for this group"`
	Key    string        `yaml:"key" enum:"name,repository" doc:"as the ledger's, for this group"`
	Shared bool          `yaml:"shared" doc:"true where several environments have one parameter on purpose"`
}

type fileProjections struct {
	Path   source.Text   `yaml:"path,required" doc:"the parameter's name, with {image} in it, and what a ledger's path may have"`
	Form   string        `yaml:"form" enum:"tag@digest,tag,digest,uri" doc:"how a version is written; default: uri"`
	Images []source.Text `yaml:"images" doc:"the images that have one; default: all"`
}

//go:generate go test -run TestSchema -update .

// Schema returns the JSON Schema of tagboat.yaml, made of the structs that the
// decoder fills, so that editors complete and check what Load accepts.
// https://json-schema.org/draft/2020-12
func Schema() []byte {
	s := source.Schema(file{})
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = "https://raw.githubusercontent.com/tagboat/tagboat/main/schema/tagboat.schema.json"
	s["title"] = "tagboat.yaml"
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // maps, lists and strings always encode
	}
	return append(out, '\n')
}
