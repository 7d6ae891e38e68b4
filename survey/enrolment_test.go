package survey

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestEnrolmentCodes(t *testing.T) {
	seen := map[EnrolmentCode]bool{}
	for range 1000 {
		c := NewEnrolmentCode()
		if shown := c.String(); !regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}$`).MatchString(shown) {
			t.Fatalf("shown as %q", shown)
		}
		for _, typed := range []string{c.String(), string(c), strings.ToUpper(c.String()), " " + strings.ReplaceAll(strings.ReplaceAll(string(c), "0", "O"), "1", "l") + "\n"} {
			if got, ok := ParseEnrolmentCode(typed); !ok || got != c {
				t.Fatalf("%q reads as %q, %v", typed, got, ok)
			}
		}
		seen[c] = true
	}
	if len(seen) < 1000 {
		t.Errorf("%d codes of 1,000 are their own", len(seen))
	}
	for _, bad := range []string{"", "k7m2", "k7m2-9xq", "k7m2-9xqdd", "k7m2-9xqu", "k7m2_9xqd"} {
		if c, ok := ParseEnrolmentCode(bad); ok {
			t.Errorf("%q reads as %q", bad, c)
		}
	}
}

func TestNewEnrolment(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, Zone)
	pin := NewPIN()
	if !regexp.MustCompile(`^\d{6}$`).MatchString(pin) {
		t.Errorf("PIN %q", pin)
	}
	e, code, err := NewEnrolment("p", pin, now)
	if err != nil || e.CodeHash != code.Hash() || strings.Contains(e.CodeHash, string(code)) || !e.Expires.Equal(now.Add(10*time.Minute)) || e.Point != "p" {
		t.Fatalf("%+v, %v", e, err)
	}
	salt, err := hex.DecodeString(e.PIN.Salt)
	if err != nil || len(salt) != 16 || e.PIN.Iterations < 200_000 {
		t.Errorf("%+v, %v", e.PIN, err)
	}
	key, err := pbkdf2.Key(sha256.New, pin, salt, e.PIN.Iterations, 32)
	if err != nil || hex.EncodeToString(key) != e.PIN.Hash {
		t.Errorf("the PIN does not open: %v", err)
	}
}

func TestInstrumentRefs(t *testing.T) {
	r := InstrumentRef{ID: "kiosk-2026", Version: 12}
	if got, ok := ParseInstrumentRef(r.String()); !ok || got != r {
		t.Errorf("%v, %v", got, ok)
	}
	for _, bad := range []string{"", "kiosk", "kiosk/", "/1", "kiosk/0", "kiosk/-1", "kiosk/01", "kiosk/+1", "kiosk/1/2", "kiosk/x"} {
		if got, ok := ParseInstrumentRef(bad); ok {
			t.Errorf("%q reads as %v", bad, got)
		}
	}
}
