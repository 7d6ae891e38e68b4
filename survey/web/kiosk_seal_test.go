package web

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sipas/survey"
)

// What is sealed opens with the same key, number and queue, and with nothing else; its length says little; no two seals are alike.
func TestSeals(t *testing.T) {
	t.Parallel()
	scalar, err := NewSealKey()
	must(t, err)
	key, err := SealKeyOf(scalar)
	must(t, err)
	again, err := SealKeyOf(scalar)
	must(t, err)
	id, public := key.Public()
	if other, _ := again.Public(); other != id || len(public) != encapsulation || public[0] != 4 {
		t.Errorf("keys %s and %s, a point of %d bytes", id, other, len(public))
	}
	const queue = "0123456789abcdef0123456789abcdef"
	open := func(k *SealKey, id, queue string, seq int, sealed string) ([]byte, error) {
		raw, err := sealEncoding.DecodeString(sealed)
		must(t, err)
		return k.Open(id, raw, KioskSealContext(queue, seq))
	}
	sealer, err := NewSealer(public)
	must(t, err)
	lengths, seals, agreements := map[int]bool{}, map[string]bool{}, map[string]bool{}
	for n := range 256 {
		text := []byte(strings.Repeat("x", n+1))
		sealed, err := sealer.Seal(queue, 12, text)
		must(t, err)
		lengths[len(sealed)], seals[sealed], agreements[sealed[:80]] = true, true, true
		got, err := open(again, id, queue, 12, sealed)
		if err != nil || !bytes.Equal(bytes.TrimRight(got, " "), text) || len(got)%256 != 0 {
			t.Fatalf("%d bytes open as %d, %v", len(text), len(got), err)
		}
	}
	if len(lengths) != 1 || len(seals) != 256 || len(agreements) != 256/sealsShared {
		t.Errorf("%d lengths, %d seals by %d agreements", len(lengths), len(seals), len(agreements))
	}
	sealed, err := sealer.Seal(queue, 12, []byte("{}"))
	must(t, err)
	// A sealing's number is its key: under another it does not open, and there are no more of them than one agreement has.
	for _, number := range []byte{1, sealsShared - 1, sealsShared, 255} {
		raw, err := sealEncoding.DecodeString(sealed)
		must(t, err)
		raw[encapsulation] = number
		if _, err := key.Open(id, raw, KioskSealContext(queue, 12)); !survey.IsCode(err, survey.CodeSealUnreadable) {
			t.Errorf("opened as sealing %d: %v", number, err)
		}
	}
	for _, short := range [][]byte{nil, make([]byte, encapsulation), make([]byte, encapsulation+1+sealTag)} {
		if _, err := key.Open(id, short, nil); !survey.IsCode(err, survey.CodeSealUnreadable) {
			t.Errorf("%d bytes: %v", len(short), err)
		}
	}
	// Agreements are remembered up to a number, the latest of them.
	for n := len(key.recent); n < agreementsKept; n++ {
		key.recent[[encapsulation]byte{byte(n), byte(n >> 8)}] = nil
	}
	fresh, err := NewSealer(public)
	must(t, err)
	late, err := fresh.Seal(queue, 13, []byte("{}"))
	must(t, err)
	for range 2 {
		if _, err := open(key, id, queue, 13, late); err != nil || len(key.recent) != 1 || len(key.older) != agreementsKept {
			t.Errorf("%v; %d agreements are remembered, and %d before them", err, len(key.recent), len(key.older))
		}
		if _, err := open(key, id, queue, 12, sealed); err != nil {
			t.Errorf("an agreement that is still remembered: %v", err)
		}
	}
	foreign, err := NewSealKey()
	must(t, err)
	stranger, err := SealKeyOf(foreign)
	must(t, err)
	strangerID, _ := stranger.Public()
	for name, c := range map[string]struct {
		key       *SealKey
		id, queue string
		seq       int
		want      survey.Code
	}{
		"another key":        {stranger, id, queue, 12, survey.CodeKeyMissing},
		"another key's name": {stranger, strangerID, queue, 12, survey.CodeSealUnreadable},
		"another number":     {key, id, queue, 1, survey.CodeSealUnreadable},
		"another queue":      {key, id, strings.Replace(queue, "0", "1", 1), 12, survey.CodeSealUnreadable},
		"a shifted border":   {key, id, queue + "\n1", 2, survey.CodeSealUnreadable},
	} {
		if text, err := open(c.key, c.id, c.queue, c.seq, sealed); !survey.IsCode(err, c.want) || text != nil {
			t.Errorf("%s: %q, %v, want %s", name, text, err, c.want)
		}
	}
	for _, bad := range [][]byte{nil, scalar[:31], bytes.Repeat([]byte{0}, 32), bytes.Repeat([]byte{255}, 32)} {
		if _, err := SealKeyOf(bad); err == nil {
			t.Errorf("%d bytes make a key", len(bad))
		}
	}
	for _, bad := range [][]byte{nil, public[:64], bytes.Repeat([]byte{4}, 65)} {
		if _, err := NewSealer(bad); err == nil {
			t.Errorf("%d bytes are a public key", len(bad))
		}
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(shown, fmt.Sprint(scalar[0], " ", scalar[1])) || strings.Count(shown, id) != 4 {
		t.Errorf("the key shows itself: %s", shown)
	}
}
