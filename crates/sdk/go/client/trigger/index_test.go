package trigger

import (
	"strconv"
	"testing"
)

func named(number int) Name {
	return Name{Namespace: "default", Pipeline: "test", Name: strconv.Itoa(number)}
}

func TestASnapshotStaysAsItWas(t *testing.T) {
	const many = 5000
	index := newIndex()
	for number := 0; number < many; number++ {
		index.put(&subscribed{name: named(number), generation: 1})
	}
	before := index.snapshot()
	if index.snapshot() != before {
		t.Fatal("another snapshot without a change")
	}
	index.remove(named(0))
	index.remove(named(many))
	index.put(&subscribed{name: named(1), generation: 2})
	index.put(&subscribed{name: named(many), generation: 2})
	after := index.snapshot()
	index.remove(named(2))
	generations := func(snapshot *snapshot) (list [5]uint64) {
		for place, number := range []int{0, 1, 2, many - 1, many} {
			if one := snapshot.get(named(number)); one != nil {
				list[place] = one.generation
			}
		}
		return list
	}
	if list := generations(before); list != [5]uint64{1, 1, 1, 1, 0} || before.count != many {
		t.Fatalf("before: %d, %v", before.count, list)
	}
	if list := generations(after); list != [5]uint64{0, 2, 1, 1, 2} || after.count != many {
		t.Fatalf("after: %d, %v", after.count, list)
	}
	seen := 0
	(&Subscriptions{snapshot: after}).All(func(Subscriber) bool { seen++; return true })
	if seen != many {
		t.Fatalf("%d of %d were seen", seen, many)
	}
}

// Of what a change after a snapshot copies, the share of one part.
func TestASnapshotCopiesNoSubscriptions(t *testing.T) {
	index := newIndex()
	for number := 0; number < 100_000; number++ {
		index.put(&subscribed{name: named(number), generation: 1})
	}
	one := &subscribed{name: named(7), generation: 2}
	result := testing.Benchmark(func(b *testing.B) {
		for round := 0; round < b.N; round++ {
			index.snapshot()
			index.put(one)
		}
	})
	// A copy of all has more than 1 MB.
	if bytes := result.AllocedBytesPerOp(); bytes > 100_000 {
		t.Fatalf("a snapshot and a change take %d bytes", bytes)
	}
}
