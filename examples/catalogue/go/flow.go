package main

import (
	"time"

	gofer "github.com/clintjedwards/gofer/crates/sdk/go"
)

// matrix has one build for each system and processor, then one package of all.
func matrix() *gofer.Pipeline {
	p := gofer.New("matrix", gofer.Options{
		Description: "Builds for each system and processor, then packs.",
		Overlap:     gofer.Queue(3),
	})
	var builds []*gofer.Task
	for _, system := range []string{"linux", "windows"} {
		for _, processor := range []string{"amd64", "arm64"} {
			build := shell(p, "build-"+system+"-"+processor, `echo "building for $SYSTEM/$PROCESSOR"`, gofer.Spec{
				Env: map[string]string{"SYSTEM": system, "PROCESSOR": processor},
			})
			builds = append(builds, build)
		}
	}
	shell(p, "pack", "echo packing what was built", gofer.Spec{}).After(builds...)
	return p
}

// flaky has a task that succeeds at its third attempt.
func flaky() *gofer.Pipeline {
	p := gofer.New("flaky", gofer.Options{Description: "Tries again what fails at first."})
	const source = `
		if [ "$GOFER_ATTEMPT" -lt 3 ]; then
		  echo "the server is not ready" >&2
		  exit 1
		fi
		echo "fetched at attempt $GOFER_ATTEMPT"
	`
	shell(p, "fetch", source, gofer.Spec{
		Retry: gofer.Attempts(5).Backoff(100 * time.Millisecond).Multiplier(1.5),
	})
	return p
}

// takeBack has branches for success and failure, and what is done in any case.
func takeBack() *gofer.Pipeline {
	p := gofer.New("take-back", gofer.Options{Description: "Takes back what failed, and cleans up in any case."})
	const fail = "echo the new version does not start >&2; exit 7"
	deploy := shell(p, "deploy", fail, gofer.Spec{AllowFailure: true})
	shell(p, "announce", "echo the new version is out", gofer.Spec{}).After(deploy)
	back := shell(p, "roll-back", "echo back to the version before", gofer.Spec{}).AfterFailure(deploy)
	shell(p, "clean-up", "echo removing what was left", gofer.Spec{}).AfterAny(deploy, back)
	return p
}

// checks are made side by side, whatever the others find.
func checks() *gofer.Pipeline {
	p := gofer.New("checks", gofer.Options{
		Description: "Checks side by side; style alone may fail.",
		Overlap:     gofer.Replace,
	})
	licences := shell(p, "licences", "echo all licences are known", gofer.Spec{})
	spelling := shell(p, "spelling", "echo no word is unknown", gofer.Spec{})
	style := shell(p, "style", "echo line 3 is too long; exit 1", gofer.Spec{AllowFailure: true})
	shell(p, "verdict", "echo good enough", gofer.Spec{}).After(licences, spelling).AfterAny(style)
	return p
}

// deadline has a task that is ended when its time is over, and what is done instead.
func deadline() *gofer.Pipeline {
	p := gofer.New("deadline", gofer.Options{
		Description: "Takes the quick way when the thorough one takes too long.",
		Timeout:     5 * time.Minute,
	})
	thorough := shell(p, "thorough", "sleep 60", gofer.Spec{Timeout: time.Second, AllowFailure: true})
	shell(p, "quick", "echo a quick answer", gofer.Spec{}).AfterFailure(thorough)
	return p
}

// whoami tells what a task knows of itself, where it runs, and what it may use.
func whoami() *gofer.Pipeline {
	p := gofer.New("whoami", gofer.Options{
		Description: "Tells what a task knows of itself.",
		Env:         map[string]string{"GREETING": "this is"},
	})
	const source = `
		echo "$GREETING attempt $GOFER_ATTEMPT of $GOFER_TASK in run $GOFER_RUN of $GOFER_PIPELINE"
		test "$(pwd)" = /tmp
	`
	shell(p, "tell", source, gofer.Spec{
		WorkingDirectory: "/tmp",
		CPU:              0.5,
		Memory:           64 * gofer.MiB,
		Env:              map[string]string{"GREETING": "here is"},
	})
	return p
}
