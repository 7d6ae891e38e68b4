package pages_test

import (
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
)

// The fleet's page brings itself up to date, and leaves alone who works in it.
func TestFleetUpdatesItself(t *testing.T) {
	server := httptest.NewServer(newSite())
	t.Cleanup(server.Close)
	ctx := browser(t)
	const (
		age     = `document.querySelector("[data-live] .lead").textContent = "old"; 0`
		look    = `document.dispatchEvent(new Event("visibilitychange")); 0`
		fresh   = `document.querySelector("[data-live] .lead").textContent !== "old"`
		settled = `performance.getEntriesByType("resource").filter(e => e.initiatorType === "fetch").length`
	)
	run(t, ctx, chromedp.Navigate(server.URL+"/page/vi/fleet"), chromedp.WaitReady("[data-live]"),
		chromedp.Evaluate(age, nil), chromedp.Evaluate(look, nil), chromedp.Poll(fresh, nil))
	var before, after int
	var stays bool
	run(t, ctx, chromedp.Evaluate(settled, &before), chromedp.Focus("[data-live] h2 a"), chromedp.Evaluate(age, nil),
		chromedp.Evaluate(look, nil), chromedp.Evaluate("!("+fresh+")", &stays), chromedp.Evaluate(settled, &after))
	if !stays || after != before {
		t.Errorf("while somebody works in it, the page changed (%v) after %d further fetches", !stays, after-before)
	}
	run(t, ctx, chromedp.Evaluate(`document.activeElement.blur(); 0`, nil), chromedp.Evaluate(look, nil), chromedp.Poll(fresh, nil))
}
