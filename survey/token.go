package survey

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// Token is the secret of one invitation: 128 bits from the system's randomness, written with 26
// letters and digits that are hard to confuse (Crockford's base 32, lower case).
type Token string

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewToken draws a token. It never comes from a seed.
func NewToken() Token {
	var b [16]byte
	// crypto/rand.Read never returns an error; it ends the program when the system has no randomness.
	_, _ = rand.Read(b[:])
	return TokenFromBytes(b)
}

// TokenFromBytes writes 128 bits as a token. Only demonstrations make the bytes from anything but the
// system's randomness.
func TokenFromBytes(b [16]byte) Token { return Token(crockford.EncodeToString(b[:])) }

// ParseToken reads a token as a person or a scanner types it: upper or lower case, with spaces or
// hyphens, with o for 0 and i or l for 1, alone or at the end of its link.
func ParseToken(s string) (Token, bool) {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		s = s[i+1:]
	}
	s = plainCrockford(s)
	b, err := crockford.DecodeString(s)
	if err != nil || len(b) != 16 {
		return "", false
	}
	// Decoding ignores stray low bits; only the canonical writing is the token.
	return TokenFromBytes([16]byte(b)), true
}

// TokenHash is the SHA-256 of a token in hexadecimal: all that an invitation keeps of it.
type TokenHash string

// Hash returns what the invitation keeps.
func (t Token) Hash() TokenHash {
	h := sha256.Sum256([]byte(t))
	return TokenHash(hex.EncodeToString(h[:]))
}

// ResponseID names one response: 128 bits in hexadecimal.
type ResponseID string

// NewResponseID draws the id of an answer without a token.
func NewResponseID() ResponseID {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return ResponseID(hex.EncodeToString(b[:]))
}

// ParseResponseID checks an id that a client made.
func ParseResponseID(s string) (ResponseID, bool) {
	b, err := hex.DecodeString(s)
	return ResponseID(strings.ToLower(s)), err == nil && len(b) == 16
}

// WaveKey is the secret under which a wave's tokens become response ids. It lies outside the database
// and its backups, and is destroyed when the wave closes: from then on nobody can tell which token was used.
type WaveKey [32]byte

// NewWaveKey draws a key from the system's randomness.
func NewWaveKey() WaveKey {
	var k WaveKey
	_, _ = rand.Read(k[:])
	return k
}

func (k WaveKey) mac(purpose string, t Token) []byte {
	m := hmac.New(sha256.New, k[:])
	m.Write([]byte(purpose))
	m.Write([]byte{0})
	m.Write([]byte(t))
	return m.Sum(nil)
}

// ResponseID returns the id of the one response that the token can give, on any channel.
func (k WaveKey) ResponseID(t Token) ResponseID {
	return ResponseID(hex.EncodeToString(k.mac("response", t)[:16]))
}

// Withdrawal returns what lets the sender of a response take it out again. It hangs on the token and on what was answered: it is told to
// nobody but who sent the answer, so a token alone, which the office that delivered it knows too, withdraws nothing.
func (k WaveKey) Withdrawal(r *Response) string {
	m := hmac.New(sha256.New, k[:])
	m.Write([]byte("withdrawal\x00" + string(r.ID) + "\x00" + r.ContentHash))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// ModuleDraw returns a number in [0, 1) by which the token's module is drawn, so that loading the
// questionnaire again never draws again.
func (k WaveKey) ModuleDraw(t Token) float64 {
	return float64(binary.BigEndian.Uint64(k.mac("module", t))>>11) / (1 << 53)
}

// ModuleDrawOf returns a number in [0, 1) by which the module of an answer without a token is drawn. The id
// is random, so its hash is too.
func ModuleDrawOf(id ResponseID) float64 {
	h := sha256.Sum256([]byte("module\x00" + string(id)))
	return float64(binary.BigEndian.Uint64(h[:])>>11) / (1 << 53)
}

// String hides the key, so that it cannot reach a log by accident.
func (k WaveKey) String() string { return fmt.Sprintf("WaveKey(%d bytes)", len(k)) }

// GoString hides the key in %#v too.
func (k WaveKey) GoString() string { return k.String() }
