package sandbox

// Env returns the environment variables, as NAME=value, that make the AWS SDKs and
// the AWS command line talk to the sandbox at an endpoint such as
// http://127.0.0.1:4510. The credentials are no secret: no signature is checked.
// https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
func (s *Server) Env(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint,
		"AWS_REGION=" + s.config.Region,
		"AWS_DEFAULT_REGION=" + s.config.Region, // botocore reads this one only
		"AWS_ACCESS_KEY_ID=sandbox",
		"AWS_SECRET_ACCESS_KEY=sandbox",
		"AWS_SESSION_TOKEN=", // one that is left over does not fit these keys
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=", // the command line must not wait for a key
	}
}
