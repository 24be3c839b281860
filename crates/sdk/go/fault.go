package gofer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Source is a place in the author's program.
type Source struct {
	// File is relative to the working directory where it lies below that.
	File string
	// Line counts from 1.
	Line int
}

func (s Source) String() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// here is the line that called the function that calls this one.
func here() Source {
	_, file, line, ok := runtime.Caller(2)
	if !ok {
		return Source{File: "unknown"}
	}
	if folder, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(folder, file); err == nil && !strings.HasPrefix(relative, "..") {
			file = relative
		}
	}
	return Source{File: file, Line: line}
}

// Fault is one thing that is wrong with a pipeline.
type Fault struct {
	// Field is the path of the field, such as tasks.build.image, as a cluster names it; empty for the whole pipeline.
	Field string
	// Message says what is wrong, with the number or the name that is.
	Message string
	// Help says what to do.
	Help string
	// Source is where the task, or the pipeline, was declared.
	Source Source
}

// Error shows the fault as file:line: message (help).
func (f Fault) Error() string { return fmt.Sprintf("%s: %s (%s)", f.Source, f.Message, f.Help) }

// InvalidError holds every fault of a pipeline that a cluster would refuse.
type InvalidError struct {
	// Faults is never empty.
	Faults []Fault
}

func (e *InvalidError) Error() string {
	lines := make([]string, 0, len(e.Faults))
	for _, fault := range e.Faults {
		lines = append(lines, fault.Error())
	}
	return strings.Join(lines, "\n")
}
