package ssm

type deleteInput struct{ Name string }

// deleteOne removes a parameter with its whole history. Made again, it starts at
// version 1.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
func (c call) deleteOne(in deleteInput) (struct{}, error) {
	name, err := cleanName(in.Name)
	if err != nil {
		return struct{}{}, err
	}
	if c.parameters[name] == nil {
		return struct{}{}, notFound()
	}
	delete(c.parameters, name)
	return struct{}{}, nil
}

type deleteManyInput struct{ Names []string }

type deleteManyOutput struct {
	DeletedParameters []string
	InvalidParameters []string
}

// deleteMany removes up to ten parameters. Those that do not exist are no error.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameters.html
func (c call) deleteMany(in deleteManyInput) (deleteManyOutput, error) {
	out := deleteManyOutput{DeletedParameters: []string{}, InvalidParameters: []string{}}
	if err := checkNames(in.Names); err != nil {
		return out, err
	}
	for _, name := range in.Names {
		if c.parameters[name] == nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		delete(c.parameters, name)
		out.DeletedParameters = append(out.DeletedParameters, name)
	}
	return out, nil
}
