package gofer

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const vectors = "../../../proto/testdata/pipelines/"

func TestSourcesStandWhereTheFormatHasThem(t *testing.T) {
	source := func(file string, line int) *Source { return &Source{File: file, Line: line} }
	p := New("sourced", Options{Env: map[string]string{"A": "1"}, Source: source("ci/pipeline.star", 3)})
	spec := Spec{Command: []string{"make"}, Env: map[string]string{"B": "2"}, Source: source("ci/build.star", 12)}
	p.Task("build", spec)
	p.Task("bare", Spec{Image: "busybox", Source: source(`ci/bare "1".star`, 4294967295)})
	wanted, err := os.ReadFile(vectors + "with-sources.json")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.JSONWithSources(); err != nil || text != string(wanted) {
		t.Errorf("%v\n%s", err, text)
	}
}

type vector struct {
	Name     string
	Pipeline interface{}
	Handles  *bool
	Faults   []struct{ Field, Message, Help string }
}

func TestTheFaultsAreThoseOfACluster(t *testing.T) {
	data, err := os.ReadFile(vectors + "faults.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []vector
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, one := range cases {
		shown, _ := json.Marshal(one.Pipeline)
		// A time-out of 0 means none in Go, and a parent that doesn't exist has no handle.
		if one.Handles != nil && !*one.Handles || bytes.Contains(shown, []byte(`"timeout":"0s"`)) {
			continue
		}
		var faults []struct{ Field, Message, Help string }
		for _, fault := range build(expand(one.Pipeline).(map[string]interface{})).Faults() {
			faults = append(faults, struct{ Field, Message, Help string }{fault.Field, fault.Message, fault.Help})
		}
		if len(faults)+len(one.Faults) > 0 && !reflect.DeepEqual(faults, one.Faults) {
			t.Errorf("%s:\n found %v\nwanted %v", one.Name, faults, one.Faults)
		}
		compared++
	}
	if compared < 150 {
		t.Errorf("only %d of %d cases were compared", compared, len(cases))
	}
}

// expand writes the abbreviations of the vectors out; docs/pipeline-format.md describes them.
func expand(value interface{}) interface{} {
	switch value := value.(type) {
	case string:
		return repeat(value)
	case []interface{}:
		var out []interface{}
		if len(value) == 0 {
			return value
		}
		if first, ok := value[0].(string); ok && strings.HasPrefix(first, "@times ") {
			for count, _ := strconv.Atoi(first[7:]); count > 0; count-- {
				out = append(out, expand(value[1]))
			}
			return out
		}
		for _, item := range value {
			out = append(out, expand(item))
		}
		return out
	case map[string]interface{}:
		out := make(map[string]interface{})
		for name, item := range value {
			if parts := strings.SplitN(name, " ", 3); parts[0] == "@each" {
				count, _ := strconv.Atoi(parts[1])
				for n := 0; n < count; n++ {
					out[parts[2]+strconv.Itoa(n)] = expand(item)
				}
				continue
			}
			out[repeat(name)] = expand(item)
		}
		return out
	}
	return value
}

func repeat(text string) string {
	if parts := strings.SplitN(text, " ", 3); parts[0] == "@repeat" {
		count, _ := strconv.Atoi(parts[2])
		return strings.Repeat(parts[1], count)
	}
	return text
}

// build makes the pipeline of a vector through what authors call.
func build(config map[string]interface{}) *Pipeline {
	options := Options{Description: text(config["description"]), Timeout: duration(config["timeout"])}
	options.Env = table(config["env"])
	if overlap, ok := config["overlap"].(map[string]interface{}); ok {
		options.Overlap = Queue(uint32(overlap["queue"].(float64)))
	}
	p := New(text(config["id"]), options)
	for name, parameter := range object(config["parameters"]) {
		p.Parameter(name, buildParameter(object(parameter)))
	}
	handles := make(map[string]*Task)
	specs := config["tasks"].(map[string]interface{})
	for id, spec := range specs {
		handles[id] = p.Task(id, buildSpec(spec.(map[string]interface{})))
	}
	for id, spec := range specs {
		buildValues(&handles[id].spec, object(spec), handles)
	}
	for id, spec := range specs {
		switch parents := spec.(map[string]interface{})["depends_on"].(type) {
		case []interface{}:
			for _, parent := range parents {
				handles[id].After(handles[parent.(string)])
			}
		case map[string]interface{}:
			for parent, requirement := range parents {
				handles[id].depend(requirement.(string), []*Task{handles[parent]})
			}
		}
	}
	return p
}

func secrets(value interface{}) map[string]SecretRef {
	named := make(map[string]SecretRef)
	for target, name := range table(value) {
		named[target] = Secret(name)
	}
	return named
}

func buildSpec(task map[string]interface{}) Spec {
	cpu, _ := strconv.ParseFloat(text(task["cpu"]), 64)
	spec := Spec{
		Description:      text(task["description"]),
		Image:            text(task["image"]),
		Entrypoint:       words(task["entrypoint"]),
		Command:          words(task["command"]),
		WorkingDirectory: text(task["working_directory"]),
		Timeout:          duration(task["timeout"]),
		CPU:              cpu,
		Memory:           memory(text(task["memory"])),
		Driver:           Driver(text(task["driver"])),
		Constraints:      table(task["constraints"]),
		Env:              table(task["env"]),
		SecretEnv:        secrets(task["secret_env"]),
		SecretFiles:      secrets(task["secret_files"]),
	}
	if pull := text(task["pull"]); pull != "" {
		spec.Pull = Pull(pull)
	}
	if retry, ok := task["retry"].(map[string]interface{}); ok {
		spec.Retry = Attempts(uint32(retry["attempts"].(float64)))
		if retry["backoff"] != nil {
			spec.Retry = spec.Retry.Backoff(duration(retry["backoff"]))
		}
		if retry["backoff_max"] != nil {
			spec.Retry = spec.Retry.BackoffMax(duration(retry["backoff_max"]))
		}
		if factor, ok := retry["multiplier"].(float64); ok {
			spec.Retry = spec.Retry.Multiplier(factor)
		}
	}
	return spec
}

func text(value interface{}) string {
	text, _ := value.(string)
	return text
}

func words(value interface{}) (words []string) {
	list, _ := value.([]interface{})
	for _, word := range list {
		words = append(words, word.(string))
	}
	return words
}

func table(value interface{}) map[string]string {
	out := make(map[string]string)
	items, _ := value.(map[string]interface{})
	for name, item := range items {
		out[name] = item.(string)
	}
	return out
}

var part = regexp.MustCompile(`(\d+)(ms|[dhms])`)

func duration(value interface{}) (sum time.Duration) {
	units := map[string]time.Duration{
		"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second, "ms": time.Millisecond,
	}
	for _, match := range part.FindAllStringSubmatch(text(value), -1) {
		count, _ := strconv.Atoi(match[1])
		sum += time.Duration(count) * units[match[2]]
	}
	return sum
}

func memory(text string) uint64 {
	number := strings.TrimRight(text, "BTMi")
	count, _ := strconv.ParseUint(number, 10, 64)
	return count * map[string]uint64{"": 1, "B": 1, "MiB": MiB, "TiB": 1 << 40}[text[len(number):]]
}

func TestWhatNoFileCanSayIsAFault(t *testing.T) {
	command := []string{"true"}
	p, other := New("p", Options{}), New("other", Options{})
	there := other.Task("there", Spec{Command: command})
	a := p.Task("a", Spec{Command: command, CPU: 0.0001, Retry: Attempts(2).Multiplier(math.NaN())})
	p.Task("b", Spec{Command: command, CPU: -1, Pull: "sometimes", Driver: "podman"}).After(a, there, nil).AfterAny(a)
	p.Task("b", Spec{Command: command, Script: Script("python", ""), Timeout: 1500 * time.Microsecond})
	p.Task("c", Spec{Command: command, Timeout: -time.Second, Retry: Attempts(2).Backoff(-time.Second)})
	wanted := [][2]string{
		{"tasks.a.resources.cpu_millis", "0.0001 is not a number of thousandths"},
		{"tasks.a.retry.multiplier_percent", "NaN is not a number of hundredths"},
		{"tasks.b.pull", `"sometimes" is not known`},
		{"tasks.b.driver", `"podman" is not known`},
		{"tasks.b.resources.cpu_millis", "-1 is not a number of thousandths"},
		{"tasks.b.depends_on", "a task of another pipeline"},
		{"tasks.b.depends_on", "a task of another pipeline"},
		{"tasks.b.depends_on", `"a" comes twice`},
		{"tasks.b", "both a script and a program"},
		{"tasks.b.script", `the interpreter "python" is not known`},
		{"tasks.b", "comes twice, first at gofer_test.go:"},
		{"tasks.b", "names an empty program"},
		{"tasks.b.timeout", "1.5ms, finer than a millisecond"},
		{"tasks.c.retry.backoff", "-1s, less than nothing"},
		{"tasks.c.timeout", "-1s, allowed are 1ms to"},
	}
	found := p.Faults()
	for i, fault := range found {
		if i < len(wanted) && (fault.Field != wanted[i][0] || !strings.Contains(fault.Message, wanted[i][1])) {
			t.Errorf("%d: %+v, wanted %v", i, fault, wanted[i])
		}
	}
	if len(found) != len(wanted) {
		t.Errorf("%d faults, wanted %d: %v", len(found), len(wanted), found)
	}
}

func TestWhatIsEmitted(t *testing.T) {
	var stdout, stderr bytes.Buffer
	p := New("p", Options{})
	p.Task("a", Spec{Image: "a b"})
	if code := p.emit(&stdout, &stderr); code != 1 || stdout.Len() != 0 {
		t.Errorf("exit code %d, output %q", code, stdout.String())
	}
	const wanted = "gofer_test.go:NNN: tasks.a.image holds a space (write it as registry/name:tag)\n"
	if shown := regexp.MustCompile(`:\d+:`).ReplaceAllString(stderr.String(), ":NNN:"); shown != wanted {
		t.Errorf("%q", shown)
	}
	stderr.Reset()
	p = New("p", Options{Description: "\xff"})
	p.Task("a", Spec{Image: "a"})
	if code := p.emit(&stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "no UTF-8") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	env := make(map[string]string)
	for _, name := range strings.Split("abcdefghij", "") {
		env[name] = strings.Repeat("\x01", 30000)
	}
	p = New("p", Options{Env: env})
	p.Task("a", Spec{Image: "a"})
	if code := p.emit(&stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "the limit is 1048576") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	p = New("p", Options{})
	p.Task("a", Spec{Image: "a"})
	stderr.Reset()
	if code := p.emit(&stdout, &stderr); code != 0 || stderr.Len() != 0 {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	if !strings.Contains(stdout.String(), `"file": "gofer_test.go"`) {
		t.Error(stdout.String())
	}
}
