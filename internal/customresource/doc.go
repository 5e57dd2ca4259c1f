// Package customresource lets templates read pins: it answers CloudFormation's custom resources.
//
// A custom resource is a request that CloudFormation hands to a function, and an answer
// that the function puts to a presigned URL. An answer that never comes keeps a stack
// waiting for an hour, so everything here ends in one: what is wrong is said in the
// answer, where people who look at the stack see it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
package customresource
