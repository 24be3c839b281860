package trigger

import "time"

// When to look at a watch again.
type timer struct {
	at   time.Time
	name Name
}

// A heap of container/heap: the first one is due first.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(one any)      { *t = append(*t, one.(timer)) }

func (t *timers) Pop() any {
	last := len(*t) - 1
	one := (*t)[last]
	*t = (*t)[:last]
	return one
}
