package golden

import (
	"math"
	"time"

	gofer "github.com/clintjedwards/gofer/crates/sdk/go"
)

// parameters has every type of parameter, with a default and without.
func parameters() *gofer.Pipeline {
	p := gofer.New("parameters", gofer.Options{Env: map[string]string{"REGION": "eu"}})
	p.Parameter("TITLE", gofer.TextParameter())
	p.Parameter("GREETING", gofer.TextParameter().Description("What to say.").Default("Hello, \"you\"!\n"))
	p.Parameter("EMPTY", gofer.Parameter{}.Default(""))
	p.Parameter("COUNT", gofer.IntegerParameter(-1, 12).Default("3"))
	p.Parameter("ANY_NUMBER", gofer.IntegerParameter(math.MinInt64, math.MaxInt64))
	p.Parameter("AT_LEAST", gofer.IntegerParameter(0, math.MaxInt64).Default("9223372036854775807"))
	p.Parameter("AT_MOST", gofer.IntegerParameter(math.MinInt64, 0).Default("-9223372036854775808"))
	dry := p.Parameter("DRY_RUN", gofer.BooleanParameter().Description("Only show what would be done.").Default("true"))
	stage := p.Parameter("STAGE", gofer.ChoiceParameter("dev", "prod", "").Default("dev"))
	p.Parameter("HOSTS", gofer.ListParameter().Default("a.example\nb.example"))
	p.Parameter("_none", gofer.ListParameter().Default(""))
	p.Task("say", gofer.Spec{
		Command: []string{"printenv"},
		Inputs:  map[string]gofer.Value{"WHERE": gofer.Variable("REGION")},
		When:    []gofer.Condition{dry.Is("true")},
	})
	p.Task("go", gofer.Spec{
		Command: succeed,
		When:    []gofer.Condition{dry.IsNot("true"), stage.Is("dev", "prod")},
	})
	return p
}

// outputs has outputs of tasks as inputs of others, and in conditions.
func outputs() *gofer.Pipeline {
	p := gofer.New("outputs", gofer.Options{})
	const script = `printf 'VERSION=1.2\nCHANGED=yes\n' >> "$GOFER_OUTPUTS"`
	build := p.Task("build", gofer.Spec{Command: []string{"/bin/sh", "-c", script}})
	test := p.Task("test", gofer.Spec{
		Command: []string{"/bin/sh", "-c", `test "$VERSION" = 1.2`},
		When:    []gofer.Condition{build.Output("CHANGED").Is("yes")},
		Inputs: map[string]gofer.Value{
			"VERSION": build.Output("VERSION"),
			"PLAIN":   gofer.Text("text, as it is"),
			"EMPTY":   {},
		},
		Env: map[string]string{"VERSION": "overridden"},
	}).After(build)
	p.Task("ship", gofer.Spec{
		Command: succeed,
		// Of a task that it depends on only through another.
		Inputs: map[string]gofer.Value{"VERSION": build.Output("VERSION")},
		When: []gofer.Condition{
			build.Output("CHANGED").Is("yes", "maybe"),
			gofer.Variable("FREEZE").IsNot("true", "1"),
		},
	}).After(test)
	p.Task("skipped", gofer.Spec{
		Command: []string{"false"},
		When:    []gofer.Condition{build.Output("CHANGED").IsNot("yes")},
	}).After(build)
	p.Task("missing", gofer.Spec{
		Command: succeed,
		When:    []gofer.Condition{build.Output("NO_SUCH").IsNot("x")},
	}).After(build)
	return p
}

// approval has tasks that wait for people.
func approval() *gofer.Pipeline {
	p := gofer.New("approval", gofer.Options{})
	build := p.Task("build", gofer.Spec{Command: succeed})
	goAhead := p.Task("go", gofer.Spec{
		Description: "Ship it?",
		Approval:    &gofer.Approval{Approvers: []string{"user:ada", "user:grace"}},
		Timeout:     2 * day,
	}).After(build)
	p.Task("anybody", gofer.Spec{Approval: &gofer.Approval{}, AllowFailure: true}).After(build)
	p.Task("ship", gofer.Spec{Command: succeed}).After(goAhead)
	p.Task("sorry", gofer.Spec{Command: succeed}).AfterFailure(goAhead)
	return p
}

// each has a run for each line of what a task has put out.
func each() *gofer.Pipeline {
	p := gofer.New("each", gofer.Options{})
	tag := p.Parameter("TAG", gofer.TextParameter().Default("latest"))
	const script = `printf 'HOSTS<<END\na\nb\nEND\n' >> "$GOFER_OUTPUTS"`
	plan := p.Task("plan", gofer.Spec{Command: []string{"/bin/sh", "-c", script}})
	deploy := p.Task("deploy", gofer.Spec{
		Description: "One host after the other.",
		Run: &gofer.Run{
			Pipeline:    "deploy-one",
			ForEach:     gofer.Lines(plan.Output("HOSTS")),
			Variables:   map[string]gofer.Value{"HOST": gofer.Item, "TAG": tag, "MODE": gofer.Text("rolling")},
			Parallelism: 4,
		},
	}).After(plan)
	p.Task("report", gofer.Spec{Command: succeed}).AfterAny(deploy)
	return p
}

// runs has other ways to run a pipeline.
func shared() *gofer.Pipeline {
	p := gofer.New("shared", gofer.Options{})
	text := p.Parameter("TEXT", gofer.TextParameter())
	build := p.Task("build", gofer.Spec{Command: succeed})
	p.Task("tell", gofer.Spec{
		Uses: &gofer.SharedTask{Task: "notify-slack", Settings: map[string]gofer.Value{
			"TEXT": text, "OUTCOME": gofer.Text("succeeded"), "CHANNEL": build.Output("CHANNEL"),
		}},
		Retry:        gofer.Attempts(3),
		Timeout:      time.Minute,
		AllowFailure: true,
	}).After(build)
	p.Task("pinned", gofer.Spec{Uses: &gofer.SharedTask{Task: "debug", Version: 3}})
	return p
}

func runs() *gofer.Pipeline {
	p := gofer.New("runs", gofer.Options{})
	hosts := p.Parameter("HOSTS", gofer.ListParameter())
	p.Task("once", gofer.Spec{Run: &gofer.Run{Pipeline: "smoke-test"}})
	p.Task("listed", gofer.Spec{Run: &gofer.Run{
		Pipeline:  "deploy-one",
		ForEach:   gofer.These("a", "b", ""),
		Variables: map[string]gofer.Value{"HOST": gofer.Item},
	}})
	p.Task("given", gofer.Spec{
		Run:          &gofer.Run{Pipeline: "deploy-one", ForEach: gofer.Lines(hosts), Parallelism: 1},
		AllowFailure: true,
	})
	return p
}
