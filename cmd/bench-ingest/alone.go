package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"sipas/survey"
	"sipas/survey/store/sqlite"
	"sipas/survey/web"
)

// alone is a store in which no answer shares a commit: the next one is let in when the one before it is on disk.
type alone struct {
	survey.Store
	mu sync.Mutex
}

// SaveReceipt saves one answer at a time.
func (a *alone) SaveReceipt(ctx context.Context, r survey.Receipt) (survey.Outcome, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.Store.SaveReceipt(ctx, r)
}

// oneKey gives the key of the one wave that there is.
type oneKey survey.WaveKey

func (k oneKey) Key(survey.WaveID) (survey.WaveKey, error) { return survey.WaveKey(k), nil }

// serveAlone is the program's server over such a store.
func serveAlone(dir string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := &office{dir: dir}
	if err := o.readKeys(); err != nil {
		return err
	}
	db, err := sqlite.Open(ctx, filepath.Join(dir, database), sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pages, err := web.New(web.Config{
		Store: &alone{Store: db}, Keys: oneKey(o.key), Seals: o.seal, DataDir: dir, Program: "bench",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pages.Close()) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: pages}
	fmt.Printf("answers at http://%s\n", listener.Addr())
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
