package main

import (
	"time"

	gofer "github.com/clintjedwards/gofer/crates/sdk/go"
)

// greet has a parameter with a default.
func greet() *gofer.Pipeline {
	p := gofer.New("greet", gofer.Options{Description: "Says hello."})
	p.Parameter("NAME", gofer.TextParameter().Description("Whom to greet.").Default("world"))
	shell(p, "say", `echo "Hello, $NAME!"`, gofer.Spec{})
	return p
}

// totals has outputs of tasks as inputs of others.
func totals() *gofer.Pipeline {
	p := gofer.New("totals", gofer.Options{Description: "Passes numbers on, and loads nothing when there are none."})
	extract := shell(p, "extract", `echo "ROWS=4" >> "$GOFER_OUTPUTS"`, gofer.Spec{})
	sum := shell(p, "sum", `echo "SUM=$((ROWS * (ROWS + 1) / 2))" >> "$GOFER_OUTPUTS"`, gofer.Spec{
		Inputs: map[string]gofer.Value{"ROWS": extract.Output("ROWS")},
		When:   []gofer.Condition{extract.Output("ROWS").IsNot("0")},
	}).After(extract)
	shell(p, "load", `test "$SUM" = 10 && echo "loading $SUM"`, gofer.Spec{
		Inputs: map[string]gofer.Value{"SUM": sum.Output("SUM")},
	}).After(sum)
	return p
}

// dryRun has conditions on a parameter.
func dryRun() *gofer.Pipeline {
	p := gofer.New("dry-run", gofer.Options{Description: "Only tells what it would do, unless it is told to do it."})
	dry := p.Parameter("DRY_RUN", gofer.BooleanParameter().Default("true"))
	plan := shell(p, "plan", "echo three files are to be removed", gofer.Spec{})
	shell(p, "remove", "echo removing three files", gofer.Spec{When: []gofer.Condition{dry.Is("false")}}).After(plan)
	shell(p, "tell", "echo nothing was removed", gofer.Spec{When: []gofer.Condition{dry.Is("true")}}).After(plan)
	return p
}

// fleet has a run of another pipeline for each line that a task has put out.
func fleet() *gofer.Pipeline {
	p := gofer.New("fleet", gofer.Options{Description: "Greets each host that is found, two at a time."})
	const source = `
		printf 'HOSTS<<END\nweb-1\nweb-2\ndb-1\nEND\n' >> "$GOFER_OUTPUTS"
	`
	find := shell(p, "find", source, gofer.Spec{})
	greet := p.Task("greet-each", gofer.Spec{Run: &gofer.Run{
		Pipeline:    "greet",
		ForEach:     gofer.Lines(find.Output("HOSTS")),
		Variables:   map[string]gofer.Value{"NAME": gofer.Item},
		Parallelism: 2,
	}}).After(find)
	shell(p, "report", "echo all were greeted", gofer.Spec{}).After(greet)
	return p
}

// publish has a secret in the environment, and one in a file.
func publish() *gofer.Pipeline {
	p := gofer.New("publish", gofer.Options{
		Description: "Uses a token and a key that are in no file of the pipeline.",
	})
	const source = `
		test -n "$TOKEN" && test -s "$GOFER_SECRETS_DIR/signing.key"
		echo "published with a token of ${#TOKEN} letters"
	`
	shell(p, "publish", source, gofer.Spec{
		SecretEnv:   map[string]gofer.SecretRef{"TOKEN": gofer.Secret("registry-token")},
		SecretFiles: map[string]gofer.SecretRef{"signing.key": gofer.Secret("signing-key")},
	})
	return p
}

// ship has a task that waits until somebody agrees.
func ship() *gofer.Pipeline {
	p := gofer.New("ship", gofer.Options{Description: "Ships once somebody agrees."})
	build := shell(p, "build", "echo building", gofer.Spec{})
	agree := p.Task("agree", gofer.Spec{
		Description: "Is it good enough?",
		Approval:    &gofer.Approval{},
		Timeout:     24 * time.Hour,
	}).After(build)
	shell(p, "send", "echo sending", gofer.Spec{}).After(agree)
	return p
}
