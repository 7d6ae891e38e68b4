package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"sipas/survey"
	"sipas/survey/web"
)

// serveCmd answers citizens and staff.
type serveCmd struct {
	dataFlag
	publisherFlags
	Addr         string   `placeholder:"ADDR" default:"127.0.0.1:8080" help:"Address to listen on; also SIPAS_ADDR. Default: ${default}."`
	TLSCert      string   `name:"tls-cert" placeholder:"FILE" help:"Certificate in PEM, for HTTPS without a proxy."`
	TLSKey       string   `name:"tls-key" placeholder:"FILE" help:"Its private key in PEM."`
	TrustedProxy []string `placeholder:"CIDR" help:"Network of a reverse proxy whose X-Forwarded-For is believed, such as 10.0.0.0/8; may be given more than once."`
	URL          string   `name:"url" placeholder:"URL" help:"Address that browsers reach the program at, such as https://khaosat.example.gov.vn: for the catalog of releases and the setting up of kiosks. Default: what each caller says."`
	HTTPS        bool     `name:"https" help:"Browsers reach the proxy by HTTPS: cookies are marked secure. Implied by --tls-cert."`
}

func (c *serveCmd) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	base, err := ownAddress(c.URL)
	if err != nil {
		return err
	}
	s := server{addr: c.Addr, cert: c.TLSCert, key: c.TLSKey, open: func(ctx context.Context) (http.Handler, func() error, error) {
		return openPages(ctx, a, c.Data, web.Config{
			TrustedProxies: c.TrustedProxy, Secure: c.HTTPS || c.TLSCert != "", Publisher: c.name(), License: c.License, URL: base,
		})
	}}
	s.ready = func(address string) {
		fmt.Fprintf(a.stdout, "sipas answers at %s, with its data in %s. Ctrl-C stops it.\n", address, c.Data)
	}
	// The collector runs when the heap has doubled. With nothing in it that would be many times a second in a storm of answers, so there
	// is something in it: address space only, as nobody writes to it.
	ballast := make([]byte, 64<<20)
	defer runtime.KeepAlive(ballast)
	if err := s.serve(ctx, a); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "Stopped. The data are in %s.\n", c.Data)
	return nil
}

// ownAddress checks an address of the program and leaves its slash out; none is none.
func ownAddress(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", usagef("--url is an address without a path, such as https://khaosat.example.gov.vn, not %q.", text)
	}
	return u.Scheme + "://" + u.Host, nil
}

// openPages opens a data directory and the pages over it. The returned function closes both, the pages first.
func openPages(ctx context.Context, a *app, dir string, cfg web.Config) (http.Handler, func() error, error) {
	d, err := openData(ctx, a, dir, false)
	if err != nil {
		return nil, nil, err
	}
	cfg.Store, cfg.Keys, cfg.Seals, cfg.DataDir = d.db, d.keys, d.seal, d.dir
	cfg.Clock, cfg.Logger, cfg.Program = a.now, a.log, programVersion()
	pages, err := web.New(cfg)
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return pages, func() error { return errors.Join(pages.Close(), d.Close()) }, nil
}

// How long the server waits. A citizen's phone may be slow, but not so slow.
const (
	headerWait = 10 * time.Second
	readWait   = time.Minute
	writeWait  = 2 * time.Minute
	idleWait   = 2 * time.Minute
	stopWait   = 20 * time.Second
	mostHeader = 32 << 10
)

// server answers HTTP until its context ends.
type server struct {
	addr, cert, key string
	// open makes the handler, which may take long: it migrates the database. Until it is done every request gets 503.
	open func(ctx context.Context) (handler http.Handler, closeAll func() error, err error)
	// ready is called with the address once requests are answered.
	ready func(address string)
}

func (s server) serve(ctx context.Context, a *app) (err error) {
	secure := s.cert != ""
	if secure != (s.key != "") {
		return usagef("--tls-cert and --tls-key belong together.")
	}
	var pair *certificate
	if secure {
		if pair, err = loadCertificate(s.cert, s.key, a.log); err != nil {
			return tellf("The certificate cannot be used: %w.", err)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return tellf("Cannot listen on %s: %w. Is another sipas running, or is the address not this machine's? Choose another with --addr.", s.addr, err)
	}
	address := "http://" + listener.Addr().String()
	if secure {
		address = "https://" + listener.Addr().String()
		listener = tls.NewListener(listener, &tls.Config{GetCertificate: pair.current, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}

	var handler atomic.Pointer[http.Handler]
	starting := http.Handler(http.HandlerFunc(notYet))
	handler.Store(&starting)
	hs := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*handler.Load()).ServeHTTP(w, r) }),
		ReadHeaderTimeout: headerWait, ReadTimeout: readWait, WriteTimeout: writeWait, IdleTimeout: idleWait, MaxHeaderBytes: mostHeader,
		// The server's own lines name addresses of callers, which no log may hold.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- hs.Serve(listener) }()

	pages, closeAll, err := s.open(ctx)
	if err != nil {
		return errors.Join(err, stopServer(hs, failed))
	}
	handler.Store(&pages)
	s.ready(address)

	select {
	case <-ctx.Done():
		// In reverse order: first no new requests, then the pages, then the database.
		return errors.Join(stopServer(hs, failed), closeAll())
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), closeAll())
	}
}

// stopServer lets the requests in progress end. The context that ended the service is over, so this one is fresh.
func stopServer(hs *http.Server, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	err := hs.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, hs.Close())
	}
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// notYet answers while the database is being opened or migrated. Scripts of kiosks keep what they have and try again.
func notYet(w http.ResponseWriter, r *http.Request) {
	kind, text := "text/plain; charset=utf-8", "Hệ thống đang khởi động, xin thử lại sau ít phút.\nThe system is starting. Please try again in a few minutes.\n"
	if strings.HasPrefix(r.URL.Path, "/kiosk/") {
		kind, text = "application/json; charset=utf-8", fmt.Sprintf(`{"error":{"code":%q,"message":"Hệ thống đang khởi động, xin thử lại sau ít phút."}}`+"\n", survey.CodeUnavailable)
	}
	w.Header().Set("Retry-After", "5")
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	// Whoever asked may be gone; there is nobody to tell.
	_, _ = io.WriteString(w, text)
}
