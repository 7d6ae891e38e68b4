package web

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"sipas/survey"
)

// Seals opens what kiosks sealed to the server.
type Seals interface {
	// Public returns the key to seal to from now on: its id, and the point of the curve in 65 bytes.
	Public() (id string, raw []byte)
	// Open returns what was sealed to the key of an id under the additional data aad. A key that is not there is
	// CodeKeyMissing; what does not open with it is CodeSealUnreadable.
	Open(id string, enc, aad, ciphertext []byte) ([]byte, error)
}

// The scheme of the seals: HPKE (RFC 9180) in base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, which
// every browser's WebCrypto can do.
const (
	sealInfo      = "sipas kiosk 1"
	encapsulation = 65 // bytes of the encapsulated key
	sealTag       = 16 // bytes that the cipher adds
	sealBlock     = 256
)

func sealKDF() hpke.KDF   { return hpke.HKDFSHA256() }
func sealAEAD() hpke.AEAD { return hpke.AES256GCM() }

// SealKey is the server's private key for what waits on kiosks.
type SealKey struct {
	id      string
	public  []byte
	private hpke.PrivateKey
}

// NewSealKey draws a key and returns it as SealKeyOf reads it: the scalar of P-256, 32 bytes.
func NewSealKey() ([]byte, error) {
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("draw seal key: %w", err)
	}
	return k.Bytes(), nil
}

// SealKeyOf makes the key of a scalar. Its id is a digest of the public point.
func SealKeyOf(scalar []byte) (*SealKey, error) {
	k, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		return nil, fmt.Errorf("read seal key: %w", err)
	}
	private, err := hpke.NewDHKEMPrivateKey(k)
	if err != nil {
		return nil, fmt.Errorf("read seal key: %w", err)
	}
	public := k.PublicKey().Bytes()
	sum := sha256.Sum256(public)
	return &SealKey{id: hex.EncodeToString(sum[:8]), public: public, private: private}, nil
}

// Public returns the key's id and point.
func (k *SealKey) Public() (id string, raw []byte) { return k.id, k.public }

// Open opens what was sealed to this key.
func (k *SealKey) Open(id string, enc, aad, ciphertext []byte) ([]byte, error) {
	const op = "open sealed answer"
	if id != k.id {
		return nil, &survey.Error{Code: survey.CodeKeyMissing, Op: op, Err: fmt.Errorf("the key beside the data is not the one that it was sealed to")}
	}
	r, err := hpke.NewRecipient(enc, k.private, sealKDF(), sealAEAD(), []byte(sealInfo))
	if err != nil {
		return nil, &survey.Error{Code: survey.CodeSealUnreadable, Op: op, Err: err}
	}
	text, err := r.Open(aad, ciphertext)
	if err != nil {
		return nil, &survey.Error{Code: survey.CodeSealUnreadable, Op: op, Err: err}
	}
	return text, nil
}

// String hides the key, so that it cannot reach a log by accident.
func (k *SealKey) String() string { return "SealKey(" + k.id + ")" }

// GoString hides the key in %#v too.
func (k *SealKey) GoString() string { return k.String() }

// Seal does what a kiosk does with an answer: text is filled up with blanks and sealed, under its number in its queue, to a public
// key as Seals.Public gives it. The result goes into KioskEnvelope.Sealed.
func Seal(public []byte, queue string, seq int, text []byte) (string, error) {
	point, err := ecdh.P256().NewPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	key, err := hpke.NewDHKEMPublicKey(point)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	enc, sender, err := hpke.NewSender(key, sealKDF(), sealAEAD(), []byte(sealInfo))
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	filled := append([]byte(nil), text...)
	for len(filled)%sealBlock != 0 {
		filled = append(filled, ' ')
	}
	ciphertext, err := sender.Seal(KioskSealContext(queue, seq), filled)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return sealEncoding.EncodeToString(append(enc, ciphertext...)), nil
}
