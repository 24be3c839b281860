package gofer

import "time"

// Options say what concerns a pipeline as a whole. The zero value is the default of each.
type Options struct {
	// Description is for people; at most 4 KiB.
	Description string
	// Parallelism is the largest number of runs at the same time. 0 means no limit under Allow, and 1 under every
	// other policy.
	Parallelism uint32
	// Overlap says what happens to a new run while as many run as may.
	Overlap Overlap
	// Timeout is the longest life of a run, from a millisecond to 30 days; 0 means no limit.
	Timeout time.Duration
	// Env is the environment of every task.
	Env map[string]string
	// Source overrides the place of the declaration: for programs that translate pipelines from another notation.
	Source *Source
}

// Overlap is what happens to a new run while as many run as may.
type Overlap struct {
	policy string
	queue  uint32
}

var (
	// Allow lets it wait until there is room.
	Allow = Overlap{}
	// Forbid refuses it.
	Forbid = Overlap{policy: "forbid"}
	// Replace cancels the oldest live run for it.
	Replace = Overlap{policy: "replace"}
)

// Queue lets it wait if fewer than this many wait already, 1 to 10 000; else it is refused.
func Queue(length uint32) Overlap { return Overlap{policy: "queue", queue: length} }

// Pull is when an image is fetched.
type Pull string

// What an image is fetched for. The zero value means if it is not there yet.
const (
	PullIfNotPresent Pull = "if-not-present"
	PullAlways       Pull = "always"
	PullNever        Pull = "never"
)

// Driver is what launches a task.
type Driver string

// The drivers. The zero value means the best that the node has.
const (
	Process Driver = "process"
	Docker  Driver = "docker"
)

// Spec says what a task is. The zero value is the default of each field.
type Spec struct {
	// Description is for people; at most 4 KiB.
	Description string
	// Image is a reference, such as busybox:1.36. The Docker driver needs it, the process driver ignores it.
	Image string
	// Pull is when the image is fetched.
	Pull Pull
	// Entrypoint replaces the image's.
	Entrypoint []string
	// Command has the arguments of the entrypoint; with the process driver, entrypoint and command together are the
	// program. No shell reads them.
	Command []string
	// Script is inline source in place of entrypoint and command.
	Script *Inline
	// When has what must hold once the parents have ended; otherwise the task is skipped.
	When []Condition
	// Approval lets the task wait for people instead of running a container.
	Approval *Approval
	// Run lets the task run another pipeline instead of a container.
	Run *Run
	// Uses lets the task run the container of a shared task instead of one of its own.
	Uses *SharedTask
	// WorkingDirectory is the absolute path that the program starts in.
	WorkingDirectory string
	// Retry says how a failed attempt is followed by another; not at all by default. A lost one is.
	Retry Retry
	// Timeout is the longest life of one attempt, from a millisecond to 30 days; 0 means no limit.
	Timeout time.Duration
	// CPU is cores, in thousandths: 0.25; 0 means no limit.
	CPU float64
	// Memory is bytes, at least 4 MiB; 0 means no limit. MiB and GiB help.
	Memory uint64
	// Driver is what launches the task.
	Driver Driver
	// AllowFailure lets the run succeed although this task failed.
	AllowFailure bool
	// Constraints are labels that the node must carry, with their values.
	Constraints map[string]string
	// Inputs are variables of the task's environment whose values are known only in the run; they win over all other
	// environment.
	Inputs map[string]Value
	// Env is the environment of this task.
	Env map[string]string
	// SecretEnv has variables of the environment that get their values from secrets of the cluster.
	SecretEnv map[string]SecretRef
	// SecretFiles has files that hold secrets of the cluster, in the directory that the variable GOFER_SECRETS_DIR names.
	SecretFiles map[string]SecretRef
	// Source overrides the place of the declaration: for programs that translate pipelines from another notation.
	Source *Source
}

// SecretRef is a secret of the cluster, by its name. Its value is nowhere in a pipeline: it is set with
// "gofer secret set", and given to the task when it is launched.
type SecretRef struct{ name string }

// Secret names a secret of the pipeline, else of its namespace, else of the cluster.
func Secret(name string) SecretRef { return SecretRef{name} }

func secretNames(secrets map[string]SecretRef) map[string]string {
	names := make(map[string]string, len(secrets))
	for target, secret := range secrets {
		names[target] = secret.name
	}
	return names
}

// Retry says how often and how soon a failed attempt is followed by another. The zero value allows one attempt;
// [Attempts] makes another.
type Retry struct {
	isSet      bool
	attempts   uint32
	backoff    time.Duration
	backoffMax *time.Duration
	multiplier float64
	giveUp     bool
}

// Attempts allows so many attempts in all, the first included: 1 to 100.
func Attempts(attempts uint32) Retry {
	return Retry{isSet: true, attempts: attempts, backoff: time.Second, multiplier: 2}
}

// Backoff is the delay before the second attempt; one second unless set.
func (r Retry) Backoff(delay time.Duration) Retry {
	r.backoff = delay
	return r
}

// BackoffMax is the longest delay; one minute unless set, or the backoff if that is longer.
func (r Retry) BackoffMax(delay time.Duration) Retry {
	r.backoffMax = &delay
	return r
}

// Multiplier is what each delay is multiplied with to get the next one: 1 to 100, in hundredths; 2 unless set.
func (r Retry) Multiplier(factor float64) Retry {
	r.multiplier = factor
	return r
}

// RetryLost says whether an attempt that was lost with its node is followed by another; it is unless set.
func (r Retry) RetryLost(retry bool) Retry {
	r.giveUp = !retry
	return r
}

// longest is the delay that no other exceeds.
func (r Retry) longest() time.Duration {
	switch {
	case r.backoffMax != nil:
		return *r.backoffMax
	case r.backoff > time.Minute:
		return r.backoff
	default:
		return time.Minute
	}
}
