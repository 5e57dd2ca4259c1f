package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Parameters is Parameter Store in one place. It is safe for concurrent use.
type Parameters struct {
	client *ssm.Client
}

var _ ledger.Store = (*Parameters)(nil)

// Parameter Store's limits in one call.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
const (
	parametersACall = 10
	versionsAPage   = 50
)

// Get implements ledger.Store, ten parameters a call. A name can also be an ARN, and can
// end in :VERSION or :LABEL; what it names is found under the name as given. Secure
// strings stay encrypted.
func (p *Parameters) Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error) {
	parameters, err := inBatches(ctx, names, parametersACall, func(ctx context.Context, names []string) ([]types.Parameter, error) {
		out, err := p.client.GetParameters(ctx, &ssm.GetParametersInput{Names: names})
		if err != nil {
			return nil, err
		}
		return out.Parameters, nil
	})
	if err != nil {
		return nil, err
	}
	byName := map[string]ledger.Parameter{}
	for _, parameter := range parameters {
		byName[nameOf(parameter, names)] = parameterOf(parameter)
	}
	return byName, nil
}

// Missing implements deploy.Parameters.
func (p *Parameters) Missing(ctx context.Context, names []string) ([]string, error) {
	return inBatches(ctx, names, parametersACall, func(ctx context.Context, names []string) ([]string, error) {
		out, err := p.client.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(false)})
		if err != nil {
			return nil, err
		}
		return out.InvalidParameters, nil
	})
}

func parameterOf(p types.Parameter) ledger.Parameter {
	return ledger.Parameter{
		Name: aws.ToString(p.Name), Value: aws.ToString(p.Value), Version: p.Version,
		Type: string(p.Type), At: aws.ToTime(p.LastModifiedDate),
	}
}

// nameOf returns the one of names that an answer is for. AWS answers the bare name, and
// beside it the ARN and the selector with its colon.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html
func nameOf(p types.Parameter, names []string) string {
	selector := aws.ToString(p.Selector)
	if arn := aws.ToString(p.ARN) + selector; slices.Contains(names, arn) {
		return arn
	}
	return aws.ToString(p.Name) + selector
}

// Put implements ledger.Store.
func (p *Parameters) Put(ctx context.Context, put ledger.Put) (int64, error) {
	in := &ssm.PutParameterInput{
		Name: aws.String(put.Name), Value: aws.String(put.Value), Type: types.ParameterTypeString, Overwrite: aws.Bool(put.Overwrite),
	}
	if put.Description != "" {
		in.Description = aws.String(put.Description)
	}
	in.Tier = tiers[put.Tier]
	out, err := p.client.PutParameter(ctx, in, patientElsewhere)
	if isThrottle(err) {
		return 0, fmt.Errorf("%w: %w", ledger.ErrThrottled, translate(err))
	}
	if ambiguous(err) {
		return 0, fmt.Errorf("%w: %w", ledger.ErrUnknown, translate(err))
	}
	if hasCode(err, "ParameterMaxVersionLimitExceeded") {
		return 0, fmt.Errorf("%w: %w", ledger.ErrFull, translate(err))
	}
	if hasCode(err, "ParameterAlreadyExists") {
		return 0, fmt.Errorf("%w: %w", ledger.ErrExists, translate(err))
	}
	if put.Tier == ledger.TierStandard && hasCode(err, "ValidationException") && strings.Contains(err.Error(), "downgrade") {
		return 0, tagboat.Usagef("parameter %s is advanced, and has no way back to standard: %w", put.Name, translate(err)).
			WithHint("write tier: advanced for its group in tagboat.yaml")
	}
	if err != nil {
		return 0, translate(err)
	}
	return out.Version, nil
}

// patientElsewhere leaves to the ledger what is to be done where too many write, or an
// answer got lost: its next write is based on what there is by then.
func patientElsewhere(o *ssm.Options) { o.Retryer = unthrottledRetryer{onceSent(o.Retryer)} }

// unthrottledRetryer makes no call again that was refused because too many were made.
type unthrottledRetryer struct{ aws.Retryer }

// IsErrorRetryable implements aws.Retryer.
func (i unthrottledRetryer) IsErrorRetryable(err error) bool {
	return !isThrottle(err) && i.Retryer.IsErrorRetryable(err)
}

// tiers are AWS's names. One that is not sent leaves the parameter in its tier.
var tiers = map[ledger.Tier]types.ParameterTier{
	ledger.TierStandard:    types.ParameterTierStandard,
	ledger.TierAdvanced:    types.ParameterTierAdvanced,
	ledger.TierIntelligent: types.ParameterTierIntelligentTiering,
}

// History implements ledger.Store.
func (p *Parameters) History(ctx context.Context, name string) ([]ledger.Parameter, error) {
	pages := ssm.NewGetParameterHistoryPaginator(p.client, &ssm.GetParameterHistoryInput{Name: aws.String(name), MaxResults: aws.Int32(versionsAPage)})
	versions, err := ofAllPages(ctx, pages, versionsOf)
	if hasCode(err, "ParameterNotFound") {
		return nil, nil
	}
	return versions, translate(err)
}

// Oldest implements ledger.Store. AWS answers the oldest versions first.
func (p *Parameters) Oldest(ctx context.Context, name string, n int) ([]ledger.Parameter, error) {
	out, err := p.client.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: aws.String(name), MaxResults: aws.Int32(int32(min(n, versionsAPage)))})
	if hasCode(err, "ParameterNotFound") {
		return nil, nil
	}
	if err != nil {
		return nil, translate(err)
	}
	return versionsOf(out), nil
}

// Label implements ledger.Store. AWS answers a label that it does not take with success.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
func (p *Parameters) Label(ctx context.Context, name string, version int64, label string) error {
	out, err := p.client.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: aws.String(name), ParameterVersion: aws.Int64(version), Labels: []string{label}})
	if err != nil {
		return translate(err)
	}
	if len(out.InvalidLabels) > 0 {
		return fmt.Errorf("%q cannot be a label", label)
	}
	return nil
}

// Unlabel implements ledger.Store.
func (p *Parameters) Unlabel(ctx context.Context, name string, version int64, labels []string) error {
	_, err := p.client.UnlabelParameterVersion(ctx, &ssm.UnlabelParameterVersionInput{Name: aws.String(name), ParameterVersion: aws.Int64(version), Labels: labels})
	if hasCode(err, "ParameterVersionNotFound") {
		return nil
	}
	return translate(err)
}

func versionsOf(page *ssm.GetParameterHistoryOutput) []ledger.Parameter {
	return each(page.Parameters, func(v types.ParameterHistory) ledger.Parameter {
		return ledger.Parameter{
			Name: aws.ToString(v.Name), Value: aws.ToString(v.Value), Version: v.Version, Type: string(v.Type),
			At: aws.ToTime(v.LastModifiedDate), Description: aws.ToString(v.Description), User: aws.ToString(v.LastModifiedUser), Labels: v.Labels,
		}
	})
}

// Below returns the newest versions of all parameters below a path, at any depth, without
// the one that is called like it. Secure strings stay encrypted.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
func (p *Parameters) Below(ctx context.Context, path string) ([]ledger.Parameter, error) {
	in := &ssm.GetParametersByPathInput{Path: aws.String(path), Recursive: aws.Bool(true), MaxResults: aws.Int32(parametersACall)}
	all, err := ofAllPages(ctx, ssm.NewGetParametersByPathPaginator(p.client, in), func(page *ssm.GetParametersByPathOutput) []ledger.Parameter {
		return each(page.Parameters, parameterOf)
	})
	return all, translate(err)
}

// Secrets is Secrets Manager in one place. It is safe for concurrent use.
type Secrets struct {
	client *secretsmanager.Client
}

// Describe implements deploy.Secrets.
func (s *Secrets) Describe(ctx context.Context, arn string) (ecs.Secret, error) {
	out, err := s.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(arn)})
	if hasCode(err, "ResourceNotFoundException") {
		return ecs.Secret{}, fmt.Errorf("%w: %w", ecs.ErrNotFound, translate(err))
	}
	if err != nil {
		return ecs.Secret{}, translate(err)
	}
	return ecs.Secret{Deleted: out.DeletedDate != nil, Versions: out.VersionIdsToStages}, nil
}
