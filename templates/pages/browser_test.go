package pages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"sipas/templates/i18n"
)

// browser starts a real browser for one test. Without one the test is left out, or
// fails where SIPAS_TEST_REQUIRE says that nothing may be left out.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("SIPAS_TEST_BROWSER") != "1" && os.Getenv("SIPAS_TEST_REQUIRE") != "1" {
		t.Skip("left out: browser tests take minutes; the test task runs them, with SIPAS_TEST_BROWSER=1")
	}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("SIPAS_TEST_REQUIRE") == "1" {
			t.Fatal("no Chromium on this machine")
		}
		t.Skip("no Chromium on this machine")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(time.Minute))
	deadline, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	allocator, cancel := chromedp.NewExecAllocator(deadline, options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	return ctx
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// look sets the size of the window and the scheme of colors.
func look(width, height int64, scheme string) chromedp.Action {
	return chromedp.Tasks{
		chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
	}
}

// axe runs axe-core on the page that is open and reports what it finds.
func axe(t *testing.T, ctx context.Context, where string) {
	t.Helper()
	source, err := os.ReadFile("../../cmd/sipas/testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	var result string
	run(t, ctx,
		chromedp.Evaluate(string(source)+";0", nil),
		chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(
			r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.any.map(a => a.message).join(" ")).join(" | "))))`,
			&result, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
	)
	var violations []string
	if err := json.Unmarshal([]byte(result), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %s", where, v)
	}
}

func TestPagesAreAccessible(t *testing.T) {
	server := httptest.NewServer(newSite())
	t.Cleanup(server.Close)
	views := []struct {
		lang          i18n.Lang
		width, height int64
		scheme        string
	}{{i18n.VI, 1366, 768, "light"}, {i18n.EN, 390, 844, "dark"}}
	for _, view := range views {
		t.Run(fmt.Sprintf("%s %s %dpx", view.lang, view.scheme, view.width), func(t *testing.T) {
			t.Parallel()
			ctx := browser(t)
			for _, name := range pageNames() {
				run(t, ctx, look(view.width, view.height, view.scheme), chromedp.Navigate(server.URL+"/page/"+string(view.lang)+"/"+name))
				axe(t, ctx, name)
				// Nothing may reach over the edge of a telephone but what scrolls by itself.
				var wide bool
				run(t, ctx, look(320, 700, view.scheme), chromedp.Evaluate(`document.documentElement.scrollWidth > 320`, &wide))
				if wide {
					t.Errorf("%s: wider than 320 px", name)
				}
			}
		})
	}
}
