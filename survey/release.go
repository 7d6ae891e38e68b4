package survey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Recipe is how a release was made, in words and in data, so that it can be made again and be held against others by what it was made
// of, whatever became of its wave since. Its rules stand in the release. A provisional release has no targets, method and hashes of documents.
type Recipe struct {
	Frameworks  []DocumentHash `json:"frameworks"`  // what was scored, the headline first
	Instruments []DocumentHash `json:"instruments"` // what was asked, in order of id and version
	Targets     Targets        `json:"targets,omitempty"`
	Method      []Text         `json:"method"` // the steps from the register to a figure, in the order in which they are taken
	// Register are the transactions of each unit, in order of id, and RegisterHash is the SHA-256 of those of each unit and month. Releases
	// of a program that did not write them down have none.
	Register     []UnitCount `json:"register,omitempty"`
	RegisterHash string      `json:"register_hash,omitempty"`
}

// UnitCount is a number of transactions of a unit.
type UnitCount struct {
	Unit UnitID `json:"unit"`
	N    int    `json:"n"`
}

// DocumentHash names a version of a document and what was in it.
type DocumentHash struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256,omitempty"` // of the document as it is stored
}

// Context is what a reader of a published release needs beside its numbers: names as they were when it was published. A unit that is
// renamed later changes no page of an old release.
type Context struct {
	Title      Text             `json:"title"` // of the wave
	From       Day              `json:"from"`
	To         Day              `json:"to"`
	Province   UnitID           `json:"province"`
	Publisher  Text             `json:"publisher"`
	License    string           `json:"license"` // its address
	Headline   Headline         `json:"headline"`
	Units      []NamedUnit      `json:"units"` // those of the figures, and the province, in order of id
	Frameworks []NamedFramework `json:"frameworks"`
}

// Headline names the figure that answers the first question of a reader.
type Headline struct {
	Framework string `json:"framework"`
	Node      string `json:"node"`
}

// NamedUnit is a unit with its name.
type NamedUnit struct {
	ID   UnitID   `json:"id"`
	Code string   `json:"code"`
	Kind UnitKind `json:"kind"`
	Name Text     `json:"name"`
}

// NamedFramework is a framework with its nodes from the root down, each before those below it.
type NamedFramework struct {
	ID       string      `json:"id"`
	Version  int         `json:"version"`
	Title    Text        `json:"title"`
	Measure  Measure     `json:"measure"`
	Decimals int         `json:"decimals,omitempty"`
	Nodes    []NamedNode `json:"nodes"`
}

// NamedNode is a node with its name.
type NamedNode struct {
	Code  string   `json:"code"`
	Kind  NodeKind `json:"kind"`
	Label Text     `json:"label"`
	Above string   `json:"above,omitempty"` // the code of the node that it is a part of
}

// The longest and the shortest reason for superseding a release, in letters.
const (
	MinReason = 10
	MaxReason = 500
)

// ParseReason cleans the reason for superseding a release. One that says nothing is CodeReasonRequired.
func ParseReason(text string) (string, error) {
	text = strings.Join(strings.Fields(CleanText(text)), " ")
	if n := utf8.RuneCountInString(text); n < MinReason || n > MaxReason {
		return "", &Error{Code: CodeReasonRequired, Op: "publish", Params: map[string]string{"min": strconv.Itoa(MinReason), "max": strconv.Itoa(MaxReason)}}
	}
	return text, nil
}

// Publication is the record of a published release in the chain of all of them, whatever their wave. Each holds the seal of the one before
// it, so that none can be changed, taken out or put between without changing the seal of every later one, and the last of them, the head.
type Publication struct {
	Position     int    `json:"position"` // in the chain: 1, 2, 3 …
	Release      string `json:"release"`  // its id
	Wave         WaveID `json:"wave"`
	Number       int    `json:"number"`
	ContentHash  string `json:"content_hash"`  // of what two makings from the same data have in common: see ContentHash
	DocumentHash string `json:"document_hash"` // SHA-256 of the whole document as it is stored
	Previous     string `json:"previous"`      // the seal of the record before; empty for the first
	Seal         string `json:"seal"`
}

// SealOf computes the seal that a record should have: SHA-256 over its fields, one a line.
func (p Publication) SealOf() string {
	return hexSum([]byte(strings.Join([]string{
		"sipas publication 1", p.Previous, strconv.Itoa(p.Position), p.Release, string(p.Wave), strconv.Itoa(p.Number), p.ContentHash, p.DocumentHash, "",
	}, "\n")))
}

// Published is a published release as it is stored.
type Published struct {
	Publication
	Document []byte // the JSON of the release
}

// Decode reads the document. Releases of a program that did not number them have their number and hash from the record.
func (p *Published) Decode() (*Release, error) {
	r := new(Release)
	if err := json.Unmarshal(p.Document, r); err != nil {
		return nil, Errorf(CodeInternal, "read published release", "%w", err)
	}
	r.Number, r.ContentHash = p.Number, p.ContentHash
	return r, nil
}

// DocumentSum is the SHA-256 of a document in hexadecimal digits.
func DocumentSum(document []byte) string { return hexSum(document) }

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// singular are the parts of a published release that differ between two makings from the same data.
var singular = []string{"id", "made_at", "number", "supersedes", "reason", "content_hash"}

// PublicJSON returns the JSON of a published release for everybody: all of it but the response of single weighting classes, which may be
// one dossier large and would tell who answered, and which of them were pooled, because that says how few had answered in each. It is in
// canonical form, so the same release is the same bytes for ever.
func PublicJSON(document []byte) ([]byte, error) {
	fields, err := openFields(document)
	if err != nil {
		return nil, err
	}
	return canonical(fields)
}

// ContentHash is the SHA-256 of what a release says: of PublicJSON, without its id, time, number, reason and this hash. A release that is made
// twice from the same data has the same, and everybody can compute it from the JSON that is published. It is computed from the
// document and not from a Release, so that later versions of the program, whose releases hold more, find the same.
func ContentHash(document []byte) (string, error) {
	fields, err := openFields(document)
	if err != nil {
		return "", err
	}
	for _, key := range singular {
		delete(fields, key)
	}
	b, err := canonical(fields)
	if err != nil {
		return "", err
	}
	return hexSum(b), nil
}

func openFields(document []byte) (map[string]any, error) {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber() // numbers stay as they are written
	if err := d.Decode(&fields); err != nil {
		return nil, fmt.Errorf("read release: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("read release: text after its end")
	}
	if weighting, ok := fields["weighting"].(map[string]any); ok {
		delete(weighting, "strata")
		modules, _ := weighting["modules"].([]any)
		for _, m := range modules {
			if module, ok := m.(map[string]any); ok {
				delete(module, "collapsed")
			}
		}
	}
	return fields, nil
}

// canonical writes JSON as RFC 8785 wants it: keys sorted, no blanks, text as it is but for what JSON must escape. Numbers are
// written by encoding/json, whose form is that of ECMAScript and so of the RFC.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := writeCanonical(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeCanonical(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeText(b, key); err != nil {
				return err
			}
			b.WriteByte(':')
			if err := writeCanonical(b, v[key]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeCanonical(b, element); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case string:
		return writeText(b, v)
	case json.Number:
		b.WriteString(v.String())
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case nil:
		b.WriteString("null")
	default:
		return fmt.Errorf("canonical JSON of a %T", v)
	}
	return nil
}

// writeText writes a string. encoding/json escapes two line separators that the RFC leaves as they are.
func writeText(b *bytes.Buffer, s string) error {
	const separators = "\u2028\u2029"
	b.WriteByte('"')
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf }) {
		b.WriteString(s) // as nearly all are
		s = ""
	}
	for s != "" {
		end := strings.IndexAny(s, separators)
		if end < 0 {
			end = len(s)
		}
		var part bytes.Buffer
		e := json.NewEncoder(&part)
		e.SetEscapeHTML(false)
		if err := e.Encode(s[:end]); err != nil {
			return err
		}
		b.Write(part.Bytes()[1 : part.Len()-2]) // without its quotes and line end
		if s = s[end:]; s != "" {
			_, size := utf8.DecodeRuneInString(s)
			b.WriteString(s[:size])
			s = s[size:]
		}
	}
	b.WriteByte('"')
	return nil
}
