// Backs databases up: one after the other within a region, each is dumped, and its dump is read again. Where that fails,
// somebody is called; old dumps are removed only when all went well.
//
//	gofer pipeline register examples/go
//	gofer run start backup-go --watch
//
// The tasks only pretend, with a shell that any node has. scripts/make-image makes the image for containers.
package main

import (
	"time"

	gofer "github.com/clintjedwards/gofer/crates/sdk/go"
)

var databases = map[string][]string{
	"eu": {"orders", "customers"},
	"us": {"orders", "invoices", "sessions"},
}

func main() {
	backup := gofer.New("backup-go", gofer.Options{
		Description: "Dumps every database, and checks the dumps.",
		// A second backup while one goes on would only slow both down.
		Overlap: gofer.Forbid,
		Timeout: time.Hour,
	})
	var checked []*gofer.Task
	for _, region := range []string{"eu", "us"} {
		var before *gofer.Task
		for _, name := range databases[region] {
			dump := shell(backup, "dump-"+region+"-"+name, `echo "dumping $DATABASE in $REGION"`, region, name)
			if before != nil {
				// One at a time in a region: dumps are heavy on its disks.
				dump.AfterAny(before)
			}
			before = dump
			check := shell(backup, "check-"+region+"-"+name, `echo "reading $DATABASE again"`, region, name).After(dump)
			checked = append(checked, check)
			shell(backup, "call-"+region+"-"+name, `echo "calling about $DATABASE in $REGION"`, region, name).AfterFailure(check)
		}
	}
	shell(backup, "prune", "echo removing dumps older than a month", "", "").After(checked...)
	backup.Emit()
}

// shell adds a task that runs a script in a shell.
func shell(pipeline *gofer.Pipeline, id, source, region, database string) *gofer.Task {
	spec := gofer.Spec{
		Image:   "gofer-busybox",
		Pull:    gofer.PullNever,
		Timeout: 10 * time.Minute,
		Retry:   gofer.Attempts(2).Backoff(5 * time.Second),
		Script:  gofer.Script("sh", source),
	}
	if region != "" {
		spec.Env = map[string]string{"REGION": region, "DATABASE": database}
	}
	return pipeline.Task(id, spec)
}
