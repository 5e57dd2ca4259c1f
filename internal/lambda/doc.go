// Package lambda runs Tagboat as an AWS Lambda function: the same binary, called
// bootstrap, on the runtime provided.al2023. It answers events by their shape: requests of
// CloudFormation's custom resources, events of EventBridge, and batches of messages of a queue
// with such events. It works for less than a minute, and logs in lines of JSON.
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
package lambda
