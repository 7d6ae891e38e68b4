package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"

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

// BenchmarkSaveReceipt saves answers of five items one after the other, every fourth with a comment, each synced to disk.
func BenchmarkSaveReceipt(b *testing.B) {
	db := benchmarkDB(b)
	storetest.PrepareSample(b, db, 3000, 3)
	for i := 0; b.Loop(); i++ {
		r := storetest.InvitedResponse(survey.NewResponseID(), survey.ClassID(fmt.Sprintf("1.%d", i%3+1)))
		r.Answers["s24"] = 1 + i%5
		comment := ""
		if i%4 == 0 {
			comment = "Cảm ơn"
		}
		if _, err := db.SaveReceipt(bg, storetest.Receipt(r, comment, "", "2026-08-01")); err != nil {
			b.Fatal(err)
		}
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
