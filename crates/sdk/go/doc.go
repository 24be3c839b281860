// Package gofer writes Gofer pipelines in Go.
//
// A program declares one pipeline and emits it; gofer pipeline register DIRECTORY runs the program and registers what
// it printed:
//
//	package main
//
//	import (
//		"time"
//
//		gofer "github.com/clintjedwards/gofer/crates/sdk/go"
//	)
//
//	func main() {
//		nightly := gofer.New("nightly", gofer.Options{Timeout: 2 * time.Hour})
//		build := nightly.Task("build", gofer.Spec{
//			Image:   "rust:1",
//			Command: []string{"cargo", "build"},
//			Memory:  4 * gofer.GiB,
//		})
//		test := nightly.Task("test", gofer.Spec{
//			Image:   "rust:1",
//			Command: []string{"cargo", "test"},
//			Retry:   gofer.Attempts(3).Backoff(10 * time.Second),
//		}).After(build)
//		nightly.Task("report", gofer.Spec{
//			Image:        "python:3.12",
//			Script:       gofer.Script("python3", `print("the tests failed")`),
//			AllowFailure: true,
//		}).AfterFailure(test)
//		nightly.Emit()
//	}
//
// What can be said is what a pipeline file can say, and what is refused is what a cluster would refuse: all faults at
// once, each with the line that declared the task. Only the standard library is used.
package gofer
