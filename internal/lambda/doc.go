// Package lambda runs Tagboat as an AWS Lambda function: the same binary, called
// bootstrap, on the runtime provided.al2023. It answers events by their shape, and logs
// one line of JSON for each.
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
package lambda
