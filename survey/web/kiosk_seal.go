package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"sipas/survey"
)

// Seals opens what kiosks sealed to the server.
type Seals interface {
	// Public returns the key to seal to from now on: its id, and the point of the curve in 65 bytes.
	Public() (id string, raw []byte)
	// Open returns what was sealed to the key of an id under the additional data aad. A key that is not there is
	// CodeKeyMissing; what does not open with it is CodeSealUnreadable.
	Open(id string, sealed, aad []byte) ([]byte, error)
}

// The scheme of the seals: an agreement by HPKE (RFC 9180) in base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM,
// which every browser's WebCrypto can do. One agreement serves sealsShared sealings: the secret that is exported under sealExport and the
// sealing's number is the key of that one sealing, which has the zero nonce, as it is its only one. A device derives the keys of an agreement at
// once, forgets what they came from, and forgets each when it has sealed: it cannot open what it has sealed, and whoever steals it learns
// nothing of what waits. An agreement costs the server as much as storing the answer does, and a slow tablet much more.
//
// A sealed text is the encapsulated key, the sealing's number in one byte, and the ciphertext.
const (
	sealInfo      = "sipas kiosk 1"
	sealExport    = "sipas answer"
	sealsShared   = 64
	encapsulation = 65 // bytes of the encapsulated key
	sealTag       = 16 // bytes that the cipher adds
	sealBlock     = 256
	sealKeyBytes  = 32
	// agreementsKept is how many agreements are remembered, twice over: each of a thousand kiosks may have several in use.
	agreementsKept = 4096
)

func sealKDF() hpke.KDF   { return hpke.HKDFSHA256() }
func sealAEAD() hpke.AEAD { return hpke.AES256GCM() }

// SealKey is the server's private key for what waits on kiosks. It may be used by many at once.
type SealKey struct {
	id      string
	public  []byte
	private hpke.PrivateKey

	mu sync.Mutex
	// The agreements opened lately, and those before them: where recent is full it becomes older, and what was older is forgotten.
	recent, older map[[encapsulation]byte]*hpke.Recipient
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
func (k *SealKey) Open(id string, sealed, aad []byte) ([]byte, error) {
	const op = "open sealed answer"
	if len(sealed) < encapsulation+1+sealTag {
		return nil, survey.Errorf(survey.CodeSealUnreadable, op, "%d bytes", len(sealed))
	}
	if id != k.id {
		return nil, &survey.Error{Code: survey.CodeKeyMissing, Op: op, Err: fmt.Errorf("the key beside the data is not the one that it was sealed to")}
	}
	number := sealed[encapsulation]
	if number >= sealsShared {
		return nil, survey.Errorf(survey.CodeSealUnreadable, op, "sealing %d of one agreement", number)
	}
	agreed, err := k.agreement([encapsulation]byte(sealed))
	if err != nil {
		return nil, &survey.Error{Code: survey.CodeSealUnreadable, Op: op, Err: err}
	}
	once, err := onceCipher(agreed.Export, number)
	if err != nil {
		return nil, &survey.Error{Code: survey.CodeInternal, Op: op, Err: err}
	}
	text, err := once.Open(nil, make([]byte, once.NonceSize()), sealed[encapsulation+1:], aad)
	if err != nil {
		return nil, &survey.Error{Code: survey.CodeSealUnreadable, Op: op, Err: err}
	}
	return text, nil
}

// agreement does the server's part of an agreement, or remembers it.
func (k *SealKey) agreement(enc [encapsulation]byte) (*hpke.Recipient, error) {
	k.mu.Lock()
	r := k.recent[enc]
	if r == nil {
		r = k.older[enc]
	}
	k.mu.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := hpke.NewRecipient(enc[:], k.private, sealKDF(), sealAEAD(), []byte(sealInfo))
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.recent) >= agreementsKept {
		k.older, k.recent = k.recent, nil
	}
	if k.recent == nil {
		k.recent = map[[encapsulation]byte]*hpke.Recipient{}
	}
	k.recent[enc] = r
	return r, nil
}

// onceCipher is the cipher of one sealing of an agreement.
func onceCipher(export func(context string, length int) ([]byte, error), number byte) (cipher.AEAD, error) {
	key, err := export(sealExport+string([]byte{number}), sealKeyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// String hides the key, so that it cannot reach a log by accident.
func (k *SealKey) String() string { return "SealKey(" + k.id + ")" }

// GoString hides the key in %#v too.
func (k *SealKey) GoString() string { return k.String() }

// Sealer seals to a server as a kiosk does. It may be used by one at a time.
type Sealer struct {
	to     hpke.PublicKey
	sender *hpke.Sender
	enc    []byte
	number byte // of the next sealing
}

// NewSealer makes one for a public key as Seals.Public gives it.
func NewSealer(public []byte) (*Sealer, error) {
	point, err := ecdh.P256().NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	key, err := hpke.NewDHKEMPublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Sealer{to: key}, nil
}

// Seal does what a kiosk does with an answer: text is filled up with blanks and sealed under its number in its queue. The result goes
// into KioskEnvelope.Sealed.
func (s *Sealer) Seal(queue string, seq int, text []byte) (string, error) {
	if s.sender == nil || s.number == sealsShared {
		enc, sender, err := hpke.NewSender(s.to, sealKDF(), sealAEAD(), []byte(sealInfo))
		if err != nil {
			return "", fmt.Errorf("seal: %w", err)
		}
		s.enc, s.sender, s.number = enc, sender, 0
	}
	once, err := onceCipher(s.sender.Export, s.number)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	filled := append([]byte(nil), text...)
	for len(filled)%sealBlock != 0 {
		filled = append(filled, ' ')
	}
	sealed := append(append([]byte(nil), s.enc...), s.number)
	s.number++
	sealed = once.Seal(sealed, make([]byte, once.NonceSize()), filled, KioskSealContext(queue, seq))
	return sealEncoding.EncodeToString(sealed), nil
}
