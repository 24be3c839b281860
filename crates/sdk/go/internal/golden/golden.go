// Package golden has the pipelines of proto/testdata/pipelines/valid, as an author writes them.
package golden

import (
	"fmt"
	"time"

	gofer "github.com/clintjedwards/gofer/crates/sdk/go"
)

const day = 24 * time.Hour

// All has every pipeline with the name of its file.
var All = map[string]func() *gofer.Pipeline{
	"minimal":      minimal,
	"hello":        hello,
	"nightly":      nightly,
	"forbid":       forbid,
	"replace":      replace,
	"every-field":  everyField,
	"secrets":      secrets,
	"diamond":      diamond,
	"requirements": requirements,
	"retries":      retries,
	"units":        units,
	"text":         text,
	"scripts":      scripts,
	"drivers":      drivers,
	"fan":          fan,
	"parameters":   parameters,
	"outputs":      outputs,
	"approval":     approval,
	"each":         each,
	"runs":         runs,
	"shared":       shared,
}

var succeed = []string{"true"}

func minimal() *gofer.Pipeline {
	p := gofer.New("minimal", gofer.Options{})
	p.Task("only", gofer.Spec{Command: succeed})
	return p
}

func hello() *gofer.Pipeline {
	p := gofer.New("hello", gofer.Options{Description: "Says hello.", Env: map[string]string{"WHOM": "world"}})
	p.Task("greet", gofer.Spec{Image: "busybox:1.36", Timeout: time.Minute, Script: gofer.Script("sh", `
		echo "Hello, $WHOM!"
		if [ "$GOFER_ATTEMPT" -gt 1 ]; then
		  echo "again"
		fi
	`)})
	return p
}

func nightly() *gofer.Pipeline {
	p := gofer.New("nightly", gofer.Options{
		Description: "Builds, tests and reports.",
		Parallelism: 1,
		Overlap:     gofer.Queue(3),
		Timeout:     2 * time.Hour,
		Env:         map[string]string{"CHANNEL": "nightly"},
	})
	build := p.Task("build", gofer.Spec{
		Image:   "rust:1",
		Command: []string{"cargo", "build", "--release"},
		CPU:     2,
		Memory:  4 * gofer.GiB,
		Timeout: 45 * time.Minute,
	})
	test := p.Task("test", gofer.Spec{
		Image:   "rust:1",
		Command: []string{"cargo", "test", "--release"},
		Retry:   gofer.Attempts(3).Backoff(10 * time.Second),
		Env:     map[string]string{"RUST_BACKTRACE": "1"},
	}).After(build)
	p.Task("report-failure", gofer.Spec{
		Image:        "curlimages/curl",
		Command:      []string{"curl", "-fsS", "https://chat.example/hook", "-d", "the nightly tests failed"},
		AllowFailure: true,
	}).AfterFailure(test)
	p.Task("clean-up", gofer.Spec{
		Driver:      gofer.Process,
		Command:     []string{"/bin/sh", "-c", "rm -rf /var/cache/nightly"},
		Constraints: map[string]string{"disk": "ssd"},
	}).AfterAny(test)
	return p
}

func forbid() *gofer.Pipeline {
	p := gofer.New("forbid", gofer.Options{Overlap: gofer.Forbid})
	p.Task("backup", gofer.Spec{Image: "backup:2", Timeout: 6 * time.Hour})
	return p
}

func replace() *gofer.Pipeline {
	p := gofer.New("replace", gofer.Options{Overlap: gofer.Replace, Parallelism: 4})
	p.Task("preview", gofer.Spec{Image: "preview", Pull: gofer.PullAlways})
	return p
}

func secrets() *gofer.Pipeline {
	p := gofer.New("secrets", gofer.Options{})
	p.Task("deploy", gofer.Spec{
		Command: []string{"deploy", "--key", "id_ed25519"},
		SecretEnv: map[string]gofer.SecretRef{
			"TOKEN":   gofer.Secret("deploy-token"),
			"A_TOKEN": gofer.Secret("deploy-token"),
		},
		SecretFiles: map[string]gofer.SecretRef{"id_ed25519": gofer.Secret("deploy-key")},
		Env:         map[string]string{"B": "1"},
	})
	p.Task("only-a-file", gofer.Spec{
		Command:     []string{"true"},
		SecretFiles: map[string]gofer.SecretRef{"a.b": gofer.Secret("x_1")},
	})
	return p
}

func everyField() *gofer.Pipeline {
	p := gofer.New("every-field_1", gofer.Options{
		Description: "Every field of a task.",
		Parallelism: 1<<32 - 1,
		Overlap:     gofer.Queue(10000),
		Timeout:     30 * day,
		Env:         map[string]string{"A": "1", "B": ""},
	})
	first := p.Task("first", gofer.Spec{Command: succeed})
	retry := gofer.Attempts(100).Backoff(2 * time.Second).BackoffMax(5 * time.Minute)
	p.Task("all", gofer.Spec{
		Description:      "All of it.",
		Image:            "registry.example:5000/team/tool@sha256:0123456789abcdef",
		Pull:             gofer.PullNever,
		Entrypoint:       []string{"/usr/bin/env", "-i"},
		Command:          []string{"tool", "--flag", "", "a b"},
		WorkingDirectory: "/srv/work dir",
		Retry:            retry.Multiplier(1.5).RetryLost(false),
		Timeout:          90500 * time.Millisecond,
		CPU:              0.25,
		Memory:           512 * gofer.MiB,
		Driver:           gofer.Docker,
		AllowFailure:     true,
		Constraints:      map[string]string{"zone": "eu", "arch": "amd64"},
		Env:              map[string]string{"B": "task", "A_B": "x=y"},
	}).After(first)
	return p
}

func diamond() *gofer.Pipeline {
	p := gofer.New("diamond", gofer.Options{})
	source := p.Task("source", gofer.Spec{Command: succeed})
	left := p.Task("left", gofer.Spec{Command: succeed}).After(source)
	right := p.Task("right", gofer.Spec{Command: succeed}).After(source)
	p.Task("sink", gofer.Spec{Command: succeed}).After(right, left)
	return p
}

func requirements() *gofer.Pipeline {
	p := gofer.New("requirements", gofer.Options{})
	// Declared before their parents: the order of declaration is no part of a pipeline.
	child := p.Task("a-child", gofer.Spec{Command: succeed})
	grandchild := p.Task("b-grandchild", gofer.Spec{Command: succeed}).AfterAny(child)
	x := p.Task("x", gofer.Spec{Command: succeed})
	y := p.Task("y", gofer.Spec{Command: []string{"false"}})
	z := p.Task("z", gofer.Spec{Command: succeed})
	child.AfterAny(z).AfterFailure(y).After(x)
	grandchild.AfterFailure(x)
	return p
}

func retries() *gofer.Pipeline {
	p := gofer.New("retries", gofer.Options{})
	task := func(id string, retry gofer.Retry) { p.Task(id, gofer.Spec{Command: succeed, Retry: retry}) }
	task("default", gofer.Attempts(1))
	task("thrice", gofer.Attempts(3))
	task("at-once", gofer.Attempts(2).Backoff(0))
	task("patient", gofer.Attempts(5).Backoff(time.Hour).Multiplier(1))
	task("steep", gofer.Attempts(5).BackoffMax(30*day).Multiplier(100))
	task("fine", gofer.Attempts(5).Multiplier(1.15))
	task("never-twice", gofer.Attempts(1).RetryLost(false))
	return p
}

func units() *gofer.Pipeline {
	p := gofer.New("units", gofer.Options{Timeout: day + time.Hour + time.Minute + time.Second + time.Millisecond})
	task := func(id string, timeout time.Duration, cpu float64, memory uint64) {
		p.Task(id, gofer.Spec{Command: succeed, Timeout: timeout, CPU: cpu, Memory: memory})
	}
	task("least", time.Millisecond, 0.001, 4*gofer.MiB)
	task("most", 30*day, 1000, 1<<50)
	task("odd", 3599999*time.Millisecond, 1.999, 5000001)
	task("binary", 90*time.Minute, 2.5, 1536*gofer.MiB)
	task("decimal", 100*time.Second, 0.1, 2000000000)
	task("none", 0, 0, 0)
	return p
}

func text() *gofer.Pipeline {
	env := map[string]string{"SEPARATORS": "\u2028\u2029\ufeff\u200f", "EMPTY": ""}
	for _, name := range []string{"z", "Z", "_", "é", "e\u0301", "ß", "\uffee", "😀", "\U0010ffff", "a b", "10", "9"} {
		env[name] = name
	}
	p := gofer.New("text", gofer.Options{
		Description: "Quotes \" and \\ and / and <b>&amp;</b>,\ttabs,\r\nlines, \b\f\x01\x1f\x7f\u0080, \x00.",
		Env:         env,
	})
	p.Task("words", gofer.Spec{Command: []string{"printf", "%s\\n", "日本語", "it's", "$HOME", "line\nbreak", ""}})
	return p
}

func scripts() *gofer.Pipeline {
	p := gofer.New("scripts", gofer.Options{})
	task := func(id, image string, script *gofer.Inline) { p.Task(id, gofer.Spec{Image: image, Script: script}) }
	task("sh", "busybox", gofer.Script("sh", "echo one\necho two\n"))
	task("bash", "bash:5", gofer.Script("bash", "\n\t\tset -x\n\t\t\techo \"$BASH_VERSION\"\n\n\t\techo\n\t"))
	task("python3", "python:3.12", gofer.Script("python3", `
        import sys
        for n in range(3):
            print(n, file=sys.stderr)
    `))
	task("node", "node:22", gofer.Script("node", "console.log('hi')"))
	task("ruby", "ruby:3", gofer.Script("ruby", "puts 'hi'"))
	task("perl", "perl:5", gofer.Script("perl", `print "hi\n";`))
	task("lua", "lua:5.4", gofer.ScriptWith([]string{"lua5.4", "-W", "-e"}, "print('hi')"))
	return p
}

func drivers() *gofer.Pipeline {
	p := gofer.New("drivers", gofer.Options{})
	p.Task("process", gofer.Spec{Driver: gofer.Process, Entrypoint: []string{"/bin/echo"}, Command: []string{"hi"}})
	p.Task("docker", gofer.Spec{Driver: gofer.Docker, Image: "busybox"})
	labels := map[string]string{"tier": "1", "a/b.c-d_e": ""}
	p.Task("either", gofer.Spec{Image: "busybox", Command: []string{"echo", "hi"}, Constraints: labels})
	return p
}

func fan() *gofer.Pipeline {
	p := gofer.New("fan", gofer.Options{})
	start := p.Task("start", gofer.Spec{Command: succeed})
	join := p.Task("join", gofer.Spec{Command: succeed})
	for n := 0; n < 30; n++ {
		number := fmt.Sprint(n)
		part := p.Task("part-"+number, gofer.Spec{
			Command: []string{"process", number},
			Env:     map[string]string{"PART": number},
		})
		join.After(part.After(start))
	}
	return p
}
