package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/text/unicode/norm"

	"sipas/static"
)

// telexPage is a browser that types: texts goes through static/kiosk_telex.js key by key.
func telexPage(t *testing.T) func(typed []string) []string {
	t.Helper()
	server := httptest.NewServer(static.Handler())
	t.Cleanup(server.Close)
	p := openBrowser(t, 800, 600)
	p.open(server.URL + static.URL("kiosk_telex.js"))
	return func(typed []string) []string {
		t.Helper()
		list, err := json.Marshal(typed)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		p.do(chromedp.Evaluate(`import(location.href).then(m => `+string(list)+`.map(keys => [...keys].reduce((text, key) => m.telex(text, key), "")))`, &out, awaitPromise))
		if len(out) != len(typed) {
			t.Fatalf("%d texts came of %d", len(out), len(typed))
		}
		return out
	}
}

// telexOf writes a word of composed letters as it is typed, in each of the orders in which people do: marks and tone at once, the tone at
// the end of the word, everything at its end, and "uow" for ươ. It knows letters only and no rule of where a tone stands.
func telexOf(word string) []string {
	toneKeys := map[rune]string{'\u0301': "s", '\u0300': "f", '\u0309': "r", '\u0303': "x", '\u0323': "j"}
	var atOnce, toneLast, bare strings.Builder
	tone, marks := "", ""
	late := func(key string) {
		if !strings.Contains(marks, key) {
			marks += key
		}
	}
	letters := []rune(norm.NFC.String(word))
	for i, letter := range letters {
		parts := []rune(norm.NFD.String(string(letter)))
		base, mark, own := string(parts[0]), "", ""
		if letter == 'đ' {
			base, mark = "d", "d"
		}
		for _, part := range parts[1:] {
			switch part {
			case '\u0302':
				mark = base
			case '\u0306', '\u031B':
				mark = "w"
			default:
				own = toneKeys[part]
			}
		}
		// Two letters o, as in xoong, are three: two make ô, and the third takes that back.
		if base == "o" && mark == "" && i > 0 && letters[i-1] == 'o' {
			base = "oo"
		}
		atOnce.WriteString(base + mark + own)
		toneLast.WriteString(base + mark)
		bare.WriteString(base)
		if mark != "" {
			late(mark)
		}
		tone += own
	}
	ways := []string{atOnce.String(), toneLast.String() + tone, bare.String() + marks + tone}
	ways = append(ways, strings.ReplaceAll(ways[0], "uwow", "uow"), strings.ReplaceAll(ways[1], "uwow", "uow"))
	slices.Sort(ways)
	return slices.Compact(ways)
}

// rimes are the rimes of Vietnamese as a dictionary writes them, with sắc where it stands in each. Those after which no other tone than sắc
// and nặng is spoken end in c, ch, p or t.
var rimes = strings.Fields(`
	á ác ách ái ám án áng ánh áo áp át áu áy  ắc ắm ắn ắng ắp ắt  ấc ấm ấn ấng ấp ất ấu ấy
	é éc ém én éng éo ép ét  ế ếch ếm ến ếnh ếp ết ếu  í ía ích iếc iếm iến iếng iếp iết iếu ím ín ính íp ít íu
	ó óc ói óm ón óng óp ót óa oác oách oái oán oáng oánh oáo oát oáy óe oén oéo oét oắc oắm oắn oắng oắt oóc oóng
	ố ốc ối ốm ốn ống ốp ốt  ớ ới ớm ớn ớp ớt  ú úa úc úi úm ún úng úp út uấn uất uấy uế uếch uếnh uốc uối uốm uốn uống uốt
	úy uýa uých uýnh uýt uýu uyến uyết  ứ ứa ức ứi ứng ứt ứu ước ưới ướm ướn ướng ướp ướt ướu`)

// After qu, a rime has lost its u.
var rimesAfterQu = strings.Fields(`á ác ách ái án áng ánh áo át áu áy ắc ắm ắn ắng ắp ắt ấn ất ấy ấu é én éo ét ế ếch ến ếnh ết ốc ớ ý ých ýnh ýt yến yết`)

// syllables writes out every initial with every rime in every tone that it may have: more than are words, and all that are.
func syllables() []string {
	var all []string
	add := func(first, rime string) {
		for _, tone := range []string{"", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"} {
			if regexp.MustCompile(`(c|ch|p|t)$`).MatchString(rime) && tone != "\u0301" && tone != "\u0323" {
				continue
			}
			all = append(all, first+norm.NFC.String(strings.Replace(norm.NFD.String(rime), "\u0301", tone, 1)))
		}
	}
	bright := regexp.MustCompile(`^[íiéế]`)
	for _, first := range strings.Fields(`- b c ch d đ g gh gi h k kh l m n ng ngh nh p ph r s t th tr v x`) {
		for _, rime := range rimes {
			switch first {
			case "c", "g", "ng", "gi":
				if bright.MatchString(rime) {
					continue
				}
			case "k", "gh", "ngh":
				if !bright.MatchString(rime) {
					continue
				}
			case "-":
				if strings.HasPrefix(rime, "iế") {
					rime = "y" + strings.TrimPrefix(rime, "i") // yến, yếu
				}
			}
			add(strings.TrimPrefix(first, "-"), rime)
		}
	}
	for _, rime := range rimesAfterQu {
		add("qu", rime)
	}
	for _, first := range []string{"h", "kh", "th"} {
		add(first, "uớ")
	}
	for _, rime := range strings.Fields(`ín í iếng iếc iết`) {
		add("g", rime) // gìn, gì, giếng
	}
	for _, first := range []string{"", "h", "k", "l", "m", "s", "t", "v"} {
		add(first, "ý")
	}
	return all
}

// Whatever the order of the keys, each syllable of the language comes out as it is written, and so do the words of our own texts; in capitals, too.
func TestTelexTypesEverySyllable(t *testing.T) {
	typing := telexPage(t)
	words := syllables()
	if len(words) < 12000 {
		t.Errorf("%d syllables: too few to be all", len(words))
	}
	own := ourWords(t)
	if len(own) < 400 {
		t.Errorf("%d words of our own texts: too few", len(own))
	}
	words = append(words, own...)
	var typed, want []string
	for _, word := range words {
		for _, way := range telexOf(word) {
			typed, want = append(typed, way), append(want, word)
		}
		if way := telexOf(word)[0]; len(word)%3 == 0 {
			typed, want = append(typed, strings.ToUpper(way)), append(want, strings.ToUpper(word))
		}
	}
	wrong := 0
	for i, got := range typing(typed) {
		if got != want[i] {
			if wrong++; wrong <= 40 {
				t.Errorf("%s gives %q, want %q", typed[i], got, want[i])
			}
		}
	}
	t.Logf("%d syllables and words in %d ways of typing, %d wrong", len(words), len(typed), wrong)
}

// ourWords are the words with marks in the Vietnamese catalogue and the kiosk's questionnaire, without those of several
// syllables in one, which come from other languages and which telex leaves alone: "milimét".
func ourWords(t *testing.T) []string {
	t.Helper()
	word := regexp.MustCompile(`\p{L}+`)
	var all []string
	for _, path := range []string{"templates/i18n/vi.json", "data/instruments/kiosk-2026.json"} {
		b, err := os.ReadFile(filepath.Join(moduleRoot(t), path))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range word.FindAllString(strings.ToLower(string(b)), -1) {
			if w != "milimét" && strings.ContainsFunc(w, func(r rune) bool { return r > 127 && r < 0x2E80 }) {
				all = append(all, w)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// What a table of syllables does not say: taking back, changing one's mind, moving tones, other languages, and what stands before the word.
func TestTelexHabits(t *testing.T) {
	cases := [][2]string{
		{"aaa", "aa"}, {"eee", "ee"}, {"ooo", "oo"}, {"aww", "aw"}, {"oww", "ow"}, {"uww", "uw"}, {"ddd", "dd"},
		{"ass", "as"}, {"aff", "af"}, {"arr", "ar"}, {"axx", "ax"}, {"ajj", "aj"}, {"toanss", "toans"}, {"tieengss", "tiêngs"},
		{"asf", "à"}, {"asz", "a"}, {"az", "az"}, {"aaw", "ă"}, {"awa", "â"}, {"oow", "ơ"}, {"owo", "ô"}, {"uoow", "ươ"}, {"dduwowngfs", "đướng"},
		{"hoas", "hóa"}, {"hoasn", "hoán"}, {"hoef", "hòe"}, {"thuyr", "thủy"}, {"quys", "quý"}, {"gias", "giá"}, {"gisa", "giá"}, {"gif", "gì"}, {"gisup", "giúp"},
		{"thuowr", "thuở"}, {"thuowrng", "thưởng"}, {"huow", "huơ"}, {"dduow", "đươ"}, {"dduongw", "đương"}, {"nhwng", "nhưng"}, {"tw", "tư"}, {"muaw", "mưa"},
		{"hocf", "hocf"}, {"hops", "hóp"}, {"Vieetj Nam", "Việt Nam"}, {"VIEETJ", "VIỆT"}, {"Ddawsk", "Đắk"}, {"DDaf", "Đà"}, {"khoong coos gif", "không cố gì"},
		{"wifi", "wifi"}, {"web", "web"}, {"email", "email"}, {"facebook", "facebook"}, {"zalo", "zalo"}, {"www", "www"}, {"sms", "sms"}, {"xyz", "xyz"},
		{"ki-oots", "ki-ốt"}, {"a.s", "a.s"}, {"20s", "20s"}, {"s", "s"}, {"trs", "trs"}, {"?w", "?w"}, {"ong/baf", "ong/bà"}, {"toots\nquas", "tốt\nquá"},
	}
	typed := make([]string, len(cases))
	for i, c := range cases {
		typed[i] = c[0]
	}
	for i, got := range telexPage(t)(typed) {
		if got != cases[i][1] {
			t.Errorf("%q gives %q, want %q", cases[i][0], got, cases[i][1])
		}
	}
}
