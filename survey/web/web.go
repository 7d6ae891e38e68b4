package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"sipas/survey"
)

// Keys gives the secret of a wave. A key that was destroyed is CodeKeyMissing.
type Keys interface {
	Key(wave survey.WaveID) (survey.WaveKey, error)
}

// Config is all that the pages need from outside.
type Config struct {
	Store survey.Store
	Keys  Keys
	// Seals opens what kiosks sealed.
	Seals Seals
	// Clock tells the time; nil means the system's.
	Clock func() time.Time
	// Logger gets one line for each request and the cause of each failure; nil means silence.
	Logger *slog.Logger
	// TrustedProxies are the networks ("10.0.0.0/8") of the reverse proxies whose X-Forwarded-For is believed. With none, the
	// address is the peer's own and the header counts for nothing.
	TrustedProxies []string
	// Secure says that browsers reach the program by HTTPS: cookies are Secure and bound to the host, and HSTS is sent.
	Secure bool
	// URL is the address that the program is reached at, such as "https://khaosat.example.gov.vn", without a slash at its end. It is in what
	// machines keep, as the catalog of releases; empty means what each caller says.
	URL string
	// DemoKiosk makes every browser that opens /kiosk a kiosk at the first point, without a code. Demonstrations only.
	DemoKiosk bool
	// Demo marks every page as showing made data.
	Demo bool
	// Program is the version that a release names.
	Program string
	// Publisher and License are written into what is published through the pages: who publishes, empty for the province, and the
	// address of the license, empty for report.DefaultLicense.
	Publisher survey.Text
	License   string
	// DataDir is shown to the administrator.
	DataDir string
	// RefreshWait is how long a page waits for newer figures before it shows those at hand; 0 means not at all.
	RefreshWait time.Duration
	// RefreshShare is the part of the time in which a wave's figures may be computed, at most 1; 0 means a fifth.
	RefreshShare float64
}

// Server answers every request of the program. It is safe for concurrent use.
type Server struct {
	cfg    Config
	store  survey.Store
	keys   Keys
	held   heldKeys // the same, for answers of kiosks
	seals  Seals
	clock  func() time.Time
	log    *slog.Logger
	echo   *echo.Echo
	routes map[string]*route // by method and path
	csrf   *http.CrossOriginProtection
	cookie string // of sessions

	kioskCookie string // of kiosks
	kioskFiles  func() (*kioskFiles, error)
	devices     knownDevices
	detector    *survey.Detector
	demoEnrols  sync.Mutex

	limits   limits
	releases releases
	cache    cache
	public   openReleases
	ranks    rankMemo

	publishings publishings
	hashing     *hasher
	sweeps      chan struct{} // asks for a sweep of evidence

	stop   context.CancelFunc
	life   context.Context
	worker sync.WaitGroup
}

// New returns the handler of the whole program.
func New(cfg Config) (*Server, error) {
	if cfg.Store == nil || cfg.Keys == nil || cfg.Seals == nil {
		return nil, fmt.Errorf("web: a store, keys and seals are needed")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.RefreshShare == 0 {
		cfg.RefreshShare = refreshShare
	}
	s := &Server{
		cfg: cfg, store: cfg.Store, keys: cfg.Keys, held: heldKeys{keys: cfg.Keys}, seals: cfg.Seals, clock: cfg.Clock, log: cfg.Logger,
		csrf: http.NewCrossOriginProtection(), cookie: "sipas_session", kioskCookie: "sipas_kiosk",
		limits: newLimits(), public: newOpenReleases(), hashing: newHasher(), kioskFiles: newKioskFiles(cfg.Program), detector: survey.NewDetector(),
		sweeps: make(chan struct{}, 1),
	}
	if cfg.Secure {
		// The browser then holds them to this host, path / and HTTPS.
		s.cookie, s.kioskCookie = "__Host-"+s.cookie, "__Host-"+s.kioskCookie
	}
	s.life, s.stop = context.WithCancel(context.Background())
	extract, err := addressExtractor(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(discard{})
	e.IPExtractor = extract
	e.HTTPErrorHandler = s.afterError
	e.Use(s.begin)
	s.echo = e
	s.register(s.table())
	s.worker.Go(s.sweep)
	return s, nil
}

// Close stops computations in progress and waits for them.
func (s *Server) Close() error {
	s.stop()
	s.worker.Wait()
	return nil
}

// ServeHTTP answers a request. HEAD is GET without the body, which net/http leaves out; a slash at
// the end of a path, as links get when they are pasted, is left out too.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	trimmed := strings.TrimRight(r.URL.Path, "/")
	slash := trimmed != r.URL.Path && trimmed != ""
	if r.Method == http.MethodHead || slash {
		r = r.Clone(r.Context())
	}
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet
		w = bodyless{w}
	}
	if slash {
		r.URL.Path = trimmed
		r.URL.RawPath = strings.TrimRight(r.URL.RawPath, "/")
	}
	s.echo.ServeHTTP(w, r)
}

// bodyless keeps the headers of an answer and drops its body.
type bodyless struct{ http.ResponseWriter }

func (bodyless) Write(p []byte) (int, error) { return len(p), nil }

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// addressExtractor says how the address of a caller is found. Without it echo believes any X-Forwarded-For.
func addressExtractor(proxies []string) (echo.IPExtractor, error) {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect(), nil
	}
	// Nothing is trusted but what is named.
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		_, network, err := net.ParseCIDR(p)
		if err != nil {
			return nil, fmt.Errorf("web: trusted proxy %q is not a network such as 10.0.0.0/8: %w", p, err)
		}
		options = append(options, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(options...), nil
}
