package taskdef_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/taskdef"
)

func TestPlatform(t *testing.T) {
	for members, want := range map[string]string{
		``:                                       "",
		`,"requiresCompatibilities":["FARGATE"]`: "linux/amd64",
		`,"requiresCompatibilities":["EC2"]`:     "",
		`,"runtimePlatform":{"cpuArchitecture":"ARM64"}`:                                                     "linux/arm64",
		`,"runtimePlatform":{"cpuArchitecture":"X86_64","operatingSystemFamily":"LINUX"}`:                    "linux/amd64",
		`,"runtimePlatform":{"cpuArchitecture":"X86_64","operatingSystemFamily":"WINDOWS_SERVER_2022_CORE"}`: "windows/amd64",
		`,"requiresCompatibilities":["FARGATE"],"runtimePlatform":{"operatingSystemFamily":"LINUX"}`:         "linux/amd64",
		`,"requiresCompatibilities":["FARGATE"],"runtimePlatform":{"cpuArchitecture":"${vars.cpu}"}`:         "",
	} {
		text := `{"family":"web","containerDefinitions":[{"name":"app","essential":true}]` + members + `}`
		template, err := taskdef.Parse("web.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := template.Platform(); got != want {
			t.Errorf("template with %s: %q, want %q", members, got, want)
		}
		d, err := taskdef.FromJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Platform(); got != want {
			t.Errorf("definition with %s: %q, want %q", members, got, want)
		}
	}
}
