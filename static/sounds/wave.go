package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What is promised of every sound, in parts of full scale.
const (
	loudness = 0.126 // root mean square where somebody speaks: -18 dB
	peak     = 0.84  // -1.5 dB: the encoder may overshoot a little
	hush     = 0.008 // -42 dB: quieter is silence
	margin   = 0.06  // seconds of silence that stay at both ends
)

// readWave reads what espeak-ng writes: one channel of 16 bits. It writes to a pipe, so the lengths in the headers mean nothing
// and the samples go on to the end.
func readWave(b []byte) (samples []float64, rate int, err error) {
	at := bytes.Index(b, []byte("data"))
	if len(b) < 44 || string(b[:4]) != "RIFF" || at < 36 {
		return nil, 0, errors.New("not a wave file")
	}
	channels, bits := binary.LittleEndian.Uint16(b[22:]), binary.LittleEndian.Uint16(b[34:])
	if channels != 1 || bits != 16 {
		return nil, 0, fmt.Errorf("%d channels of %d bits, not one of 16", channels, bits)
	}
	rate = int(binary.LittleEndian.Uint32(b[24:]))
	for rest := b[at+8:]; len(rest) >= 2; rest = rest[2:] {
		samples = append(samples, float64(int16(binary.LittleEndian.Uint16(rest)))/32768)
	}
	return samples, rate, nil
}

// even cuts the silence off both ends and brings the speech to one loudness, whatever the text: the mean is taken over the
// pieces of 20 ms in which somebody speaks, so that pauses do not make a text louder. Peaks that would then be too high are
// bent down smoothly, not cut.
func even(samples []float64, rate int) ([]float64, error) {
	first, last := -1, -1
	for i, s := range samples {
		if math.Abs(s) > hush {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil, errors.New("nothing but silence")
	}
	edge := int(margin * float64(rate))
	samples = samples[max(0, first-edge):min(len(samples), last+edge)]

	piece, power, spoken := rate/50, 0.0, 0
	for i := 0; i+piece <= len(samples); i += piece {
		sum := 0.0
		for _, s := range samples[i : i+piece] {
			sum += s * s
		}
		if sum > hush*hush*float64(piece) {
			power += sum
			spoken += piece
		}
	}
	if spoken < rate/10 {
		return nil, errors.New("less than a tenth of a second of speech")
	}
	gain := loudness / math.Sqrt(power/float64(spoken))
	const knee = peak * 0.6
	out := make([]float64, len(samples))
	for i, s := range samples {
		s *= gain
		if over := math.Abs(s) - knee; over > 0 {
			s = math.Copysign(knee+(peak-knee)*math.Tanh(over/(peak-knee)), s)
		}
		out[i] = s
	}
	return out, nil
}

func littleEndian(samples []float64) []byte {
	b := make([]byte, 0, 2*len(samples))
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(math.Round(s*32767))))
	}
	return b
}
