package gofer_test

import (
	"os"
	"testing"
	"time"

	gofer "github.com/clintjedwards/gofer/crates/sdk/go"
	"github.com/clintjedwards/gofer/crates/sdk/go/internal/golden"
)

func TestEveryGoldenPipelineComesOutByteForByte(t *testing.T) {
	const folder = "../../../proto/testdata/pipelines/valid"
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(golden.All) {
		t.Errorf("%d files and %d pipelines", len(files), len(golden.All))
	}
	for name, make := range golden.All {
		wanted, err := os.ReadFile(folder + "/" + name + ".json")
		if err != nil {
			t.Error(err)
		}
		if text, err := make().JSON(); err != nil || text != string(wanted) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

func ExamplePipeline_Emit() {
	p := gofer.New("release", gofer.Options{Timeout: time.Hour})
	build := p.Task("build", gofer.Spec{Image: "golang:1.22", Command: []string{"go", "build"}, Source: &gofer.Source{File: "main.go", Line: 12}})
	p.Task("publish", gofer.Spec{
		Image:  "alpine",
		Script: gofer.Script("sh", "echo publishing"),
		Source: &gofer.Source{File: "main.go", Line: 13},
	}).After(build)
	text, err := p.JSON()
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(text)
	// Output:
	// {
	//   "format": 1,
	//   "id": "release",
	//   "timeout": "1h",
	//   "tasks": {
	//     "build": {
	//       "image": "golang:1.22",
	//       "command": [
	//         "go",
	//         "build"
	//       ]
	//     },
	//     "publish": {
	//       "image": "alpine",
	//       "entrypoint": [
	//         "/bin/sh",
	//         "-ec"
	//       ],
	//       "command": [
	//         "echo publishing\n"
	//       ],
	//       "depends_on": [
	//         "build"
	//       ]
	//     }
	//   }
	// }
}
