package sheet

import (
	"fmt"
	"io"
	"iter"
	"runtime"
	"testing"
)

// tenThousand are rows of twenty columns, as a large ministry would send.
func tenThousand() (columns []Column, rows iter.Seq[[]string]) {
	for i := range 20 {
		columns = append(columns, Column{Key: fmt.Sprintf("c%d", i), Heading: Words{fmt.Sprintf("列%d", i), fmt.Sprintf("Column %d", i)}})
	}
	return columns, func(yield func([]string) bool) {
		row := make([]string, len(columns))
		for n := range 10_000 {
			for i := range row {
				row[i] = fmt.Sprintf("示例市民政局 %d-%d", n, i)
			}
			if !yield(row) {
				return
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	columns, rows := tenThousand()
	for _, format := range []Format{XLSX, CSV} {
		var content []byte
		b.Run(string(format), func(b *testing.B) {
			if content == nil {
				content = fileOf(b, format, columns, Chinese, rows)
			}
			b.ReportAllocs()
			for b.Loop() {
				back, err := readAll(content, columns, Limits{})
				if err != nil || len(back) != 10_000 {
					b.Fatal(len(back), err)
				}
			}
			b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	columns, rows := tenThousand()
	for _, format := range []Format{XLSX, CSV} {
		b.Run(string(format), func(b *testing.B) {
			for b.Loop() {
				if err := Write(io.Discard, format, columns, Chinese, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestMemory: reading ten thousand rows one by one holds one row and the texts they
// share, not the sheet.
func TestMemory(t *testing.T) {
	columns, rows := tenThousand()
	content := fileOf(t, CSV, columns, Chinese, rows)
	var before, after runtime.MemStats
	all, err := Read(content, columns, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	most, count := uint64(0), 0
	for _, err := range all.All() {
		if err != nil {
			t.Fatal(err)
		}
		if count++; count%2000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapAlloc)
		}
	}
	if grown := int64(most) - int64(before.HeapAlloc); count != 10_000 || grown > 8<<20 {
		t.Errorf("%d rows, the heap grew by %d KiB", count, grown>>10)
	}
}
