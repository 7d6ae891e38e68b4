// Package pages holds one function for each page: it takes a flat view and writes the
// page. The views hold values, never formatted text; the page writes numbers by the
// reader's language. Words that come from data (names of units, questions, reasons of
// a break) are in the view in the reader's language already.
//
//	Landing, SignIn, Error              for everybody
//	Form, Used, Closed, Thanks          the web form of an invitation
//	Kiosk                               the kiosk, run by static/kiosk.js
//	Waves, Overview, Scores, Heatmap,
//	Map, Trend, Flags, Signals          the analyst
//	Department                          a department
//	Admin, Fleet, FleetKiosk            the administrator
package pages
