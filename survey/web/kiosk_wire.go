package web

import (
	"encoding/base64"
	"strconv"

	"sipas/survey"
)

// What a kiosk and the server say to each other, in JSON. static/kiosk_queue.js and static/kiosk.js mirror these types.
//
// All times are whole milliseconds since 1970. "Reckoned" is the device's idea of the server's clock; "raw" is what its own says.
// An error is {"error": {"code", "message", "params"}} under the status of its code. With 401, 403, 408, 425, 429 and every 5xx the
// device keeps what it sent and tries again, not before Retry-After has passed. Any other error is the server's final word on that
// answer, and the server has noted it: the device deletes its copy.

// KioskEnrol spends a code: POST /kiosk/enrol. The reply sets the cookie by which the device is known from then on.
type KioskEnrol struct {
	Code string `json:"code"` // as typed
}

// KioskEnrolled answers KioskEnrol.
type KioskEnrolled struct {
	Device survey.DeviceID `json:"device"`
}

// KioskConfig is all that a device needs for weeks without a network: GET /kiosk/config.
type KioskConfig struct {
	ETag       string            `json:"etag"` // changes when anything here but Now does
	Device     survey.DeviceID   `json:"device"`
	Point      string            `json:"point"`      // the kiosk's name
	Office     map[string]string `json:"office"`     // who asks, by language
	Wave       survey.WaveID     `json:"wave"`       // "" when there is none to answer
	Closed     survey.Code       `json:"closed"`     // why no answer can be given; "" when one can
	Instrument *KioskInstrument  `json:"instrument"` // null when there is none
	Languages  []survey.Lang     `json:"languages"`
	Idle       int               `json:"idle"`   // seconds of quiet before "still there?"
	Warn       int               `json:"warn"`   // seconds to answer it
	Thanks     int               `json:"thanks"` // seconds that the thanks stay
	Key        KioskKey          `json:"key"`
	PIN        KioskPIN          `json:"pin"`
	Measure    bool              `json:"measure"` // the screen is to be measured before the first answer
	Program    string            `json:"program"` // the server's version
	Now        int64             `json:"now"`     // the server's clock
}

// KioskInstrument is a questionnaire in every language. The device draws the module itself, by survey.ModuleDrawOf of the sitting's
// id, and the server draws it again.
type KioskInstrument struct {
	ID      string            `json:"id"`
	Version int               `json:"version"`
	Intro   map[string]string `json:"intro"`
	Core    []KioskItem       `json:"core"`
	Modules []KioskModule     `json:"modules"`
	Draw    int               `json:"draw"`    // 0: every module is asked; 1: the one in whose stretch of the summed chances the draw falls
	Comment int               `json:"comment"` // longest remark in letters; 0 when none is asked for
}

// KioskModule is a set of questions that is asked as a whole.
type KioskModule struct {
	Code   string      `json:"code"`
	Chance float64     `json:"chance"`
	Items  []KioskItem `json:"items"`
}

// KioskItem is one question in every language.
type KioskItem struct {
	Code     string            `json:"code"`
	Required bool              `json:"required"`
	Text     map[string]string `json:"text"`
	Options  []KioskOption     `json:"options"` // best first, then those without an opinion (negative codes)
}

// KioskOption is one answer. Face is 1 to 5 (5 the best) or 0 for words only.
type KioskOption struct {
	Code int               `json:"code"`
	Face int               `json:"face"`
	Text map[string]string `json:"text"`
}

// KioskKey is what answers are sealed to. See SealKey.
type KioskKey struct {
	ID     string `json:"id"`
	Public string `json:"public"` // an uncompressed point of P-256, 65 bytes, in base64url without padding
}

// KioskPIN is survey.PIN: PBKDF2 with SHA-256 and 32 bytes of result. Salt and Hash are hexadecimal.
type KioskPIN struct {
	Salt       string `json:"salt"`
	Iterations int    `json:"iterations"`
	Hash       string `json:"hash"`
}

// KioskBeat is what a device tells of itself every minute, at its start and after each change: POST /kiosk/beat.
type KioskBeat struct {
	Queue       string  `json:"queue"` // 32 hexadecimal digits, drawn by the device when its storage is new
	Program     string  `json:"program"`
	ETag        string  `json:"etag"`
	Waiting     int     `json:"waiting"`
	Oldest      int64   `json:"oldest"` // reckoned; 0 when none waits
	Last        int     `json:"last"`   // highest number given out; 0 for none
	Now         int64   `json:"now"`    // raw
	Persistence string  `json:"persistence"`
	Used        int64   `json:"used"`
	Room        int64   `json:"room"`
	PxPerMM     float64 `json:"pxPerMM"`
	Battery     int     `json:"battery"` // per cent; -1 when the browser does not say
}

// KioskBeaten answers KioskBeat. When ETag differs from the device's it fetches the configuration.
type KioskBeaten struct {
	Now     int64    `json:"now"`
	ETag    string   `json:"etag"`
	Missing [][2]int `json:"missing"` // stretches of numbers that have not arrived, both ends included
	Next    int      `json:"next"`    // no number below it may be given out anew
}

// KioskEnvelope is one sealed answer: POST /kiosk/answers.
type KioskEnvelope struct {
	Queue  string `json:"queue"`
	Seq    int    `json:"seq"`    // from 1, one for each sitting; the same for all its revisions
	Sent   int64  `json:"sent"`   // reckoned
	Key    string `json:"key"`    // id of the key that it is sealed to
	Sealed string `json:"sealed"` // base64url without padding: encapsulated key (65 bytes), number of the sealing (1), ciphertext
}

// KioskReceived acknowledges a KioskEnvelope: the answer is on disk.
type KioskReceived struct {
	Outcome survey.Outcome `json:"outcome"`
	As      survey.Source  `json:"as"`
}

// KioskAnswer is what is sealed: everything that one citizen answered so far. As JSON it is filled up with blanks to a multiple of
// 256 bytes, so that its length says little.
type KioskAnswer struct {
	ID          string             `json:"id"`         // of the sitting: 32 hexadecimal digits, small letters
	Token       string             `json:"token"`      // as typed or scanned; "" without one
	Wave        survey.WaveID      `json:"wave"`       // of the configuration
	Instrument  string             `json:"instrument"` // "kiosk-2026/1"
	Revision    int                `json:"revision"`   // from 1, higher with each change
	Disposition survey.Disposition `json:"disposition"`
	Language    survey.Lang        `json:"language"`
	Answers     map[string]int     `json:"answers"`
	Comment     string             `json:"comment"`
	At          int64              `json:"at"`   // reckoned; when it was last changed
	Took        int                `json:"took"` // seconds from the first question to At
}

// KioskKeep is what the service worker keeps on the device. Its script, GET /kiosk/worker.js, begins with a line that puts it into
// self.KIOSK; static/kiosk_worker.js follows. The script changes when any of the files does.
type KioskKeep struct {
	Program string   `json:"program"`
	Build   string   `json:"build"` // a digest of the page, which names every file by its digest
	Page    string   `json:"page"`
	Files   []string `json:"files"`  // what the page needs to open without a network
	Sounds  []string `json:"sounds"` // what it reads aloud, to be fetched when there is time
}

// KioskSealContext is the additional data of a seal: an answer cannot be moved to another number or another queue.
func KioskSealContext(queue string, seq int) []byte {
	return []byte(queue + "\n" + strconv.Itoa(seq))
}

var (
	sealEncoding = base64.RawURLEncoding
	// strictSeal refuses a second writing of the same bytes.
	strictSeal = base64.RawURLEncoding.Strict()
)
