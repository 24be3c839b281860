package gofer

import (
	"math"
	"sort"
	"strconv"
)

// Value is where a text comes from: it stands here, or it is known only in the run. [Text], [Variable], [Item],
// [Task.Output] and [Pipeline.Parameter] make one. The zero value is the empty text.
type Value struct {
	kind, text string
	task       *Task
}

const (
	fromText     = ""
	fromVariable = "variable"
	fromOutput   = "output"
	fromItem     = "item"
)

// Item is the element that a task is at which runs a pipeline for each of several.
var Item = Value{kind: fromItem}

// Text is a value that stands here.
func Text(text string) Value { return Value{text: text} }

// Variable is a variable of the run, else of the pipeline's environment.
func Variable(name string) Value { return Value{kind: fromVariable, text: name} }

// Output is what the task writes to the file that GOFER_OUTPUTS names, as a line NAME=value.
func (t *Task) Output(name string) Value { return Value{kind: fromOutput, text: name, task: t} }

// Condition must hold for a task to run; otherwise it is skipped. [Value.Is] and [Value.IsNot] make one.
type Condition struct {
	value Value
	isNot bool
	texts []string
}

// Is holds when the value is there, and one of these.
func (v Value) Is(texts ...string) Condition { return Condition{value: v, texts: texts} }

// IsNot holds when the value is not there, or none of these.
func (v Value) IsNot(texts ...string) Condition {
	return Condition{value: v, isNot: true, texts: texts}
}

// Approval is what a task waits for that runs nothing.
type Approval struct {
	// Approvers may decide, such as user:ada; anybody may if there are none.
	Approvers []string
}

// Run is a run of another pipeline of the namespace, or several.
type Run struct {
	// Pipeline is the id of the other pipeline.
	Pipeline string
	// Variables are what the runs are given.
	Variables map[string]Value
	// ForEach has the elements for each of which a run is started; one is if it is nil. [Item] is the one that a run is
	// for.
	ForEach *Items
	// Parallelism is the largest number of the runs at the same time; 0 means no limit.
	Parallelism uint32
}

// SharedTask is a shared task, which an operator has installed, with what it is given for its parameters. The container and
// the secrets are its own.
type SharedTask struct {
	// Task is its name.
	Task string
	// Version is one of its versions; 0 means the one that is live when a run is created.
	Version uint64
	// Settings are what it is given for its parameters.
	Settings map[string]Value
}

// Items are the elements for each of which a pipeline is run; [These] and [Lines] make them.
type Items struct {
	these []string
	lines *Value
}

// These are elements that stand here.
func These(texts ...string) *Items { return &Items{these: texts} }

// Lines are the lines of a value; empty ones don't count.
func Lines(value Value) *Items { return &Items{lines: &value} }

// Parameter says what a run must or may be given. [TextParameter] and its like make one.
type Parameter struct {
	kind, description string
	least, most       int64
	choices           []string
	defaultText       *string
}

// TextParameter takes any text.
func TextParameter() Parameter { return Parameter{kind: "text"} }

// IntegerParameter takes a whole number of this range, the ends included, written in decimal without leading zeros.
// math.MinInt64 and math.MaxInt64 leave it open.
func IntegerParameter(least, most int64) Parameter {
	return Parameter{kind: "integer", least: least, most: most}
}

// BooleanParameter takes true or false.
func BooleanParameter() Parameter { return Parameter{kind: "boolean"} }

// ChoiceParameter takes one of these.
func ChoiceParameter(choices ...string) Parameter { return Parameter{kind: "choice", choices: choices} }

// ListParameter takes any number of lines, none of them empty.
func ListParameter() Parameter { return Parameter{kind: "list"} }

// Description is for people; at most 4 KiB.
func (p Parameter) Description(text string) Parameter {
	p.description = text
	return p
}

// Default is what holds when a run is given none. Without a default, every run must be given one.
func (p Parameter) Default(text string) Parameter {
	p.defaultText = &text
	return p
}

// declared is a parameter with its place.
type declared struct {
	Parameter
	name   string
	source Source
}

// Parameter adds a parameter. Its name is 1 to 64 ASCII letters, digits or '_', does not begin with a digit or GOFER_,
// and is that of the variable that tasks find it in.
func (p *Pipeline) Parameter(name string, parameter Parameter) Value {
	if parameter.kind == "" {
		parameter.kind = "text"
	}
	p.parameters = append(p.parameters, declared{parameter, name, here()})
	return Variable(name)
}

// foreign has the paths, below the task's, of the values that name a task of another pipeline.
func (t *Task) foreign() (paths []string) {
	isForeign := func(value Value) bool {
		return value.kind == fromOutput && (value.task == nil || value.task.pipeline != t.pipeline)
	}
	named := func(field string, values map[string]Value) {
		for _, name := range valueNames(values) {
			if isForeign(values[name]) {
				paths = append(paths, field+"."+escaped(name))
			}
		}
	}
	for number, condition := range t.spec.When {
		if isForeign(condition.value) {
			paths = append(paths, indexed("conditions", number))
		}
	}
	named("inputs", t.spec.Inputs)
	if run := t.spec.Run; run != nil {
		named("call.variables", run.Variables)
		if run.ForEach != nil && run.ForEach.lines != nil && isForeign(*run.ForEach.lines) {
			paths = append(paths, "call.for_each")
		}
	}
	if shared := t.spec.Uses; shared != nil {
		named("settings", shared.Settings)
	}
	return paths
}

func valueNames(values map[string]Value) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func writeParameters(out *writer, parameters map[string]declared) {
	if len(parameters) == 0 {
		return
	}
	out.object("parameters", func() {
		for _, name := range parameterNames(parameters) {
			parameter := parameters[name]
			out.object(name, func() { writeParameter(out, parameter.Parameter) })
		}
	})
}

func parameterNames(parameters map[string]declared) []string {
	names := make([]string, 0, len(parameters))
	for name := range parameters {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func writeParameter(out *writer, parameter Parameter) {
	out.text("description", parameter.description)
	if parameter.kind != "text" {
		out.text("type", parameter.kind)
	}
	if parameter.kind == "integer" {
		if parameter.least != math.MinInt64 {
			out.integer("least", parameter.least)
		}
		if parameter.most != math.MaxInt64 {
			out.integer("most", parameter.most)
		}
	}
	out.words("choices", parameter.choices)
	if parameter.defaultText != nil {
		out.name("default")
		out.string(*parameter.defaultText)
	}
}

func writeConditions(out *writer, conditions []Condition) {
	if len(conditions) == 0 {
		return
	}
	out.name("when")
	out.brackets('[', ']', func() {
		for _, condition := range conditions {
			condition := condition
			out.member()
			out.brackets('{', '}', func() {
				writeOrigin(out, condition.value)
				name := "is"
				if condition.isNot {
					name = "is_not"
				}
				out.list(name, condition.texts)
			})
		}
	})
}

func writeKind(out *writer, task *taskConfig) {
	if task.approval != nil {
		out.object("approval", func() { out.words("approvers", task.approval.Approvers) })
	}
	if shared := task.uses; shared != nil {
		reference := shared.Task
		if shared.Version != 0 {
			reference += "@" + strconv.FormatUint(shared.Version, 10)
		}
		out.name("uses")
		out.string(reference)
		writeNamed(out, "settings", shared.Settings)
	}
	run := task.run
	if run == nil {
		return
	}
	out.object("run", func() {
		out.name("pipeline")
		out.string(run.Pipeline)
		writeNamed(out, "variables", run.Variables)
		if items := run.ForEach; items != nil && items.lines != nil {
			out.name("for_each")
			writeValue(out, *items.lines)
		} else if items != nil {
			out.list("for_each", items.these)
		}
		if run.Parallelism != 0 {
			out.number("parallelism", uint64(run.Parallelism))
		}
	})
}

// writeNamed writes names and values, unless there are none.
func writeNamed(out *writer, name string, values map[string]Value) {
	if len(values) == 0 {
		return
	}
	out.object(name, func() {
		for _, name := range valueNames(values) {
			out.name(name)
			writeValue(out, values[name])
		}
	})
}

func writeValue(out *writer, value Value) {
	if value.kind == fromText {
		out.string(value.text)
		return
	}
	out.brackets('{', '}', func() { writeOrigin(out, value) })
}

// writeOrigin writes the member that says where a value comes from.
func writeOrigin(out *writer, value Value) {
	switch value.kind {
	case fromItem:
		out.raw("item", "true")
	case fromOutput:
		out.name("output")
		out.string(value.task.id + "." + value.text)
	case fromVariable:
		out.name("variable")
		out.string(value.text)
	default:
		out.name("text")
		out.string(value.text)
	}
}
