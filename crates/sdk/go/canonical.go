package gofer

import (
	"fmt"
	"strconv"
	"strings"
)

// writeCanonical writes the canonical JSON of a pipeline, byte for byte as docs/pipeline-format.md has it.
func writeCanonical(config *pipelineConfig, withSources bool) string {
	out := &writer{isFirst: true}
	out.brackets('{', '}', func() {
		out.number("format", Format)
		out.name("id")
		out.string(config.id)
		out.text("description", config.description)
		if config.parallelism != 0 {
			out.number("parallelism", uint64(config.parallelism))
		}
		switch config.overlap.policy {
		case "":
		case "queue":
			out.object("overlap", func() { out.number("queue", uint64(config.overlap.queue)) })
		default:
			out.text("overlap", config.overlap.policy)
		}
		if config.timeout != 0 {
			out.text("timeout", formatDuration(config.timeout))
		}
		out.table("env", config.env)
		writeParameters(out, config.parameters)
		out.source(config.source, withSources)
		out.object("tasks", func() {
			for _, id := range config.taskIDs() {
				task := config.tasks[id]
				out.object(id, func() { writeTask(out, task, withSources) })
			}
		})
	})
	out.buffer.WriteByte('\n')
	return out.buffer.String()
}

func writeTask(out *writer, task *taskConfig, withSources bool) {
	out.text("description", task.description)
	out.text("image", task.image)
	if task.pull != PullIfNotPresent {
		out.text("pull", string(task.pull))
	}
	out.words("entrypoint", task.entrypoint)
	out.words("command", task.command)
	out.text("working_directory", task.workingDirectory)
	writeParents(out, task.dependsOn)
	writeConditions(out, task.when)
	writeKind(out, task)
	if task.retry != defaultRetry {
		out.object("retry", func() {
			out.number("attempts", uint64(task.retry.attempts))
			out.text("backoff", formatDuration(task.retry.backoff))
			out.text("backoff_max", formatDuration(task.retry.backoffMax))
			out.raw("multiplier", formatDecimal(task.retry.multiplierPercent, 2))
			out.raw("retry_lost", strconv.FormatBool(task.retry.retryLost))
		})
	}
	if task.timeout != 0 {
		out.text("timeout", formatDuration(task.timeout))
	}
	if task.cpuMillis != 0 {
		out.text("cpu", formatDecimal(task.cpuMillis, 3))
	}
	if task.memoryBytes != 0 {
		out.text("memory", formatMemory(task.memoryBytes))
	}
	out.text("driver", string(task.driver))
	if task.allowFailure {
		out.raw("allow_failure", "true")
	}
	out.table("constraints", task.constraints)
	out.table("env", task.env)
	writeNamed(out, "inputs", task.inputs)
	out.table("secret_env", task.secretEnv)
	out.table("secret_files", task.secretFiles)
	out.source(task.source, withSources)
}

func writeParents(out *writer, parents map[string]string) {
	for _, requirement := range parents {
		if requirement != "success" {
			out.table("depends_on", parents)
			return
		}
	}
	out.words("depends_on", sortedKeys(parents))
}

// writer writes JSON with two spaces a level, one member a line.
type writer struct {
	buffer strings.Builder
	depth  int
	// isFirst says that nothing was written into the innermost brackets yet.
	isFirst bool
}

func (w *writer) brackets(open, close byte, members func()) {
	w.buffer.WriteByte(open)
	w.depth++
	w.isFirst = true
	members()
	w.depth--
	if !w.isFirst {
		w.line()
	}
	w.isFirst = false
	w.buffer.WriteByte(close)
}

func (w *writer) line() {
	w.buffer.WriteByte('\n')
	w.buffer.WriteString(strings.Repeat("  ", w.depth))
}

// member begins a member of the innermost brackets.
func (w *writer) member() {
	if !w.isFirst {
		w.buffer.WriteByte(',')
	}
	w.isFirst = false
	w.line()
}

func (w *writer) name(name string) {
	w.member()
	w.string(name)
	w.buffer.WriteString(": ")
}

func (w *writer) object(name string, members func()) {
	w.name(name)
	w.brackets('{', '}', members)
}

func (w *writer) raw(name, value string) {
	w.name(name)
	w.buffer.WriteString(value)
}

func (w *writer) integer(name string, value int64) { w.raw(name, strconv.FormatInt(value, 10)) }

func (w *writer) number(name string, value uint64) { w.raw(name, strconv.FormatUint(value, 10)) }

// string does not use encoding/json, which escapes more than the format does.
func (w *writer) string(value string) {
	w.buffer.WriteByte('"')
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			w.buffer.WriteByte('\\')
			w.buffer.WriteByte(c)
		case c == '\b':
			w.buffer.WriteString(`\b`)
		case c == '\t':
			w.buffer.WriteString(`\t`)
		case c == '\n':
			w.buffer.WriteString(`\n`)
		case c == '\f':
			w.buffer.WriteString(`\f`)
		case c == '\r':
			w.buffer.WriteString(`\r`)
		case c < ' ':
			fmt.Fprintf(&w.buffer, `\u%04x`, c)
		default:
			w.buffer.WriteByte(c)
		}
	}
	w.buffer.WriteByte('"')
}

// text writes a text, unless it is empty.
func (w *writer) text(name, value string) {
	if value != "" {
		w.name(name)
		w.string(value)
	}
}

// words writes a list of texts, unless it is empty.
func (w *writer) words(name string, words []string) {
	if len(words) > 0 {
		w.list(name, words)
	}
}

func (w *writer) list(name string, words []string) {
	w.name(name)
	w.brackets('[', ']', func() {
		for _, word := range words {
			w.member()
			w.string(word)
		}
	})
}

// table writes names and texts, unless there are none.
func (w *writer) table(name string, table map[string]string) {
	if len(table) == 0 {
		return
	}
	w.object(name, func() {
		for _, key := range sortedKeys(table) {
			w.name(key)
			w.string(table[key])
		}
	})
}

func (w *writer) source(source Source, isWanted bool) {
	if isWanted {
		w.object("source", func() {
			w.name("file")
			w.string(source.File)
			w.number("line", uint64(source.Line))
		})
	}
}
