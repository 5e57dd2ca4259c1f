package tagboat

// TagChange is a tag that was put on a version.
type TagChange struct {
	Tag     string `json:"tag"`
	Was     Digest `json:"was"`     // what it stood for before; "" where it is new
	Changed bool   `json:"changed"` // false where it stood for the version already
}

// TagDocument is what tag prints with -o json.
type TagDocument struct {
	Image      ImageName   `json:"image"`
	Repository string      `json:"repository"` // with its host
	Digest     Digest      `json:"digest"`
	Tags       []TagChange `json:"tags"`
}

// PublishDocument is what publish prints with -o json.
type PublishDocument struct {
	TagDocument
	Source            string `json:"source"`
	Commit            string `json:"commit"` // "" where git was not asked
	Dirty             bool   `json:"dirty"`  // the work tree differs from the commit
	RepositoryCreated bool   `json:"repositoryCreated"`
	LayersSent        int    `json:"layersSent"`
	LayersThere       int    `json:"layersThere"`
	BytesSent         int64  `json:"bytesSent"`
}
