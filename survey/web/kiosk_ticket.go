package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"sipas/survey"
)

// ticket is what the server tells itself through the kiosk: which questionnaire it handed out for an answer, and up to which revision the
// answer was stored before. It is sealed under the wave's key and bound to the answer's id: the kiosk can neither read it nor use it for
// another id, and it outlives a restart of the server.
type ticket struct {
	Instrument survey.InstrumentRef `json:"i"`
	Base       int                  `json:"b"`
}

// ticketBytes is the length of every ticket's text before it is sealed, so that its length says nothing of what is in it.
const ticketBytes = 160

func ticketCipher(key survey.WaveKey) (cipher.AEAD, error) {
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte("kiosk ticket\x00"))
	block, err := aes.NewCipher(m.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func ticketContext(wave survey.WaveID, id survey.ResponseID) []byte {
	return []byte(string(wave) + "\x00" + string(id))
}

// seal writes the ticket as "<wave>~<secret>". Wave ids hold no tilde.
func (t ticket) seal(key survey.WaveKey, wave survey.WaveID, id survey.ResponseID) (string, error) {
	const op = "seal ticket"
	aead, err := ticketCipher(key)
	if err != nil {
		return "", survey.Errorf(survey.CodeInternal, op, "%w", err)
	}
	text, err := json.Marshal(t)
	if err != nil || len(text) > ticketBytes {
		return "", survey.Errorf(survey.CodeInternal, op, "%d bytes: %w", len(text), err)
	}
	text = append(text, strings.Repeat(" ", ticketBytes-len(text))...)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // crypto/rand.Read never returns an error.
	sealed := aead.Seal(nonce, nonce, text, ticketContext(wave, id))
	return string(wave) + "~" + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// ticketWave reads which wave a ticket says it belongs to; only openTicket proves it.
func ticketWave(sealed string) (survey.WaveID, error) {
	wave, _, ok := strings.Cut(sealed, "~")
	if !ok || wave == "" || len(wave) > 40 {
		return "", survey.Errorf(survey.CodeBadRequest, "open ticket", "it names no wave")
	}
	return survey.WaveID(wave), nil
}

// openTicket reads a ticket that seal made for the same wave and id. Anything else is CodeBadRequest.
func openTicket(sealed string, key survey.WaveKey, id survey.ResponseID) (ticket, error) {
	const op = "open ticket"
	bad := func(err error) (ticket, error) { return ticket{}, survey.Errorf(survey.CodeBadRequest, op, "%w", err) }
	wave, secret, _ := strings.Cut(sealed, "~")
	b, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		return bad(err)
	}
	aead, err := ticketCipher(key)
	if err != nil {
		return ticket{}, survey.Errorf(survey.CodeInternal, op, "%w", err)
	}
	if len(b) < aead.NonceSize() {
		return bad(fmt.Errorf("too short"))
	}
	text, err := aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], ticketContext(survey.WaveID(wave), id))
	if err != nil {
		return bad(err)
	}
	var t ticket
	if err := json.Unmarshal(text, &t); err != nil {
		return bad(err)
	}
	return t, nil
}
