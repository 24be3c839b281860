package gofer

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// validate finds what a cluster would refuse, in its order and its words. Vectors in proto/testdata hold the two equal.
func validate(config *pipelineConfig) []Fault {
	check := &checker{source: config.source}
	check.id("id", "pipeline", config.id)
	check.text("description", config.description)
	checkOverlap(check, config.overlap)
	check.duration("timeout", config.timeout)
	check.variables("variables", config.env)
	checkParameters(check, config)
	if len(config.tasks) == 0 {
		check.add("tasks", "give it at least one", "pipeline %s has no tasks", config.id)
	}
	if size := config.size(); size > configBytesMax {
		const format = "the configuration holds %d bytes of text, the limit is %d"
		check.add("", "move long scripts and data into the images", format, size, configBytesMax)
	}
	if check.count("tasks", len(config.tasks), tasksMax) {
		for _, id := range config.taskIDs() {
			task := config.tasks[id]
			check.source = task.source
			check.id("tasks."+id, "task", id)
			checkTask(check, "tasks."+id, task)
			checkParents(check, id, task)
			checkValues(check, id, task, config)
		}
		if cycle := findCycle(config); cycle != nil {
			check.source = config.tasks[cycle[0]].source
			const help = "take one of these dependencies out"
			const format = "the tasks depend on each other in a cycle: %s"
			check.add("tasks."+cycle[0]+".depends_on."+cycle[1], help, format, strings.Join(cycle, " -> "))
		}
	}
	return check.faults
}

func checkOverlap(check *checker, overlap Overlap) {
	switch {
	case overlap.policy != "queue":
	case overlap.queue == 0:
		check.add("overlap", "queue at least 1, or use the policy to refuse", "overlap queues at most 0 runs")
	case overlap.queue > queueMax:
		const format = "overlap queues at most %d runs, the limit is %d"
		check.add("overlap", "choose a shorter queue", format, overlap.queue, queueMax)
	}
}

func checkTask(check *checker, at string, task *taskConfig) {
	check.text(at+".description", task.description)
	checkProgram(check, at, task)
	check.variables(at+".environment", task.env)
	if task.workingDirectory != "" {
		field := at + ".working_directory"
		check.reference(field, task.workingDirectory)
		if !strings.HasPrefix(task.workingDirectory, "/") {
			check.add(field, "begin it with '/'", "%s is not an absolute path", field)
		}
	}
	checkRetry(check, at+".retry", task.retry)
	check.duration(at+".timeout", task.timeout)
	checkResources(check, at+".resources", task)
	check.labels(at+".constraints", task.constraints)
	checkSecretEnv(check, at+".secret_env", task)
	checkSecretFiles(check, at+".secret_files", task)
}

func checkSecretEnv(check *checker, field string, task *taskConfig) {
	if !check.count(field, len(task.secretEnv), taskSecretsMax) {
		return
	}
	for _, name := range sortedKeys(task.secretEnv) {
		shown := firstRunes(name, idBytesMax)
		path := field + "." + escaped(shown)
		check.length(path, name, variableNameBytesMax)
		if name == "" || strings.ContainsAny(name, "=\x00") {
			const help = "use a name that is not empty and has neither '=' nor NUL"
			check.add(path, help, "the variable name %s in %s is not allowed", quoted(shown), field)
		}
		if strings.HasPrefix(name, "GOFER_") {
			check.add(path, "choose one that does not begin with GOFER_", "the name %s is Gofer's own", shown)
		}
		if _, ok := task.env[name]; ok {
			check.add(path, "take it out of one of them", "%s is a variable of the environment, too", path)
		}
		if _, ok := task.inputs[name]; ok {
			check.add(path, "take it out of one of them", "%s is an input, too", path)
		}
		check.id(path, "secret", task.secretEnv[name])
	}
}

func checkSecretFiles(check *checker, field string, task *taskConfig) {
	if !check.count(field, len(task.secretFiles), taskSecretsMax) {
		return
	}
	isBad := func(r rune) bool { return !isASCIIWord(r) && !strings.ContainsRune("_-.", r) }
	for _, name := range sortedKeys(task.secretFiles) {
		shown := firstRunes(name, idBytesMax)
		path := field + "." + escaped(shown)
		isPlain := name != "" && len(name) <= secretFileBytesMax && strings.IndexFunc(name, isBad) < 0
		if !isPlain || strings.HasPrefix(name, ".") {
			const help = "use 1 to %d ASCII letters, digits, '_', '-' or '.', not beginning with '.'"
			check.add(path, fmt.Sprintf(help, secretFileBytesMax), "the file name %s in %s is not allowed", quoted(shown), field)
		}
		check.id(path, "secret", task.secretFiles[name])
	}
}

func checkProgram(check *checker, at string, task *taskConfig) {
	if task.image != "" {
		check.reference(at+".image", task.image)
		if strings.Contains(task.image, " ") {
			check.add(at+".image", "write it as registry/name:tag", "%s.image holds a space", at)
		}
	}
	hasProgram := len(task.entrypoint)+len(task.command) > 0
	switch {
	case task.driver == "" && task.image == "" && !hasProgram && task.isContainer():
		const help = "say what to run: an image, a command, or both"
		check.add(at, help, "%s has neither an image nor an entrypoint nor a command", at)
	case task.driver == Docker && task.image == "":
		const help = "name an image, or choose another driver"
		check.add(at+".image", help, "%s asks for the docker driver and has no image", at)
	case task.driver == Process && !hasProgram:
		const format = "%s asks for the process driver and has neither entrypoint nor command"
		check.add(at+".command", "say which program to run", format, at)
	}
	check.words(at+".entrypoint", task.entrypoint)
	check.words(at+".command", task.command)
	program := task.entrypoint
	if len(program) == 0 && task.image == "" {
		program = task.command
	}
	if len(program) > 0 && program[0] == "" {
		check.add(at, "the first word is the program to run", "%s names an empty program", at)
	}
}

func checkRetry(check *checker, at string, retry retryConfig) {
	if retry.attempts < 1 || retry.attempts > attemptsMax {
		const help = "the first attempt counts; use 1 for no retry"
		check.add(at+".attempts", help, "%s.attempts is %d, allowed are 1 to %d", at, retry.attempts, attemptsMax)
	}
	if percent := retry.multiplierPercent; percent < 100 || percent > multiplierPercentMax {
		const help = "use 100 for a delay that stays, 200 to double it"
		const format = "%s.multiplier_percent is %d, allowed are 100 to %d"
		check.add(at+".multiplier_percent", help, format, at, percent, multiplierPercentMax)
	}
	check.delay(at+".backoff", retry.backoff)
	check.delay(at+".backoff_max", retry.backoffMax)
	if retry.backoff > retry.backoffMax {
		shown, longest := shownDuration(retry.backoff), shownDuration(retry.backoffMax)
		const format = "%s.backoff is %s, longer than backoff_max, %s"
		check.add(at+".backoff_max", "raise backoff_max to at least the backoff", format, at, shown, longest)
	}
}

func checkResources(check *checker, at string, task *taskConfig) {
	if task.cpuMillis > cpuMillisMax {
		const format = "%s.cpu_millis is %d, the limit is %d"
		check.add(at+".cpu_millis", "ask for less, or 0 for no limit", format, at, task.cpuMillis, cpuMillisMax)
	}
	if memory := task.memoryBytes; memory != 0 && (memory < memoryBytesMin || memory > memoryBytesMax) {
		const help = "ask for an amount in that range, or 0 for no limit"
		const format = "%s.memory_bytes is %d, allowed are %d to %d"
		check.add(at+".memory_bytes", help, format, at, memory, memoryBytesMin, memoryBytesMax)
	}
}

// checkParents has no need to look for parents that don't exist: handles only name tasks of the pipeline.
func checkParents(check *checker, id string, task *taskConfig) {
	field := "tasks." + id + ".depends_on"
	if !check.count(field, len(task.dependsOn), parentsMax) {
		return
	}
	if _, ok := task.dependsOn[id]; ok {
		check.add(field+"."+id, "take that dependency out", "task %s depends on itself", id)
	}
}

// size is the sum of all texts, in bytes.
func (c *pipelineConfig) size() int {
	pairs := func(table map[string]string) (sum int) {
		for name, value := range table {
			sum += len(name) + len(value)
		}
		return sum
	}
	words := func(words []string) (sum int) {
		for _, word := range words {
			sum += len(word)
		}
		return sum
	}
	sum := len(c.id) + len(c.description) + pairs(c.env)
	for _, parameter := range c.parameters {
		sum += parameter.size()
	}
	for id, task := range c.tasks {
		sum += task.valuesSize()
		sum += len(id) + len(task.description) + len(task.image) + len(task.workingDirectory)
		sum += words(task.entrypoint) + words(task.command) + pairs(task.env) + pairs(task.constraints)
		sum += pairs(task.secretEnv) + pairs(task.secretFiles)
		for parent := range task.dependsOn {
			sum += len(parent)
		}
	}
	return sum
}

// checker has the faults found so far, and where the next ones belong.
type checker struct {
	faults []Fault
	source Source
}

func (c *checker) add(field, help, format string, args ...interface{}) {
	if len(c.faults) < faultsMax {
		c.faults = append(c.faults, Fault{field, fmt.Sprintf(format, args...), help, c.source})
	}
}

// count says whether the count is within the limit.
func (c *checker) count(field string, count, limit int) bool {
	if count > limit {
		c.add(field, "leave some out", "%s has %d entries, the limit is %d", field, count, limit)
	}
	return count <= limit
}

func (c *checker) length(field, text string, limit int) {
	if len(text) > limit {
		c.add(field, "shorten it", "%s is %d bytes long, the limit is %d", field, len(text), limit)
	}
}

func (c *checker) noNul(field, text string) {
	if strings.Contains(text, "\x00") {
		c.add(field, "take it out; no program can be given one", "%s holds a NUL byte", field)
	}
}

func (c *checker) noControl(field, text string) {
	if strings.IndexFunc(text, unicode.IsControl) >= 0 {
		c.add(field, "take it out", "%s holds a control character", field)
	}
}

func (c *checker) text(field, text string) { c.length(field, text, textBytesMax) }

func (c *checker) reference(field, text string) {
	c.length(field, text, referenceBytesMax)
	c.noControl(field, text)
}

func (c *checker) words(field string, words []string) {
	if !c.count(field, len(words), argumentsMax) {
		return
	}
	for index, word := range words {
		c.length(fmt.Sprintf("%s.%d", field, index), word, argumentBytesMax)
		c.noNul(fmt.Sprintf("%s.%d", field, index), word)
	}
}

// duration checks a time-out; 0 stands for none.
func (c *checker) duration(field string, duration time.Duration) {
	if duration == 0 {
		return
	}
	if duration < time.Millisecond || duration > durationMax {
		const help = "choose a duration in that range, or leave it out for no limit"
		const format = "%s is %s, allowed are 1ms to %s"
		c.add(field, help, format, field, shownDuration(duration), shownDuration(durationMax))
		return
	}
	c.wholeMillis(field, duration)
}

func (c *checker) delay(field string, delay time.Duration) {
	switch {
	case delay > durationMax:
		const format = "%s is %s, the limit is %s"
		c.add(field, "choose a shorter delay", format, field, shownDuration(delay), shownDuration(durationMax))
	case delay < 0:
		c.add(field, "choose a delay, or none", "%s is %s, less than nothing", field, shownDuration(delay))
	default:
		c.wholeMillis(field, delay)
	}
}

// wholeMillis refuses what a file can't say: it tells time in milliseconds.
func (c *checker) wholeMillis(field string, duration time.Duration) {
	if duration%time.Millisecond != 0 {
		const format = "%s is %s, finer than a millisecond"
		c.add(field, "round it to milliseconds", format, field, shownDuration(duration))
	}
}

func (c *checker) id(field, kind, id string) {
	var why string
	bad := strings.IndexFunc(id, func(r rune) bool { return !isASCIIWord(r) && r != '_' && r != '-' })
	switch {
	case id == "":
		why = "it is empty"
	case len(id) > idBytesMax:
		why = fmt.Sprintf("it is %d bytes long, the limit is %d", len(id), idBytesMax)
	case bad >= 0:
		shown := firstRunes(id[bad:], 1)
		if shown != `"` {
			shown = escaped(shown)
		}
		why = fmt.Sprintf("character '%s' is not allowed", shown)
	case id[0] == '_' || id[0] == '-':
		why = "it starts with neither a letter nor a digit"
	default:
		return
	}
	short := firstRunes(id, 80)
	mark := ""
	if len(short) < len(id) {
		mark = "…"
	}
	const help = "use 1 to 64 ASCII letters, digits, '_' or '-', starting with a letter or a digit"
	c.add(field, help, "%s id %s%s: %s", kind, quoted(short), mark, why)
}

func (c *checker) variables(field string, variables map[string]string) {
	if !c.count(field, len(variables), variablesMax) {
		return
	}
	for _, name := range sortedKeys(variables) {
		value, shown := variables[name], firstRunes(name, idBytesMax)
		path := field + "." + escaped(shown)
		c.length(path, name, variableNameBytesMax)
		if name == "" || strings.ContainsAny(name, "=\x00") {
			const help = "use a name that is not empty and has neither '=' nor NUL"
			c.add(path, help, "the variable name %s in %s is not allowed", quoted(shown), field)
		}
		c.length(path, value, variableValueBytesMax)
		c.noNul(path, value)
	}
}

func (c *checker) labels(field string, labels map[string]string) {
	if !c.count(field, len(labels), labelsMax) {
		return
	}
	isBad := func(r rune) bool { return !isASCIIWord(r) && !strings.ContainsRune("_-./", r) }
	for _, name := range sortedKeys(labels) {
		value, shown := labels[name], firstRunes(name, idBytesMax)
		path := field + "." + escaped(shown)
		if name == "" || len(name) > idBytesMax || strings.IndexFunc(name, isBad) >= 0 {
			const help = "use 1 to 64 ASCII letters, digits, '_', '-', '.' or '/'"
			c.add(path, help, "the label name %s in %s is not allowed", quoted(shown), field)
		}
		c.length(path, value, variableNameBytesMax)
		c.noControl(path, value)
	}
}

func isASCIIWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}
