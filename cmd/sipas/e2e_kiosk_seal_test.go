package main

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"sipas/static"
	"sipas/survey/web"
)

// scriptPage opens a script of the kiosk as a page, so that it can be imported: import(location.href).
func scriptPage(t *testing.T, name string) *page {
	t.Helper()
	requireBrowser(t)
	server := httptest.NewServer(static.Handler())
	t.Cleanup(server.Close)
	p := openBrowser(t, 800, 600)
	p.open(server.URL + static.URL(name))
	return p
}

// The encapsulation agrees with RFC 9180, appendix A.3.1 (DHKEM(P-256, HKDF-SHA256), which is the same for every cipher), and what the
// browser seals the server opens, under the number and the queue that it was sealed for and no other.
func TestKioskSeal(t *testing.T) {
	p := scriptPage(t, "kiosk_seal.js")

	const (
		skEm   = "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb"
		pkEm   = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4"
		pkRm   = "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0"
		secret = "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8"
	)
	raw := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	word := base64.RawURLEncoding.EncodeToString
	point := raw(pkEm)
	jwk, _ := json.Marshal(map[string]any{"kty": "EC", "crv": "P-256", "x": word(point[1:33]), "y": word(point[33:]), "d": word(raw(skEm))})
	got := await[[]string](p, fmt.Sprintf(`(async () => {
		const { encapsulate, decode64 } = await import(location.href);
		const jwk = %s, curve = { name: "ECDH", namedCurve: "P-256" };
		const privateKey = await crypto.subtle.importKey("jwk", jwk, curve, false, ["deriveBits"]);
		const { d, ...open } = jwk;
		const publicKey = await crypto.subtle.importKey("jwk", open, curve, true, []);
		const { secret, enc } = await encapsulate(decode64(%q), { privateKey, publicKey });
		const hex = (b) => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
		return [hex(enc), hex(secret)];
	})()`, jwk, word(raw(pkRm))))
	if got[0] != pkEm || got[1] != secret {
		t.Errorf("encapsulated key and shared secret are\n%s\n%s, want\n%s\n%s", got[0], got[1], pkEm, secret)
	}

	scalar, err := web.NewSealKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := web.SealKeyOf(scalar)
	if err != nil {
		t.Fatal(err)
	}
	id, public := key.Public()
	const queue = "00112233445566778899aabbccddeeff"
	texts := []string{"", "{}", `{"comment":"Cảm ơn, rất tốt 👍"}`, strings.Repeat("x", 256), strings.Repeat("ấ", 3000)}
	list, _ := json.Marshal(texts)
	sealed := await[[][2]string](p, fmt.Sprintf(`(async () => {
		const { seal, decode64 } = await import(location.href);
		const to = decode64(%q);
		const texts = %s;
		const all = await Promise.all(texts.map(async (text, i) => [await seal(to, %q + "\n" + (i + 1), text), await seal(to, %[3]q + "\n" + (i + 1), text)]));
		// Many more than one agreement has keys for, all at once.
		const many = await Promise.all(Array.from({ length: 500 }, (_, i) => seal(to, %[3]q + "\n" + (i + 1), "{}")));
		return [...all, ...many.map((one) => [one, ""])];
	})()`, word(public), list, queue))
	open := func(text string, seq int) (string, error) {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(b) < 65 {
			t.Fatalf("%d bytes of a seal: %v", len(b), err)
		}
		if _, err := ecdh.P256().NewPublicKey(b[:65]); err != nil {
			t.Errorf("the seal begins with no point of the curve: %v", err)
		}
		plain, err := key.Open(id, b, web.KioskSealContext(queue, seq))
		if err == nil && len(plain)%256 != 0 {
			t.Errorf("%d bytes were sealed: their length tells of the text", len(plain))
		}
		return strings.TrimRight(string(plain), " "), err
	}
	for i, text := range texts {
		if sealed[i][0] == sealed[i][1] {
			t.Error("two sealings are alike")
		}
		if got, err := open(sealed[i][0], i+1); err != nil || got != text {
			t.Errorf("text %d opens as %q: %v", i, got, err)
		}
		if _, err := open(sealed[i][0], i+2); err == nil {
			t.Errorf("text %d opens under another number", i)
		}
	}
	once, agreements := map[string]bool{}, map[string]int{}
	for i, one := range sealed[len(texts):] {
		if got, err := open(one[0], i+1); err != nil || got != "{}" {
			t.Errorf("sealing %d of many opens as %q: %v", i, got, err)
		}
		b, _ := base64.RawURLEncoding.DecodeString(one[0])
		once[string(b[:66])] = true
		agreements[string(b[:65])]++
	}
	if len(once) != 500 || len(agreements) < 500/64 || len(agreements) > 500/16 {
		t.Errorf("500 sealings have %d keys of %d agreements", len(once), len(agreements))
	}
}
