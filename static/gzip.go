package static

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// Gzip compresses a body at one of gzip's levels.
func Gzip(body []byte, level int) []byte {
	var b bytes.Buffer
	// Neither a level of gzip's nor a buffer in memory can fail.
	w, _ := gzip.NewWriterLevel(&b, level)
	_, _ = w.Write(body)
	_ = w.Close()
	return b.Bytes()
}

// AcceptsGzip reports whether whoever asks can read gzip (RFC 9110, section 12.5.3).
func AcceptsGzip(r *http.Request) bool {
	named, others := false, false
	for _, header := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(header, ",") {
			name, rest, _ := strings.Cut(coding, ";")
			_, q, weighed := strings.Cut(rest, "=")
			weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			wanted := !weighed || err == nil && weight > 0
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "gzip", "x-gzip":
				if !wanted {
					return false
				}
				named = true
			case "*":
				others = wanted
			}
		}
	}
	return named || others
}
