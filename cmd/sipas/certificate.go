package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a pair of files that is read again when it is renewed on disk: certificates live for months at most, and the program runs for
// years.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu   sync.Mutex
	pair *tls.Certificate
	seen [2]fileState // of what was tried last
}

// fileState tells a file from the one that takes its place.
type fileState struct {
	changed time.Time
	size    int64
}

// loadCertificate reads a pair for the first time, when it must be sound.
func loadCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log, seen: [2]fileState{stateOf(cert), stateOf(key)}}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	c.pair = &pair
	return c, nil
}

// current is the pair as it lies on disk. While it cannot be used, as between the writing of the one file and of the other, it is the one before,
// and the log says so once for each state of the files.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := [2]fileState{stateOf(c.cert), stateOf(c.key)}
	if now == c.seen {
		return c.pair, nil
	}
	c.seen = now
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.log.Warn("the certificate on disk cannot be used; the one before it still is", slog.String("file", c.cert), slog.String("cause", err.Error()))
		return c.pair, nil
	}
	c.pair = &pair
	c.log.Info("certificate renewed", slog.String("file", c.cert))
	return c.pair, nil
}

// stateOf is zero for a file that is not there.
func stateOf(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	return fileState{info.ModTime(), info.Size()}
}
