// Package storetest holds what every store promises, as one suite of tests that each engine runs on itself.
package storetest

import (
	"context"
	"testing"

	"sipas/survey"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Open returns an empty, migrated store that lives as long as the test.
type Open func(t testing.TB) survey.Store

// Run holds a store against every promise of survey.Store.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, survey.Store)
	}{
		{"units", testUnits},
		{"documents", testDocuments},
		{"drafts", testDrafts},
		{"assessments", testAssessments},
		{"evidence", testEvidence},
		{"limits of evidence", testEvidenceLimits},
		{"waves", testWaves},
		{"register is idempotent", testRegister},
		{"register refuses", testRegisterRefusals},
		{"draw", testDraw},
		{"draw refuses", testDrawRefusals},
		{"receipt outcomes", testReceiptOutcomes},
		{"receipt refuses", testReceiptRefusals},
		{"comments stand apart", testComments},
		{"days count first receipts", testDayCounts},
		{"storm arrives exactly once", testStorm},
		{"altered storm arrives exactly once", testAlteredStorm},
		{"sittings under one token", testSittings},
		{"giving up", testGivingUp},
		{"cells equal rows", testCells},
		{"many receipts at once", testManyReceipts},
		{"answering leaves the rest alone", testAnsweringTouchesNothingElse},
		{"state of answers", testAnswersState},
		{"withdrawal", testWithdrawal},
		{"deletion of walk-ins", testDeleteWalkIns},
		{"merging units", testMergeUnits},
		{"closing a wave", testClosing},
		{"releases", testReleases},
		{"disclosed", testDisclosed},
		{"accounts", testAccounts},
		{"sessions", testSessions},
		{"points", testPoints},
		{"enrolment", testEnrolment},
		{"revocation", testRevocation},
		{"beats", testBeats},
		{"ledger of deliveries", testLedger},
		{"signals", testSignals},
		{"use of an instrument", testUseInstrument},
		{"trail", testTrail},
		{"order is not that of insertion", testOrder},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

var bg = context.Background()

// test is what the helpers need of a test, of Go's or of rapid's.
type test interface {
	Helper()
	Fatalf(format string, args ...any)
}

// ok ends the test when err is not nil.
func ok(t test, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// is ends the test when the error has another code.
func is(t test, err error, code survey.Code) {
	t.Helper()
	if !survey.IsCode(err, code) {
		t.Fatalf("error is %v, want code %s", err, code)
	}
}

// same compares two values; an empty slice or map equals none.
func same(t test, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s differ (-want +got):\n%s", what, d)
	}
}

// must returns the value of a call that may not fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic("unexpected error: " + err.Error())
	}
	return v
}

// acts returns the acts of the trail, newest first.
func acts(t test, s survey.Store) []string {
	t.Helper()
	entries, err := s.Trail(bg, 1000)
	ok(t, err)
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Act
	}
	return all
}
