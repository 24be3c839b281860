// Twelve small pipelines, each of which shows one thing. The programs beside this one, in Rust and Python, have the same
// twelve.
//
//	gofer pipeline register examples/catalogue/go -- greet
//	gofer run start greet -v NAME=Ada --watch
//
// The tasks only pretend, with a shell that any node has. scripts/make-image makes the image for containers.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	gofer "github.com/clintjedwards/gofer/crates/sdk/go"
)

// catalogue has them by name, in the order in which they are best read.
var catalogue = []struct {
	name  string
	write func() *gofer.Pipeline
}{
	{"greet", greet},
	{"matrix", matrix},
	{"flaky", flaky},
	{"take-back", takeBack},
	{"checks", checks},
	{"deadline", deadline},
	{"whoami", whoami},
	{"totals", totals},
	{"dry-run", dryRun},
	{"fleet", fleet},
	{"publish", publish},
	{"ship", ship},
}

func main() {
	var names []string
	for _, entry := range catalogue {
		if len(os.Args) > 1 && os.Args[1] == entry.name {
			entry.write().Emit()
			return
		}
		names = append(names, entry.name)
	}
	fmt.Fprintln(os.Stderr, "usage: NAME, one of "+strings.Join(names, ", "))
	os.Exit(2)
}

// shell adds a task that runs a script in a shell.
func shell(pipeline *gofer.Pipeline, id, source string, spec gofer.Spec) *gofer.Task {
	spec.Image, spec.Pull, spec.Script = "gofer-busybox", gofer.PullNever, gofer.Script("sh", source)
	if spec.Timeout == 0 {
		spec.Timeout = time.Minute
	}
	return pipeline.Task(id, spec)
}
