package survey

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// EnrolmentCode makes one browser a kiosk, once: 40 bits from the system's randomness, written as eight letters and digits
// that are hard to confuse. It is short because a person types it; it lives for minutes, and guessing is limited.
type EnrolmentCode string

// EnrolmentLife is how long a code can be used.
const EnrolmentLife = 10 * time.Minute

// NewEnrolmentCode draws a code.
func NewEnrolmentCode() EnrolmentCode {
	var b [5]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error.
	return EnrolmentCode(crockford.EncodeToString(b[:]))
}

// ParseEnrolmentCode reads a code as a person types it: upper or lower case, with or without the hyphen, with o for 0 and i or l for 1.
func ParseEnrolmentCode(s string) (EnrolmentCode, bool) {
	s = plainCrockford(s)
	b, err := crockford.DecodeString(s)
	return EnrolmentCode(s), err == nil && len(b) == 5 && len(s) == 8
}

// String writes the code as it is shown: "k7m2-9xqd".
func (c EnrolmentCode) String() string {
	if len(c) != 8 {
		return string(c)
	}
	return string(c[:4]) + "-" + string(c[4:])
}

// Hash returns what the database keeps of a code.
func (c EnrolmentCode) Hash() string {
	h := sha256.Sum256([]byte("enrolment\x00" + string(c)))
	return hex.EncodeToString(h[:])
}

// pinIterations makes each guess at a PIN cost a tenth of a second. Six digits are a lock against curious hands, not against
// somebody who takes the device to pieces; what it guards is a menu, and answers that wait are sealed to the server.
const pinIterations = 200_000

// NewPIN draws the six digits that open a device's service menu.
func NewPIN() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("survey: the system has no randomness: " + err.Error())
	}
	return fmt.Sprintf("%06d", n)
}

// NewEnrolment draws a code and makes what is stored of it and of the PIN. Both are shown once, to whoever asked for them.
func NewEnrolment(point PointID, pin string, now time.Time) (Enrolment, EnrolmentCode, error) {
	var salt [16]byte
	_, _ = rand.Read(salt[:])
	key, err := pbkdf2.Key(sha256.New, pin, salt[:], pinIterations, sha256.Size)
	if err != nil {
		return Enrolment{}, "", Errorf(CodeInternal, "draw enrolment code", "%w", err)
	}
	code := NewEnrolmentCode()
	return Enrolment{
		CodeHash: code.Hash(), Point: point, Expires: now.Add(EnrolmentLife),
		PIN: PIN{Salt: hex.EncodeToString(salt[:]), Iterations: pinIterations, Hash: hex.EncodeToString(key)},
	}, code, nil
}

// plainCrockford is what a person typed, as the alphabet has it.
func plainCrockford(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, strings.ToLower(strings.TrimSpace(s)))
}
