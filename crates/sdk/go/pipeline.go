package gofer

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// Format is the version of the file format that this package writes.
const Format = 1

// Pipeline has tasks, and knows which of them wait for which.
type Pipeline struct {
	id      string
	options Options
	source  Source
	tasks   []*Task
	// parameters are in the order of declaration; a name may come twice until that is found.
	parameters []declared
}

// Task is a task of a pipeline, for other tasks to depend on.
type Task struct {
	pipeline *Pipeline
	id       string
	spec     Spec
	source   Source
	parents  []parent
}

type parent struct {
	task        *Task
	requirement string
}

// New makes a pipeline without tasks. The id is 1 to 64 ASCII letters, digits, '_' or '-', and begins with a letter or
// a digit.
func New(id string, options Options) *Pipeline {
	source := here()
	if options.Source != nil {
		source = *options.Source
	}
	return &Pipeline{id: id, options: options, source: source}
}

// Task adds a task. Its id is unique in the pipeline and has the form of the pipeline's.
func (p *Pipeline) Task(id string, spec Spec) *Task {
	source := here()
	if spec.Source != nil {
		source = *spec.Source
	}
	task := &Task{pipeline: p, id: id, spec: spec, source: source}
	p.tasks = append(p.tasks, task)
	return task
}

// ID is the task's id, unique in its pipeline.
func (t *Task) ID() string { return t.id }

// After lets the task run when these have succeeded.
func (t *Task) After(parents ...*Task) *Task { return t.depend("success", parents) }

// AfterFailure lets the task run when these have failed; it is skipped if one succeeds.
func (t *Task) AfterFailure(parents ...*Task) *Task { return t.depend("failure", parents) }

// AfterAny lets the task run when these have ended, however. A skipped or cancelled one does not count.
func (t *Task) AfterAny(parents ...*Task) *Task { return t.depend("any", parents) }

func (t *Task) depend(requirement string, parents []*Task) *Task {
	for _, task := range parents {
		t.parents = append(t.parents, parent{task, requirement})
	}
	return t
}

// Faults has what a cluster would refuse, and what no file can say: every fault, with the line of its task.
func (p *Pipeline) Faults() []Fault {
	_, faults := p.render(false)
	return faults
}

// JSON is the canonical JSON of the pipeline. The error is an *[InvalidError] with every fault.
func (p *Pipeline) JSON() (string, error) { return p.json(false) }

// JSONWithSources is the same with the places of the tasks: what a program prints.
func (p *Pipeline) JSONWithSources() (string, error) { return p.json(true) }

func (p *Pipeline) json(withSources bool) (string, error) {
	text, faults := p.render(withSources)
	if len(faults) > 0 {
		return "", &InvalidError{Faults: faults}
	}
	return text, nil
}

func (p *Pipeline) render(withSources bool) (string, []Fault) {
	config, faults := p.resolve()
	if len(faults) > 0 {
		return "", faults
	}
	text := writeCanonical(config, withSources)
	if !utf8.ValidString(text) {
		message, help := "the pipeline holds bytes that are no UTF-8", "take them out, or decode the text that they come from"
		return "", []Fault{{"", message, help, p.source}}
	}
	return text, nil
}

// Emit prints the pipeline for the command line to register, and nothing else: its canonical JSON, with the places of
// the tasks, to standard output.
//
// Faults go to standard error, each with its file and line; the program then ends with exit code 1.
func (p *Pipeline) Emit() {
	if code := p.emit(os.Stdout, os.Stderr); code != 0 {
		os.Exit(code)
	}
}

func (p *Pipeline) emit(stdout, stderr io.Writer) int {
	text, faults := p.render(true)
	if len(text) > fileBytesMax {
		message := fmt.Sprintf("the file would be %d bytes long, the limit is %d", len(text), fileBytesMax)
		faults = []Fault{{"", message, "move long scripts and data into the images", p.source}}
	}
	for _, fault := range faults {
		fmt.Fprintln(stderr, fault.Error())
	}
	if len(faults) > 0 {
		return 1
	}
	if _, err := io.WriteString(stdout, text); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// resolve is the pipeline as plain data, and what is wrong with it.
func (p *Pipeline) resolve() (*pipelineConfig, []Fault) {
	var faults []Fault
	config := &pipelineConfig{
		owner:       p,
		id:          p.id,
		description: p.options.Description,
		parallelism: p.options.Parallelism,
		overlap:     p.options.Overlap,
		timeout:     p.options.Timeout,
		env:         p.options.Env,
		parameters:  p.resolveParameters(&faults),
		source:      p.source,
		tasks:       make(map[string]*taskConfig, len(p.tasks)),
	}
	for _, task := range p.tasks {
		resolved, found := task.resolve()
		faults = append(faults, found...)
		if first, ok := config.tasks[task.id]; ok {
			message := fmt.Sprintf("tasks.%s comes twice, first at %s", task.id, first.source)
			faults = append(faults, Fault{"tasks." + task.id, message, "rename or remove one", task.source})
		}
		config.tasks[task.id] = resolved
	}
	return config, append(faults, validate(config)...)
}

func (t *Task) resolve() (*taskConfig, []Fault) {
	var faults []Fault
	at := "tasks." + t.id
	fault := func(field, help, format string, args ...interface{}) {
		faults = append(faults, Fault{at + field, at + fmt.Sprintf(format, args...), help, t.source})
	}
	spec := t.spec
	config := &taskConfig{
		description:      spec.Description,
		image:            spec.Image,
		pull:             spec.Pull,
		entrypoint:       spec.Entrypoint,
		command:          spec.Command,
		workingDirectory: spec.WorkingDirectory,
		when:             spec.When,
		approval:         spec.Approval,
		run:              spec.Run,
		uses:             spec.Uses,
		retry:            defaultRetry,
		timeout:          spec.Timeout,
		memoryBytes:      spec.Memory,
		driver:           spec.Driver,
		allowFailure:     spec.AllowFailure,
		constraints:      spec.Constraints,
		env:              spec.Env,
		inputs:           spec.Inputs,
		secretEnv:        secretNames(spec.SecretEnv),
		secretFiles:      secretNames(spec.SecretFiles),
		source:           t.source,
	}
	switch spec.Pull {
	case "":
		config.pull = PullIfNotPresent
	case PullIfNotPresent, PullAlways, PullNever:
	default:
		fault(".pull", "use one of the constants PullIfNotPresent, PullAlways, PullNever", ".pull: %q is not known", spec.Pull)
	}
	if spec.Driver != "" && spec.Driver != Process && spec.Driver != Docker {
		fault(".driver", "use one of the constants Process, Docker", ".driver: %q is not known", spec.Driver)
	}
	millis, ok := toParts(spec.CPU, 1000)
	config.cpuMillis = millis
	if !ok {
		const field = ".resources.cpu_millis"
		fault(field, "give cores, such as 2.0 or 0.25", field+": %v is not a number of thousandths of a core", spec.CPU)
	}
	if retry := spec.Retry; retry.isSet {
		percent, ok := toParts(retry.multiplier, 100)
		if !ok {
			const field = ".retry.multiplier_percent"
			fault(field, "give a factor, such as 2.0 or 1.25", field+": %v is not a number of hundredths", retry.multiplier)
			percent = defaultRetry.multiplierPercent
		}
		config.retry = retryConfig{retry.attempts, retry.backoff, retry.longest(), percent, !retry.giveUp}
	}
	if script := spec.Script; script != nil {
		if len(spec.Entrypoint)+len(spec.Command) > 0 {
			fault("", "leave out the entrypoint and the command, or the script", " has both a script and a program")
		}
		if script.unknown != "" {
			help := "use one of " + knownInterpreters() + ", or ScriptWith for another"
			fault(".script", help, ".script: the interpreter %q is not known", script.unknown)
		}
		config.entrypoint, config.command = script.interpreter, []string{script.source}
	}
	if one, other := spec.contradiction(); other != "" {
		fault("", "take one out, or make two tasks of it", " both %s and %s", one, other)
	}
	for _, path := range t.foreign() {
		const help = "take outputs of tasks of the same pipeline"
		fault("."+path, help, ".%s takes an output of a task of another pipeline", path)
	}
	config.dependsOn = t.resolveParents(&faults)
	return config, faults
}

// contradiction has the first two of what the task does instead of running a container of its own.
func (s *Spec) contradiction() (one, other string) {
	kinds := []struct {
		is   bool
		what string
	}{
		{s.Uses != nil, "uses a shared task"},
		{s.Approval != nil, "waits for approval"},
		{s.Run != nil, "runs a pipeline"},
	}
	for _, kind := range kinds {
		switch {
		case kind.is && one == "":
			one = kind.what
		case kind.is && other == "":
			other = kind.what
		}
	}
	return one, other
}

func (t *Task) resolveParents(faults *[]Fault) map[string]string {
	field := "tasks." + t.id + ".depends_on"
	parents := make(map[string]string, len(t.parents))
	for _, parent := range t.parents {
		if parent.task == nil || parent.task.pipeline != t.pipeline {
			message := fmt.Sprintf("task %s depends on a task of another pipeline", t.id)
			*faults = append(*faults, Fault{field, message, "depend on tasks of the same pipeline", t.source})
			continue
		}
		id := parent.task.id
		if _, ok := parents[id]; ok {
			message := fmt.Sprintf("%s: %s comes twice", field, quoted(id))
			*faults = append(*faults, Fault{field, message, "keep one", t.source})
			continue
		}
		parents[id] = parent.requirement
	}
	return parents
}
