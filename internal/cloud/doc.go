// Package cloud is Tagboat's way to AWS, and the only package that imports the AWS SDK.
// It finds the credentials, assumes roles, keeps to AWS's rates, tries again what may be
// tried again, counts every request, and turns AWS's answers into the plain values of
// package ecs and its errors into ones that say what to do.
//
// Everything about the account comes from the SDK's standard chain (AWS_PROFILE,
// AWS_REGION, AWS_ENDPOINT_URL, the instance's role, …) and from nowhere else.
package cloud
