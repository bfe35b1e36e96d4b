package journal_test

import (
	"testing"

	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
)

func BenchmarkAppendOneAtATime(b *testing.B) {
	j := journaltest.Open(b)
	for b.Loop() {
		if _, err := j.Append(b.Context(), entry(journal.Verdict, noon, "evidence")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendGrouped(b *testing.B) {
	j := journaltest.Open(b)
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := j.Append(b.Context(), entry(journal.Verdict, noon, "evidence")); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
