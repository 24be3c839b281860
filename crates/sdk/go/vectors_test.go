package gofer

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func object(value interface{}) map[string]interface{} {
	table, _ := value.(map[string]interface{})
	return table
}

func buildParameter(fields map[string]interface{}) Parameter {
	parameter := TextParameter()
	switch text(fields["type"]) {
	case "integer":
		least, most := int64(math.MinInt64), int64(math.MaxInt64)
		if number, ok := fields["least"].(float64); ok {
			least = int64(number)
		}
		if number, ok := fields["most"].(float64); ok {
			most = int64(number)
		}
		parameter = IntegerParameter(least, most)
	case "boolean":
		parameter = BooleanParameter()
	case "choice":
		parameter = ChoiceParameter(words(fields["choices"])...)
	case "list":
		parameter = ListParameter()
	}
	if value, ok := fields["default"].(string); ok {
		parameter = parameter.Default(value)
	}
	return parameter.Description(text(fields["description"]))
}

// buildValues sets what refers to other tasks, once there are handles of all.
func buildValues(spec *Spec, task map[string]interface{}, handles map[string]*Task) {
	conditions, _ := task["when"].([]interface{})
	for _, condition := range conditions {
		fields := object(condition)
		value := buildValue(fields, handles)
		if texts, ok := fields["is"]; ok {
			spec.When = append(spec.When, value.Is(words(texts)...))
		} else {
			spec.When = append(spec.When, value.IsNot(words(fields["is_not"])...))
		}
	}
	spec.Inputs = buildValuesOf(task["inputs"], handles)
	if approval, ok := task["approval"]; ok {
		spec.Approval = &Approval{Approvers: words(object(approval)["approvers"])}
	}
	if uses, ok := task["uses"]; ok {
		parts := strings.SplitN(text(uses), "@", 2)
		spec.Uses = &SharedTask{Task: parts[0], Settings: buildValuesOf(task["settings"], handles)}
		if len(parts) == 2 {
			spec.Uses.Version, _ = strconv.ParseUint(parts[1], 10, 64)
		}
	}
	run := object(task["run"])
	if run == nil {
		return
	}
	spec.Run = &Run{Pipeline: text(run["pipeline"]), Variables: buildValuesOf(run["variables"], handles)}
	if number, ok := run["parallelism"].(float64); ok {
		spec.Run.Parallelism = uint32(number)
	}
	switch items := run["for_each"].(type) {
	case nil:
	case []interface{}:
		spec.Run.ForEach = These(words(items)...)
	default:
		spec.Run.ForEach = Lines(buildValue(items, handles))
	}
}

func buildValuesOf(table interface{}, handles map[string]*Task) map[string]Value {
	values := make(map[string]Value)
	for name, value := range object(table) {
		values[name] = buildValue(value, handles)
	}
	return values
}

func buildValue(written interface{}, handles map[string]*Task) Value {
	fields := object(written)
	switch {
	case fields == nil:
		return Text(text(written))
	case fields["output"] != nil:
		parts := strings.SplitN(text(fields["output"]), ".", 2)
		return handles[parts[0]].Output(parts[1])
	case fields["variable"] != nil:
		return Variable(text(fields["variable"]))
	case fields["item"] != nil:
		return Item
	}
	return Text(text(fields["text"]))
}

func TestWhatNoFileCanSayOfValuesIsAFault(t *testing.T) {
	command := []string{"true"}
	p, other := New("p", Options{}), New("other", Options{})
	there := other.Task("there", Spec{Command: command}).Output("X")
	p.Parameter("A", BooleanParameter().Default("yes"))
	p.Parameter("A", IntegerParameter(3, 1))
	p.Task("a", Spec{
		Command: command,
		Inputs:  map[string]Value{"X": there},
		When:    []Condition{there.Is("x")},
	})
	p.Task("b", Spec{Run: &Run{Pipeline: "q", Variables: map[string]Value{"X": there}, ForEach: Lines(there)}})
	p.Task("c", Spec{Approval: &Approval{}, Run: &Run{Pipeline: "q", Variables: map[string]Value{"X": Item}}})
	p.Task("d", Spec{Approval: &Approval{}, Uses: &SharedTask{Task: "s", Settings: map[string]Value{"X": there}}})
	wanted := [][2]string{
		{"parameters.A", "parameters.A comes twice, first at vectors_test.go:"},
		{"tasks.a.conditions.0", "an output of a task of another pipeline"},
		{"tasks.a.inputs.X", "an output of a task of another pipeline"},
		{"tasks.b.call.variables.X", "an output of a task of another pipeline"},
		{"tasks.b.call.for_each", "an output of a task of another pipeline"},
		{"tasks.c", "both waits for approval and runs a pipeline"},
		{"tasks.d", "both uses a shared task and waits for approval"},
		{"tasks.d.settings.X", "an output of a task of another pipeline"},
		{"parameters.A", "allows no number: from 3 to 1"},
		{"tasks.c.call.variables.X", "takes an element, and there is none"},
	}
	found := p.Faults()
	for i, fault := range found {
		if i >= len(wanted) || fault.Field != wanted[i][0] || !strings.Contains(fault.Message, wanted[i][1]) {
			t.Errorf("fault %d: %+v", i, fault)
		}
		if fault.Source.File != "vectors_test.go" {
			t.Errorf("no place: %+v", fault)
		}
	}
	if len(found) != len(wanted) {
		t.Errorf("%d faults, wanted %d: %v", len(found), len(wanted), found)
	}
}
