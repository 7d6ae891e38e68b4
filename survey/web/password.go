package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"sipas/survey"
)

// The cost of a new hash: OWASP's first choice for argon2id. It stands in each hash, so it can rise without a new
// password for anybody.
const (
	argonMemory = 19 * 1024 // KiB
	argonTime   = 2
	argonLanes  = 1
	saltBytes   = 16
	hashBytes   = 32
)

// The largest cost that is accepted from a stored hash. A hash that asks for more was not made by this program.
const (
	mostMemory = 256 * 1024
	mostTime   = 16
	mostLanes  = 8
)

// HashPassword returns the argon2id hash of a password in PHC form, with a salt of its own. A password with fewer than
// survey.MinPassword letters is CodePasswordWeak.
func HashPassword(password string) (string, error) {
	password = norm.NFC.String(password)
	if utf8.RuneCountInString(password) < survey.MinPassword {
		return "", (&survey.Error{Code: survey.CodePasswordWeak, Op: "hash password"}).With("min", strconv.Itoa(survey.MinPassword))
	}
	var salt [saltBytes]byte
	_, _ = rand.Read(salt[:]) // crypto/rand.Read never returns an error.
	return phc(password, salt[:]), nil
}

func phc(password string, salt []byte) string {
	sum := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, hashBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, argonMemory, argonTime, argonLanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// VerifyPassword reports whether a password belongs to a hash, in a time that does not depend on how much of it is right.
// The same letters typed on another keyboard, composed or not, are the same password. A hash that cannot be read is an error.
func VerifyPassword(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return false, fmt.Errorf("verify password: the hash is not argon2id version %d in PHC form", argon2.Version)
	}
	var memory, passes uint32
	var lanes uint8
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || n != 3 {
		return false, fmt.Errorf("verify password: cost %q cannot be read", parts[3])
	}
	if memory < 8 || memory > mostMemory || passes < 1 || passes > mostTime || lanes < 1 || lanes > mostLanes {
		return false, fmt.Errorf("verify password: cost %q is out of bounds", parts[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(salt) < 8 {
		return false, fmt.Errorf("verify password: the salt cannot be read")
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return false, fmt.Errorf("verify password: the hash cannot be read")
	}
	got := argon2.IDKey([]byte(norm.NFC.String(password)), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// nobody is a hash that no password belongs to in practice. An unknown name is held against it, so that it takes as long as a known one.
var nobody = sync.OnceValue(func() string {
	var secret, salt [saltBytes]byte
	_, _ = rand.Read(secret[:])
	_, _ = rand.Read(salt[:])
	return phc(string(secret[:]), salt[:])
})

// Hashing at once and waiting for it: a hash takes 19 MiB, and guessing must not be a way to exhaust the memory.
const (
	hashesAtOnce  = 2
	hashesWaiting = 64
)

// hasher verifies passwords, few at a time.
type hasher struct {
	slots   chan struct{}
	waiting atomic.Int64
}

func newHasher() *hasher { return &hasher{slots: make(chan struct{}, hashesAtOnce)} }

// verify is VerifyPassword in its turn. Where too many wait already it is CodeUnavailable.
func (h *hasher) verify(ctx context.Context, hash, password string) (bool, error) {
	const op = "verify password"
	if h.waiting.Add(1) > hashesWaiting {
		h.waiting.Add(-1)
		return false, &survey.Error{Code: survey.CodeUnavailable, Op: op}
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return false, survey.Errorf(survey.CodeUnavailable, op, "%w", ctx.Err())
	}
	return VerifyPassword(hash, password)
}
