package trigger

import (
	"hash/maphash"

	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
)

// Into how many parts an index is split. A change after a snapshot copies one of them.
const indexParts = 256

// What is known of a subscription. A change makes another one.
type subscribed struct {
	name       Name
	generation uint64
	settings   []*modelv1.Variable
}

// All subscriptions as they were at one time. Nothing changes it.
type snapshot struct {
	seed  maphash.Seed
	parts [indexParts]map[Name]*subscribed
	count int
}

func (s *snapshot) part(name Name) int {
	var hash maphash.Hash
	hash.SetSeed(s.seed)
	for _, text := range []string{name.Namespace, "/", name.Pipeline, "/", name.Name} {
		_, _ = hash.WriteString(text)
	}
	return int(hash.Sum64() % indexParts)
}

func (s *snapshot) get(name Name) *subscribed { return s.parts[s.part(name)][name] }

// All subscriptions as they are. It is cheap to take a snapshot of it, however many there are.
type index struct {
	current snapshot
	// Which parts no snapshot has.
	owned [indexParts]bool
	// The snapshot of how it is; nil if there is none yet.
	taken *snapshot
}

func newIndex() *index { return &index{current: snapshot{seed: maphash.MakeSeed()}} }

func (i *index) snapshot() *snapshot {
	if i.taken == nil {
		taken := i.current
		i.taken = &taken
		i.owned = [indexParts]bool{}
	}
	return i.taken
}

func (i *index) put(one *subscribed) {
	part := i.own(one.name)
	if part[one.name] == nil {
		i.current.count++
	}
	part[one.name] = one
}

func (i *index) remove(name Name) {
	if i.current.get(name) == nil {
		return
	}
	delete(i.own(name), name)
	i.current.count--
}

// own is the part that has a name, which no snapshot has.
func (i *index) own(name Name) map[Name]*subscribed {
	i.taken = nil
	number := i.current.part(name)
	if !i.owned[number] {
		shared := i.current.parts[number]
		part := make(map[Name]*subscribed, len(shared)+1)
		for name, one := range shared {
			part[name] = one
		}
		i.current.parts[number], i.owned[number] = part, true
	}
	return i.current.parts[number]
}
