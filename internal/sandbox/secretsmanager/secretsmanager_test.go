package secretsmanager_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/secretsmanager"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func client(t *testing.T, service *secretsmanager.Service) *sdk.Client {
	t.Helper()
	url := wiretest.Serve(t, service.Service())
	return sdk.New(sdk.Options{
		BaseEndpoint: &url, Region: wiretest.Region, Retryer: wiretest.Once{},
		Credentials: credentials.NewStaticCredentialsProvider(wiretest.Account, "secret", ""),
	})
}

func TestSecret(t *testing.T) {
	service := secretsmanager.New(clock.NewManual(start))
	c := client(t, service)
	made, err := c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: aws.String("shop/db"), SecretString: aws.String(`{"password":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	partial := strings.TrimSuffix(*made.ARN, (*made.ARN)[len(*made.ARN)-len("-AbCdEf"):])
	if want := "arn:aws:secretsmanager:" + wiretest.Region + ":" + wiretest.Account + ":secret:shop/db"; partial != want {
		t.Errorf("ARN %s", *made.ARN)
	}
	for _, id := range []string{"shop/db", *made.ARN, partial} {
		found, err := c.DescribeSecret(t.Context(), &sdk.DescribeSecretInput{SecretId: &id})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string][]string{*made.VersionId: {"AWSCURRENT"}}, found.VersionIdsToStages); diff != "" || found.DeletedDate != nil || !found.CreatedDate.Equal(start) {
			t.Errorf("%s: deleted %v, created %v, %s", id, found.DeletedDate, found.CreatedDate, diff)
		}
	}
	put, err := c.PutSecretValue(t.Context(), &sdk.PutSecretValueInput{SecretId: made.ARN, SecretString: aws.String("plain")})
	if err != nil {
		t.Fatal(err)
	}
	for stage, want := range map[string]string{"": "plain", "AWSCURRENT": "plain", "AWSPREVIOUS": `{"password":"x"}`} {
		in := &sdk.GetSecretValueInput{SecretId: made.ARN}
		if stage != "" {
			in.VersionStage = &stage
		}
		if got, err := c.GetSecretValue(t.Context(), in); err != nil || *got.SecretString != want {
			t.Errorf("stage %q: %v, %v", stage, got, err)
		}
	}
	for from, want := range map[string]string{
		*made.ARN: "", partial: "",
		*made.ARN + ":::" + *put.VersionId:       "",
		*made.ARN + ":password:AWSPREVIOUS:":     "",
		*made.ARN + ":user:AWSPREVIOUS:":         "did not contain json key user",
		*made.ARN + ":password::":                "did not contain json key password",
		*made.ARN + "::NEXT:":                    "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: NEXT",
		strings.Replace(*made.ARN, "db", "x", 1): "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
		"arn:aws:secretsmanager:x":               "invalid ARN",
	} {
		if got := service.Unreadable(from); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", from, got, want)
		}
	}
}

func TestDeletion(t *testing.T) {
	service := secretsmanager.New(clock.NewManual(start))
	c := client(t, service)
	name := aws.String("db")
	if _, err := c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: name, SecretString: aws.String("x")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: name}); err == nil {
		t.Error("created twice")
	} else {
		wiretest.WantFailure(t, err, "ResourceExistsException: The operation failed because the secret db already exists.")
	}
	if _, err := c.DeleteSecret(t.Context(), &sdk.DeleteSecretInput{SecretId: name, RecoveryWindowInDays: aws.Int64(7)}); err != nil {
		t.Fatal(err)
	}
	found, err := c.DescribeSecret(t.Context(), &sdk.DescribeSecretInput{SecretId: name})
	if err != nil || !found.DeletedDate.Equal(start.AddDate(0, 0, 7)) {
		t.Errorf("%v, %v", found, err)
	}
	_, err = c.GetSecretValue(t.Context(), &sdk.GetSecretValueInput{SecretId: name})
	wiretest.WantFailure(t, err, "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.")

	saved, err := service.Save()
	if err != nil {
		t.Fatal(err)
	}
	again := secretsmanager.New(clock.NewManual(start))
	if err := again.Load(saved.(json.RawMessage)); err != nil {
		t.Fatal(err)
	}
	c = client(t, again)
	if _, err := c.RestoreSecret(t.Context(), &sdk.RestoreSecretInput{SecretId: name}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetSecretValue(t.Context(), &sdk.GetSecretValueInput{SecretId: name}); err != nil || *got.SecretString != "x" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := c.DeleteSecret(t.Context(), &sdk.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	_, err = c.DescribeSecret(t.Context(), &sdk.DescribeSecretInput{SecretId: name})
	wiretest.WantFailure(t, err, "ResourceNotFoundException: Secrets Manager can't find the specified secret.")
}
