package gofer

import "sort"

// findCycle is a cycle as a path from child to parent, the first id repeated at the end; nil if there is none.
//
// A task that depends on itself is passed over: that is a fault of its own.
func findCycle(config *pipelineConfig) []string {
	parents := make(map[string][]string, len(config.tasks))
	children := make(map[string][]string, len(config.tasks))
	waiting := make(map[string]int, len(config.tasks))
	var ready []string
	for id, task := range config.tasks {
		for _, parent := range sortedKeys(task.dependsOn) {
			if parent != id {
				parents[id] = append(parents[id], parent)
				children[parent] = append(children[parent], id)
			}
		}
		waiting[id] = len(parents[id])
		if waiting[id] == 0 {
			ready = append(ready, id)
		}
	}
	for len(ready) > 0 {
		id := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		delete(waiting, id)
		for _, child := range children[id] {
			waiting[child]--
			if waiting[child] == 0 {
				ready = append(ready, child)
			}
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	left := make([]string, 0, len(waiting))
	for id := range waiting {
		left = append(left, id)
	}
	sort.Strings(left)
	return walk(left[0], parents, waiting)
}

// walk follows parents among the tasks left over, each of which has one, until a task comes up again.
func walk(at string, parents map[string][]string, left map[string]int) []string {
	var path []string
	seen := make(map[string]int)
	for {
		if first, ok := seen[at]; ok {
			return append(path[first:], at)
		}
		seen[at] = len(path)
		path = append(path, at)
		for _, parent := range parents[at] {
			if _, ok := left[parent]; ok {
				at = parent
				break
			}
		}
	}
}
