package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

func benchmarkDB(b *testing.B) *DB {
	b.Helper()
	db, err := Open(bg, filepath.Join(b.TempDir(), "a.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

// sample returns the i-th answer of the benchmarks: five items, every fourth with a comment.
func sample(i int) survey.Receipt {
	r := storetest.InvitedResponse(survey.NewResponseID(), survey.ClassID(fmt.Sprintf("1.%d", i%3+1)))
	r.Answers["s24"] = 1 + i%5
	comment := ""
	if i%4 == 0 {
		comment = "Cảm ơn"
	}
	return storetest.Receipt(r, comment, "", "2026-08-01")
}

// BenchmarkSaveReceipt saves answers one after the other, each synced to disk.
func BenchmarkSaveReceipt(b *testing.B) {
	db := benchmarkDB(b)
	storetest.PrepareSample(b, db, 3000, 3)
	for i := 0; b.Loop(); i++ {
		if _, err := db.SaveReceipt(bg, sample(i)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSaveReceiptsAtOnce saves answers of walk-ins as two hundred kiosks in a hundred communes deliver a backlog: so many are in
// flight at any time, each with its number in the queue of its kiosk.
func BenchmarkSaveReceiptsAtOnce(b *testing.B) {
	const kiosks, communes = 200, 100
	for _, inFlight := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(inFlight), func(b *testing.B) {
			db := benchmarkDB(b)
			storetest.PrepareSample(b, db, 150, 3)
			fleet := storetest.PrepareFleet(b, db, kiosks, communes)
			receipts := make([]survey.Receipt, b.N)
			for i := range receipts {
				k := fleet[i%kiosks]
				r := storetest.WalkInResponse(survey.NewResponseID(), k.Unit)
				r.Modules = []string{"m1"}
				r.Answers = map[string]int{"overall": 1 + i%5, "s24": 1 + i/5%5, "s25": 1 + i/7%5}
				comment := ""
				if i%20 == 0 {
					comment = "Cảm ơn các anh chị"
				}
				receipts[i] = storetest.Receipt(r, comment, k.Point, "2026-08-01")
				receipts[i].Delivery = &survey.Delivery{Device: k.Device, Queue: k.Queue, Seq: i/kiosks + 1}
			}
			took := make([]time.Duration, b.N)
			var next atomic.Int64
			var wg sync.WaitGroup
			var before, after syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			b.ResetTimer()
			for range inFlight {
				wg.Go(func() {
					for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
						begun := time.Now()
						if _, err := db.SaveReceipt(bg, receipts[i]); err != nil {
							b.Error(err)
						}
						took[i] = time.Since(begun)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			busy := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
			b.ReportMetric(float64(busy.Microseconds())/float64(b.N), "cpu-µs/answer")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkPutTransactions imports a hundred thousand transactions, then the same again.
func BenchmarkPutTransactions(b *testing.B) {
	ts := storetest.Transactions(100_000)
	for b.Loop() {
		b.StopTimer()
		db := benchmarkDB(b)
		storetest.Prepare(b, db)
		b.StartTimer()
		for range 2 {
			if _, err := db.PutTransactions(bg, storetest.By, storetest.WaveID, ts); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkSaveDraw covers sixty thousand transactions and invites twenty thousand.
func BenchmarkSaveDraw(b *testing.B) {
	ts := storetest.Transactions(60_000)
	d, invitations, _ := storetest.Sample(ts, 1, 3, 7)
	for b.Loop() {
		b.StopTimer()
		db := benchmarkDB(b)
		storetest.Prepare(b, db)
		if _, err := db.PutTransactions(bg, storetest.By, storetest.WaveID, ts); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := db.SaveDraw(bg, storetest.By, d, invitations, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEachResponse reads ten thousand responses in one pass.
func BenchmarkEachResponse(b *testing.B) {
	db := benchmarkDB(b)
	storetest.PrepareSample(b, db, 150, 3)
	for range 10_000 {
		r := storetest.InvitedResponse(survey.NewResponseID(), "1.1")
		if _, err := db.SaveReceipt(bg, storetest.Receipt(r, "", "", "2026-08-01")); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n := 0
		if err := db.EachResponse(bg, storetest.WaveID, func(*survey.Response) error { n++; return nil }); err != nil || n != 10_000 {
			b.Fatal(n, err)
		}
	}
}
