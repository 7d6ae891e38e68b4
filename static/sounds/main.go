// Command sounds makes the sound files that the kiosk reads aloud: one for every text that
// it can read in Vietnamese and English, so that reading aloud works with no network and on a device without
// a voice of its own.
//
//	apt-get install espeak-ng lame
//	go run ./static/sounds
//
// A file is named by its language and the hash of its text, "vi-3f2a….mp3": the page finds the sound of a
// text by hashing it, and a text that was changed has none until this command has run again (a test of this package
// says so). Files whose texts are there already are left alone unless -all asks for every one anew, and files that
// no text wants any more are removed.
//
// The format is MP3 because it is the one that every browser in use decodes: Safari reads Opus in an Ogg file only since
// version 18.4, and a kiosk may be a tablet of many years. Speech of this kind loses nothing audible at 24 kbit/s.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// voices says how espeak-ng speaks each language. The northern voice keeps all six tones and all finals apart; the other two
// Vietnamese ones merge n with ng and t with c, which costs more understanding than their accent gains. The speed, in words a
// minute, is a fifth below the usual one: many who want to be read to are old.
var voices = map[string]struct{ name, speed string }{
	"vi": {"vi", "140"},
	"en": {"en-gb", "145"},
}

func main() {
	dir := flag.String("dir", "static/sounds", "folder of the sound files")
	all := flag.Bool("all", false, "make every file anew, as after a change of the voice")
	flag.Parse()
	if err := run(*dir, *all); err != nil {
		fmt.Fprintln(os.Stderr, "sounds:", err)
		os.Exit(1)
	}
}

func run(dir string, all bool) error {
	texts, err := spokenTexts()
	if err != nil {
		return err
	}
	made := 0
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil && !all {
			continue
		}
		sound, err := speak(texts[name])
		if err != nil {
			return fmt.Errorf("%s %q: %w", texts[name].language, texts[name].text, err)
		}
		if err := os.WriteFile(path, sound, 0o644); err != nil {
			return err
		}
		made++
	}
	removed, size := 0, 0
	paths, err := filepath.Glob(filepath.Join(dir, "*.mp3"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if _, wanted := texts[filepath.Base(path)]; !wanted {
			if err := os.Remove(path); err != nil {
				return err
			}
			removed++
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		size += int(info.Size())
	}
	index, err := makeIndex(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, indexName), index, 0o644); err != nil {
		return err
	}
	fmt.Printf("%d sounds, %.2f MB; %d made, %d removed\n", len(texts), float64(size)/1e6, made, removed)
	return nil
}

// indexName is the file that tells the page which sounds there are.
const indexName = "index.json"

// makeIndex lists the sounds of a folder by their names without the ending, each with the hash that its address carries:
// package static serves "sounds/vi-3f2a….mp3" under a name that holds the first 12 digits of its content's hash.
func makeIndex(dir string) ([]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.mp3"))
	if err != nil {
		return nil, err
	}
	index := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		index[name[:len(name)-len(".mp3")]] = hash(content)
	}
	b, err := json.MarshalIndent(index, "", " ")
	return append(b, '\n'), err
}

// speak has espeak-ng say a text and lame make it small.
func speak(t spoken) ([]byte, error) {
	v := voices[t.language]
	wave, err := pipe([]byte(pronounced(t.text)), "espeak-ng", "-v", v.name, "-s", v.speed, "--stdin", "--stdout")
	if err != nil {
		return nil, err
	}
	samples, rate, err := readWave(wave)
	if err != nil {
		return nil, err
	}
	if samples, err = even(samples, rate); err != nil {
		return nil, err
	}
	// Neither tags nor the encoder's own frame: every byte is sound, and equal input makes equal files.
	return pipe(littleEndian(samples), "lame", "--quiet", "-r", "-s", fmt.Sprintf("%.3f", float64(rate)/1000), "--bitwidth", "16", "--signed",
		"--little-endian", "-m", "m", "--resample", "16", "--cbr", "-b", "24", "-q", "2", "-t", "-", "-")
}

func pipe(input []byte, name string, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, said.Bytes())
	}
	return out.Bytes(), nil
}
