package main

import (
	"bytes"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Where this fails, words have changed: run the task sounds and commit what it made.
func TestEverySpokenTextHasItsSoundAndNoOther(t *testing.T) {
	texts, err := spokenTexts()
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) < 100 {
		t.Errorf("%d texts: too few to be all", len(texts))
	}
	files, err := filepath.Glob("*.mp3")
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if !slices.Contains(files, name) {
			t.Errorf("%s: no sound for %q", texts[name].language, texts[name].text)
		}
	}
	for _, name := range files {
		s, wanted := texts[name]
		if !wanted {
			t.Errorf("%s belongs to no text", name)
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		size += len(b)
		// At this speed a letter lasts between 40 and 150 ms, and a text about a third of a second more.
		seconds, letters := duration(t, name, b), float64(utf8.RuneCountInString(s.text))
		if seconds < 0.04*letters || seconds > 0.35+0.15*letters {
			t.Errorf("%s lasts %.1f s for %q", name, seconds, s.text)
		}
	}
	if size > 2<<20 {
		t.Errorf("the sounds weigh %d bytes: every kiosk keeps them all, so 2 MiB is the most", size)
	}
	want, err := makeIndex(".")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(indexName); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not the list of the sounds that are here: %v", indexName, err)
	}
}

// duration counts the frames of an MP3 file (MPEG-2 layer III, 16,000 Hz, 24 kbit/s, one channel) and refuses any other kind.
func duration(t *testing.T, name string, b []byte) float64 {
	t.Helper()
	frames := 0
	for len(b) > 4 {
		if b[0] != 0xFF || b[1]&0xFE != 0xF2 || b[2]&0xFC != 0x38 || b[3]>>6 != 3 {
			t.Fatalf("%s: frame %d begins with % x", name, frames, b[:4])
		}
		n := 72*24000/16000 + int(b[2]>>1&1)
		if n > len(b) {
			break
		}
		b = b[n:]
		frames++
	}
	return float64(frames) * 576 / 16000
}

// A voice spells an abbreviation, guesses at a sign, and reads what is not normalized letter by letter: texts to be read have none.
func TestTextsCanBeSaid(t *testing.T) {
	texts, err := spokenTexts()
	if err != nil {
		t.Fatal(err)
	}
	abbreviation, sign := regexp.MustCompile(`\p{Lu}{2,}`), regexp.MustCompile(`[^\p{L}\p{Nd} .,:;?!()'’-]`)
	for _, s := range texts {
		said := pronounced(s.text)
		if abbreviation.MatchString(said) || sign.MatchString(said) || strings.Contains(said, "  ") {
			t.Errorf("%s: how is %q said?", s.language, said)
		}
	}
}

// A text said loudly with long pauses and one said softly without come out equally loud, trimmed, and below the peak.
func TestEven(t *testing.T) {
	const rate = 22050
	said := func(before, speech, pause float64, loud float64) []float64 {
		var out []float64
		hush := func(seconds float64) { out = append(out, make([]float64, int(seconds*rate))...) }
		tone := func() {
			for i := range int(speech * rate) {
				out = append(out, loud*math.Sin(2*math.Pi*220*float64(i)/rate))
			}
		}
		hush(before)
		tone()
		hush(pause)
		tone()
		hush(before)
		return out
	}
	for _, in := range [][]float64{said(0.5, 1, 2, 0.9), said(0, 1, 0.1, 0.05), said(1, 0.5, 0, 0.3)} {
		out, err := even(in, rate)
		if err != nil {
			t.Fatal(err)
		}
		first, top := -1, 0.0
		for i, s := range out {
			if math.Abs(s) > hush && first < 0 {
				first = i
			}
			top = max(top, math.Abs(s))
		}
		if want := loudness * math.Sqrt2; math.Abs(top-want) > 0.01*want {
			t.Errorf("a tone of %d samples peaks at %.3f, want %.3f", len(in), top, want)
		}
		if first > int(margin*rate)+50 {
			t.Errorf("%d samples of silence before the speech", first)
		}
	}
	spike := said(0, 1, 0, 0.02)
	spike[rate/2] = 0.9
	out, err := even(spike, rate)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out {
		if math.Abs(s) > peak+1e-9 {
			t.Fatalf("a peak of %.2f", s)
		}
	}
	if _, err := even(make([]float64, rate), rate); err == nil {
		t.Error("silence was taken for speech")
	}
}
