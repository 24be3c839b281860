package gofer

import (
	"sort"
	"time"
)

// pipelineConfig is a pipeline as plain data, as a file says it.
type pipelineConfig struct {
	// owner tells tasks of another pipeline.
	owner           *Pipeline
	id, description string
	parallelism     uint32
	overlap         Overlap
	timeout         time.Duration
	env             map[string]string
	parameters      map[string]declared
	source          Source
	tasks           map[string]*taskConfig
}

// taskConfig is one task. What is empty or 0 is left to the default.
type taskConfig struct {
	description, image  string
	pull                Pull
	entrypoint, command []string
	workingDirectory    string
	dependsOn           map[string]string
	when                []Condition
	approval            *Approval
	run                 *Run
	uses                *SharedTask
	retry               retryConfig
	timeout             time.Duration
	cpuMillis           uint64
	memoryBytes         uint64
	driver              Driver
	allowFailure        bool
	constraints, env    map[string]string
	inputs              map[string]Value
	secretEnv           map[string]string
	secretFiles         map[string]string
	source              Source
}

type retryConfig struct {
	attempts            uint32
	backoff, backoffMax time.Duration
	multiplierPercent   uint64
	retryLost           bool
}

var defaultRetry = retryConfig{1, time.Second, time.Minute, 200, true}

func (c *pipelineConfig) taskIDs() []string {
	ids := make([]string, 0, len(c.tasks))
	for id := range c.tasks {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

func sortedKeys(table map[string]string) []string {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
