package gofer

import (
	"fmt"
	"strconv"
	"strings"
)

func indexed(field string, number int) string { return field + "." + strconv.Itoa(number) }

const nameHelp = "use 1 to 64 ASCII letters, digits or '_', no digit first"

func checkParameters(check *checker, config *pipelineConfig) {
	if !check.count("parameters", len(config.parameters), parametersMax) {
		return
	}
	for _, name := range parameterNames(config.parameters) {
		parameter := config.parameters[name]
		check.source = parameter.source
		field := "parameters." + escaped(name)
		check.name(field, name)
		check.text(field+".description", parameter.description)
		if parameter.kind == "integer" && parameter.least > parameter.most {
			const help = "let the least be no greater than the most"
			check.add(field, help, "%s allows no number: from %d to %d", field, parameter.least, parameter.most)
		}
		if parameter.kind == "choice" {
			if len(parameter.choices) == 0 {
				check.add(field, "give at least one", "%s has no choices", field)
			}
			check.texts(field+".choices", parameter.choices, choicesMax)
		}
		if parameter.defaultText == nil {
			continue
		}
		text := *parameter.defaultText
		check.length(field+".default", text, variableValueBytesMax)
		check.noNul(field+".default", text)
		if !parameter.takes(text) {
			const help = "give one that a run could be given"
			const format = "the default of parameter %s is %s, which is not allowed"
			check.add(field+".default", help, format, name, quoted(firstRunes(text, 80)))
		}
	}
	check.source = config.source
}

// takes says whether a value is one of the parameter's kind.
func (p Parameter) takes(value string) bool {
	switch p.kind {
	case "integer":
		// Only the shortest form, so that equal numbers are equal texts.
		number, err := strconv.ParseInt(value, 10, 64)
		return err == nil && strconv.FormatInt(number, 10) == value && number >= p.least && number <= p.most
	case "boolean":
		return value == "true" || value == "false"
	case "choice":
		for _, choice := range p.choices {
			if choice == value {
				return true
			}
		}
		return false
	case "list":
		for _, line := range strings.SplitAfter(value, "\n") {
			// What follows the last line break is no line if it is empty.
			if line == "\n" || line == "\r\n" {
				return false
			}
		}
	}
	return true
}

// isName says whether a text may name a parameter or an output: what a shell takes as a variable's name.
func isName(text string) bool {
	isBad := func(r rune) bool { return !isASCIIWord(r) && r != '_' }
	return text != "" && len(text) <= nameBytesMax && strings.IndexFunc(text, isBad) < 0 && (text[0] < '0' || text[0] > '9')
}

func (c *checker) name(field, name string) {
	if !isName(name) {
		c.add(field, nameHelp, "the name %s is not allowed", quoted(firstRunes(name, nameBytesMax)))
	} else if strings.HasPrefix(name, "GOFER_") {
		c.add(field, "choose one that does not begin with GOFER_", "the name %s is Gofer's own", name)
	}
}

func (c *checker) texts(field string, texts []string, limit int) {
	if !c.count(field, len(texts), limit) {
		return
	}
	for number, text := range texts {
		c.length(indexed(field, number), text, referenceBytesMax)
		c.noNul(indexed(field, number), text)
	}
}

func checkValues(check *checker, id string, task *taskConfig, config *pipelineConfig) {
	at := "tasks." + id
	look := &lookup{check: check, config: config, id: id}
	if check.count(at+".conditions", len(task.when), conditionsMax) {
		for number, condition := range task.when {
			field := indexed(at+".conditions", number)
			look.value(field, condition.value, false)
			check.texts(field, condition.texts, choicesMax)
			if len(condition.texts) == 0 {
				check.add(field, "give at least one text", "%s compares with nothing", field)
			}
		}
	}
	look.named(at+".inputs", task.inputs, false)
	if task.approval != nil {
		checkNoContainer(check, at, task, "waits for approval")
		checkApprovers(check, at+".approval.approvers", task.approval.Approvers)
	}
	if task.run != nil {
		checkNoContainer(check, at, task, "runs a pipeline")
		if task.timeout != 0 {
			const help = "give the pipeline that it runs one"
			check.add(at+".timeout", help, "%s runs a pipeline, and has a time-out", at)
		}
		checkRun(check, at+".call", task.run, look)
	}
	if task.uses != nil {
		checkUses(check, at, task, look)
	}
}

// isContainer tells whether the task runs a container of its own.
func (t *taskConfig) isContainer() bool {
	return t.approval == nil && t.run == nil && t.uses == nil
}

// isPlain tells whether the task says nothing of what is launched.
func (t *taskConfig) isPlain() bool {
	words := len(t.image) + len(t.entrypoint) + len(t.command) + len(t.workingDirectory) + len(t.driver)
	secrets := len(t.secretEnv) + len(t.secretFiles)
	return words+secrets+len(t.env)+len(t.inputs)+len(t.constraints) == 0 && t.cpuMillis == 0 && t.memoryBytes == 0
}

// checkUses: a shared task runs with its own container and secrets, whoever uses it.
func checkUses(check *checker, at string, task *taskConfig, look *lookup) {
	check.id(at+".shared.name", "pipeline", task.uses.Task)
	if !task.isPlain() || task.pull != PullIfNotPresent {
		const help = "take them out: they are the shared task's, and what it can be given are its settings"
		const format = "%s uses a shared task, and has an image, a command, an environment, secrets or the like"
		check.add(at, help, format, at)
	}
	look.atMost(at+".settings", task.uses.Settings, false, parametersMax)
}

func checkNoContainer(check *checker, at string, task *taskConfig, what string) {
	if !task.isPlain() {
		const help = "take image, command, environment and the like out, or make two tasks of it"
		check.add(at, help, "%s %s, and has settings of a container", at, what)
	}
	if task.retry.attempts != defaultRetry.attempts {
		const help = "take the retry policy out: it makes no attempts"
		check.add(at+".retry", help, "%s %s, and is to be retried", at, what)
	}
}

func checkApprovers(check *checker, field string, approvers []string) {
	if !check.count(field, len(approvers), approversMax) {
		return
	}
	for number, name := range approvers {
		field := indexed(field, number)
		check.length(field, name, referenceBytesMax)
		if name == "" {
			check.add(field, "name it, or leave it out where it is optional", "%s is empty", field)
		}
		check.noControl(field, name)
	}
}

func checkRun(check *checker, at string, run *Run, look *lookup) {
	check.id(at+".pipeline", "pipeline", run.Pipeline)
	if run.Pipeline == look.config.id {
		const format = "tasks.%s runs the pipeline that it is part of"
		check.add(at+".pipeline", "let it run another one", format, look.id)
	}
	look.named(at+".variables", run.Variables, run.ForEach != nil)
	field := at + ".for_each"
	switch items := run.ForEach; {
	case items == nil:
	case items.lines != nil:
		look.value(field, *items.lines, false)
	default:
		check.texts(field, items.these, itemsMax)
		if len(items.these) == 0 {
			check.add(field, "give at least one, or leave it out", "%s has no elements", field)
		}
	}
}

// lookup has what the values of one task may refer to.
type lookup struct {
	check  *checker
	config *pipelineConfig
	id     string
	// found has the ancestors, once they are asked for.
	found map[string]bool
}

func (l *lookup) named(field string, values map[string]Value, hasItem bool) {
	l.atMost(field, values, hasItem, variablesMax)
}

func (l *lookup) atMost(field string, values map[string]Value, hasItem bool, limit int) {
	if !l.check.count(field, len(values), limit) {
		return
	}
	for _, name := range valueNames(values) {
		field := field + "." + escaped(name)
		l.check.name(field, name)
		l.value(field, values[name], hasItem)
	}
}

func (l *lookup) value(field string, value Value, hasItem bool) {
	switch value.kind {
	case fromItem:
		if !hasItem {
			const help = "elements are known in the variables of a task that goes through some"
			l.check.add(field, help, "%s takes an element, and there is none", field)
		}
	case fromOutput:
		if value.task == nil || value.task.pipeline != l.config.owner {
			// It was found before, where values are still handles.
			return
		}
		if !isName(value.text) {
			l.check.add(field, nameHelp, "the output name %s is not allowed", quoted(value.text))
		}
		if parent := value.task.id; !l.ancestors()[parent] {
			const format = "%s takes an output of task %s, on which task %s does not depend"
			l.check.add(field, "add the dependency, or name another task", format, field, parent, l.id)
		}
	case fromVariable:
		_, isParameter := l.config.parameters[value.text]
		_, isEnv := l.config.env[value.text]
		// Without parameters any variable may be given.
		if len(l.config.parameters) > 0 && !isParameter && !isEnv {
			const format = "%s takes the variable %s, which is neither a parameter nor in the pipeline's environment"
			l.check.add(field, "declare it as a parameter", format, field, quoted(firstRunes(value.text, nameBytesMax)))
		}
		l.check.length(field, value.text, variableNameBytesMax)
	default:
		l.check.length(field, value.text, variableValueBytesMax)
		l.check.noNul(field, value.text)
	}
}

func (l *lookup) ancestors() map[string]bool {
	if l.found != nil {
		return l.found
	}
	l.found = make(map[string]bool)
	left := []string{l.id}
	for len(left) > 0 {
		id := left[len(left)-1]
		left = left[:len(left)-1]
		if task := l.config.tasks[id]; task != nil {
			for parent := range task.dependsOn {
				if !l.found[parent] {
					l.found[parent] = true
					left = append(left, parent)
				}
			}
		}
	}
	return l.found
}

func sizeOfWords(words []string) (sum int) {
	for _, word := range words {
		sum += len(word)
	}
	return sum
}

func (v Value) size() int {
	if v.task != nil {
		return len(v.task.id) + len(v.text)
	}
	return len(v.text)
}

func sizeOfValues(values map[string]Value) (sum int) {
	for name, value := range values {
		sum += len(name) + value.size()
	}
	return sum
}

// valuesSize is the bytes of the texts with which a task refers to its run.
func (t *taskConfig) valuesSize() int {
	sum := sizeOfValues(t.inputs)
	for _, condition := range t.when {
		sum += condition.value.size() + sizeOfWords(condition.texts)
	}
	if t.approval != nil {
		sum += sizeOfWords(t.approval.Approvers)
	}
	if t.uses != nil {
		sum += len(t.uses.Task) + sizeOfValues(t.uses.Settings)
	}
	if run := t.run; run != nil {
		sum += len(run.Pipeline) + sizeOfValues(run.Variables)
		if run.ForEach != nil && run.ForEach.lines != nil {
			sum += run.ForEach.lines.size()
		} else if run.ForEach != nil {
			sum += sizeOfWords(run.ForEach.these)
		}
	}
	return sum
}

func (d declared) size() int {
	sum := len(d.name) + len(d.description) + sizeOfWords(d.choices)
	if d.defaultText != nil {
		sum += len(*d.defaultText)
	}
	return sum
}

// resolveParameters finds names that come twice.
func (p *Pipeline) resolveParameters(faults *[]Fault) map[string]declared {
	parameters := make(map[string]declared, len(p.parameters))
	for _, parameter := range p.parameters {
		field := "parameters." + escaped(parameter.name)
		if first, ok := parameters[parameter.name]; ok {
			message := fmt.Sprintf("%s comes twice, first at %s", field, first.source)
			*faults = append(*faults, Fault{field, message, "rename or remove one", parameter.source})
		}
		parameters[parameter.name] = parameter
	}
	return parameters
}
