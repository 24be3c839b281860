package gofer

import "strings"

// interpreters has the words that make each run a source given as the next word.
var interpreters = []struct {
	name  string
	words []string
}{
	{"sh", []string{"/bin/sh", "-ec"}},
	{"bash", []string{"bash", "-euo", "pipefail", "-c"}},
	{"python3", []string{"python3", "-c"}},
	{"node", []string{"node", "-e"}},
	{"ruby", []string{"ruby", "-e"}},
	{"perl", []string{"perl", "-e"}},
}

// Inline is a program in an interpreted language, written in the pipeline itself; see [Script].
type Inline struct {
	interpreter []string
	source      string
	// unknown is the name of an interpreter that is not known.
	unknown string
}

// Script is inline source, run by an interpreter of the task's image (or of the node, with the process driver).
//
// The interpreter sh runs /bin/sh -ec SOURCE, so it ends at the first command that fails; bash runs bash -euo pipefail
// -c SOURCE; python3 runs python3 -c SOURCE; node, ruby and perl run -e SOURCE. Another one is a fault; see
// [ScriptWith].
//
// The indentation that all lines share is taken away, and blank lines at both ends. The source is at most 131 071 bytes
// long, which is what the kernel takes as one word.
func Script(interpreter, source string) *Inline {
	for _, known := range interpreters {
		if known.name == interpreter {
			return &Inline{interpreter: known.words, source: dedent(source)}
		}
	}
	return &Inline{unknown: interpreter, source: dedent(source)}
}

// ScriptWith is a script for any interpreter: words are the program and its flags, the source becomes the word after
// them.
func ScriptWith(words []string, source string) *Inline {
	return &Inline{interpreter: words, source: dedent(source)}
}

func knownInterpreters() string {
	names := make([]string, 0, len(interpreters))
	for _, known := range interpreters {
		names = append(names, known.name)
	}
	return strings.Join(names, ", ")
}

// dedent takes the common indentation and the blank lines at both ends away; what is left ends with one line break.
func dedent(source string) string {
	const blanks = " \t"
	lines := strings.Split(source, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	isBlank := func(line string) bool { return strings.Trim(line, blanks) == "" }
	for len(lines) > 0 && isBlank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && isBlank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return ""
	}
	indent := func(line string) string { return line[:len(line)-len(strings.TrimLeft(line, blanks))] }
	common := indent(lines[0])
	for _, line := range lines {
		for !isBlank(line) && !strings.HasPrefix(indent(line), common) {
			common = common[:len(common)-1]
		}
	}
	var text strings.Builder
	for _, line := range lines {
		if !isBlank(line) {
			text.WriteString(line[len(common):])
		}
		text.WriteByte('\n')
	}
	return text.String()
}
