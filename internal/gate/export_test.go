package gate

// What reads keys and what was signed, for tests.
var (
	ReadKey        = readKey
	ParseKey       = parseKey
	ParsePayload   = parsePayload
	ParseStatement = parseStatement
)
