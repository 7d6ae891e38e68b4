package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe/axe.min.js
var axeScript string

// require ends the test where everything is required (SIPAS_TEST_REQUIRE=1, as in CI), and leaves it out with
// its reason elsewhere.
func require(t *testing.T, have bool, what string) {
	t.Helper()
	if have {
		return
	}
	if os.Getenv("SIPAS_TEST_REQUIRE") == "1" {
		t.Fatalf("required and not here: %s", what)
	}
	t.Skipf("left out: %s", what)
}

// chromium finds the browser and how it is started. Without the last flags it would call out.
func chromium() ([]chromedp.ExecAllocatorOption, error) {
	path := os.Getenv("SIPAS_CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path != "" {
			break
		}
		path, _ = exec.LookPath(name)
	}
	if path == "" {
		return nil, errors.New("no Chromium on the path and SIPAS_CHROMIUM is not set")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-first-run", true),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	return options, nil
}

// requireBrowser leaves a test out where browser tests are not asked for, or no browser is here.
func requireBrowser(t *testing.T) {
	t.Helper()
	require(t, os.Getenv("SIPAS_TEST_BROWSER") == "1", "browser tests take minutes: the test task runs them, with SIPAS_TEST_BROWSER=1")
	_, err := chromium()
	require(t, err == nil, fmt.Sprintf("browser tests: %v", err))
}

// TestMain lets the test binary stand in for the program, and ends the demonstration that the tests shared.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(runChild())
	}
	code := m.Run()
	stopDemo()
	os.Exit(code)
}

// page is the one tab of a browser.
type page struct {
	t   *testing.T
	ctx context.Context
}

// openBrowser starts a browser with a fresh profile and a window of the given size.
func openBrowser(t *testing.T, width, height int64) *page {
	t.Helper()
	requireBrowser(t)
	options, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	deadline, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	allocator, cancel := chromedp.NewExecAllocator(deadline, options...)
	t.Cleanup(cancel)
	// Messages of a newer browser that the driver does not know are no failures.
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	p.do(chromedp.EmulateViewport(width, height))
	return p
}

func (p *page) do(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		var where, body string
		_ = chromedp.Run(p.ctx, chromedp.Location(&where), chromedp.Evaluate(`document.body.innerText.slice(0, 1500)`, &body))
		p.t.Fatalf("browser at %s: %v\nthe page says:\n%s", where, err, body)
	}
}

func (p *page) open(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url), chromedp.WaitReady("body"))
}

// eval evaluates a script that yields JSON into a value of T.
func eval[T any](p *page, script string) T {
	p.t.Helper()
	var v T
	p.do(chromedp.Evaluate(script, &v))
	return v
}

// waitFor waits until a script is true.
func (p *page) waitFor(script string) {
	p.t.Helper()
	p.do(chromedp.Poll(script, nil, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(30*time.Second)))
}

func (p *page) text() string { p.t.Helper(); return eval[string](p, `document.body.innerText`) }

// axeViolation is what axe-core finds wrong.
type axeViolation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// accessible runs axe-core on the page as it stands. The page's own content policy forbids foreign scripts, so the
// checker goes in through the debugging protocol.
func (p *page) accessible(name string) {
	p.t.Helper()
	var loaded bool
	p.do(chromedp.Evaluate(axeScript+"; true", &loaded))
	var raw string
	p.do(chromedp.Evaluate(`axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => JSON.stringify(r.violations))`,
		&raw, awaitPromise))
	var violations []axeViolation
	if err := json.Unmarshal([]byte(raw), &violations); err != nil {
		p.t.Fatal(err)
	}
	for _, v := range violations {
		var nodes strings.Builder
		for _, n := range v.Nodes {
			fmt.Fprintf(&nodes, "\n  %s\n    %s", n.HTML, strings.ReplaceAll(n.Summary, "\n", "\n    "))
		}
		p.t.Errorf("%s: axe %s: %s%s", name, v.ID, v.Help, nodes.String())
	}
	p.fits(name)
}

// fits checks that nothing sticks out at the side: a page that scrolls sideways on a phone is not readable.
func (p *page) fits(name string) {
	p.t.Helper()
	if wide := eval[float64](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 1 {
		p.t.Errorf("%s: the page is %v px wider than its window", name, wide)
	}
}
