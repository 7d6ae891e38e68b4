package sqlite

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

// A theft is what somebody holds who took everything but the wave's key: the file, its log, a backup, and the office's list of
// delivered tokens in the order of delivery. The truth is for the test to judge the attempts by.
type theft struct {
	file, log, backup []byte
	delivered         []delivery
	classes           map[survey.ClassID]survey.Class

	// The truth.
	order  map[survey.ResponseID]int // when a response first arrived
	answer map[survey.ResponseID]string
	texts  map[string]int // when a comment arrived
	firsts map[string]int // when the first answer of a stratum came
	key    survey.WaveKey
}

// queueID is the queue of the kiosk at which walk-ins answer.
const queueID = "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5"

// answering is that every third citizen answers.
const answering = 3

type delivery struct {
	dossier string
	token   survey.Token
	class   survey.ClassID
}

// steal lets twelve hundred invited citizens answer in exactly the order in which the office delivered the tokens, the worst case for
// them, with walk-ins between, and takes everything once the file has settled, or before.
func steal(t *testing.T, settled bool) *theft {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sipas.db")
	wait := DefaultSettle
	if !settled {
		wait = time.Hour
	}
	db, err := Open(bg, path, Options{Settle: wait})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	_, invitations, tokens := storetest.PrepareSample(t, db, 10800, 3)
	s := &theft{
		classes: map[survey.ClassID]survey.Class{}, order: map[survey.ResponseID]int{}, answer: map[survey.ResponseID]string{},
		texts: map[string]int{}, firsts: map[string]int{}, key: survey.NewWaveKey(),
	}
	classes, err := db.Classes(bg, storetest.WaveID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range classes {
		s.classes[c.ID] = c
	}
	for _, inv := range invitations {
		s.delivered = append(s.delivered, delivery{inv.Dossier, tokens[inv.Dossier], inv.Class})
	}
	rng := rand.New(rand.NewPCG(5, 6))
	device := storetest.EnrolAt(t, db, storetest.PointID, storetest.Enrolled)
	arrival, seq := 0, 0
	send := func(r survey.Response, comment string) {
		t.Helper()
		r.ContentHash = s.key.ContentHash(&r, comment)
		receipt := survey.Receipt{Response: r, Comment: comment, Day: "2026-08-01"}
		if r.Source == survey.WalkIn {
			// At a kiosk, under the next number of its queue, and every third looks hasty.
			seq++
			receipt.Point, receipt.Delivery = storetest.PointID, &survey.Delivery{Device: device.ID, Queue: queueID, Seq: seq}
			if seq%3 == 0 {
				receipt.Signals = []survey.Signal{survey.SignalHasty}
			}
		}
		if _, err := db.SaveReceipt(bg, receipt); err != nil {
			t.Fatal(err)
		}
		if _, seen := s.order[r.ID]; !seen {
			s.order[r.ID] = arrival
		}
		if comment != "" && r.Disposition == survey.Complete {
			s.texts[comment] = arrival
		}
		k := fmt.Sprintf("%s %s %s %s %s %s", r.Wave, r.Source, r.Class, r.Unit, r.Month, r.Mode)
		if _, seen := s.firsts[k]; !seen {
			s.firsts[k] = arrival
		}
		arrival++
	}
	for i, d := range s.delivered {
		if i%answering != 0 {
			continue
		}
		r := storetest.InvitedResponse(s.key.ResponseID(d.token), d.class)
		s.answer[r.ID] = d.dossier
		r.Language = survey.Languages()[rng.IntN(3)]
		for item := range r.Answers {
			r.Answers[item] = 1 + rng.IntN(5)
		}
		if rng.IntN(12) == 0 {
			draft := r
			draft.Disposition, draft.Answers = survey.Partial, map[string]int{"overall": 1}
			send(draft, "")
			r.Revision = 2
		}
		comment := ""
		if rng.IntN(2) == 0 {
			comment = fmt.Sprintf("góp ý %x %s", rng.Uint64(), strings.Repeat("ạ", rng.IntN(60)))
		}
		send(r, comment)
		if rng.IntN(5) == 0 {
			w := storetest.WalkInResponse(survey.NewResponseID(), storetest.UnitB)
			w.Answers["overall"] = 1 + rng.IntN(5)
			// Many strata, so that the places of their rows could tell something.
			w.Month = fmt.Sprintf("202%d-%02d", rng.IntN(7), 1+rng.IntN(12))
			send(w, "")
		}
	}
	if settled {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			log, err := os.Stat(path + "-wal")
			if err == nil && log.Size() == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the log was never emptied")
			}
		}
	} else if err := copyAll(db); err != nil {
		t.Fatal(err)
	}
	s.file, s.log = read(t, path), read(t, path+"-wal")
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := db.Backup(bg, backup); err != nil {
		t.Fatal(err)
	}
	s.backup = read(t, backup)
	return s
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// arrival returns when the response or comment of a row came, or the first answer of its stratum, and whether the row is of a kind that matters.
func (s *theft) arrival(table string, c cell) (int, bool) {
	var when int
	var known bool
	switch table {
	case "response":
		when, known = s.order[survey.ResponseID(c.text(0))]
	case "comment":
		when, known = s.texts[c.text(4)]
	case "stratum":
		when, known = s.firsts[c.text(0)]
	}
	return when, known
}

// traceable is from how many standard errors on the order of arrival counts as told. Chance goes that far less than once in ten thousand.
const traceable = 4

// layout asks whether the places of rows on their pages tell when they came. SQLite puts a new row below all others of its page,
// until it writes the page afresh; so it looks at the lowest rows of each page. It returns Kendall's tau over their pairs, 1 when the
// later row always lies lower and 0 when places tell nothing, and how many standard errors that is from nothing.
func (s *theft) layout(t *testing.T, content []byte, table string) (tau, z float64) {
	t.Helper()
	const lowest = 7
	type row struct{ offset, when int }
	pages := map[int][]row{}
	for _, c := range parseFile(t, content).rows(table) {
		if when, known := s.arrival(table, c); known {
			pages[c.page] = append(pages[c.page], row{c.offset, when})
		}
	}
	score, pairs, variance := 0.0, 0.0, 0.0
	for _, rows := range pages {
		slices.SortFunc(rows, func(a, b row) int { return a.offset - b.offset })
		rows = rows[:min(lowest, len(rows))]
		for i, high := range rows {
			for _, low := range rows[:i] {
				pairs++
				switch {
				case low.when > high.when:
					score++
				case low.when < high.when:
					score--
				}
			}
		}
		// The variance of Kendall's score of n ranks in random order.
		n := float64(len(rows))
		variance += n * (n - 1) * (2*n + 5) / 18
	}
	if pairs == 0 {
		t.Fatalf("table %s has no two rows on one page", table)
	}
	return score / pairs, score / math.Sqrt(variance)
}

// spearman is the rank correlation of two sequences without regard to ties.
func spearman(a, b []float64) float64 {
	ranks := func(x []float64) []float64 {
		index := make([]int, len(x))
		for i := range index {
			index[i] = i
		}
		slices.SortStableFunc(index, func(i, j int) int {
			switch {
			case x[i] < x[j]:
				return -1
			case x[i] > x[j]:
				return 1
			}
			return 0
		})
		r := make([]float64, len(x))
		for rank, i := range index {
			r[i] = float64(rank)
		}
		return r
	}
	ra, rb := ranks(a), ranks(b)
	n := float64(len(a))
	sum := 0.0
	for i := range ra {
		sum += (ra[i] - rb[i]) * (ra[i] - rb[i])
	}
	return 1 - 6*sum/(n*(n*n-1))
}

// TestAnswersCannotBeJoined makes the attempts of a thief who holds everything but the key, and expects each to do no better than chance.
func TestAnswersCannotBeJoined(t *testing.T) {
	s := steal(t, true)
	if len(s.log) != 0 {
		t.Errorf("the settled log holds %d bytes", len(s.log))
	}
	for _, copied := range []struct {
		name    string
		content []byte
	}{{"file", s.file}, {"backup", s.backup}} {
		t.Run(copied.name, func(t *testing.T) {
			t.Run("by id", func(t *testing.T) { s.attemptID(t, copied.content) })
			t.Run("by hash of the content", func(t *testing.T) { s.attemptContent(t, copied.content) })
			t.Run("by order", func(t *testing.T) { s.attemptOrder(t, copied.content) })
			t.Run("by matching ranks", func(t *testing.T) { s.attemptMatching(t, copied.content) })
			t.Run("by time", func(t *testing.T) { s.attemptTime(t, copied.content) })
			t.Run("by number of the queue", func(t *testing.T) { s.attemptNumber(t, copied.content) })
			t.Run("by elimination", func(t *testing.T) { s.attemptElimination(t, copied.content) })
			t.Run("by what was deleted", func(t *testing.T) { s.attemptRemains(t, copied.content) })
		})
	}
}

// TestAttemptsHavePower makes the same attempts where they must succeed: with the key, and on a file that was not settled. Without this
// the test above could pass because its attempts are feeble.
func TestAttemptsHavePower(t *testing.T) {
	s := steal(t, false)
	sum := 0.0
	for _, table := range []string{"response", "comment", "stratum"} {
		tau, z := s.layout(t, s.file, table)
		t.Logf("%s: tau %.3f, z %.1f", table, tau, z)
		if table != "stratum" {
			sum += z
		}
	}
	if z := sum / math.Sqrt2; z < traceable {
		t.Errorf("the places in a file that was not settled tell the order of arrival with only %.1f standard errors", z)
	}
	hits := 0
	stored := map[string]bool{}
	for _, c := range parseFile(t, s.file).rows("response") {
		stored[c.text(0)] = true
	}
	for _, d := range s.delivered {
		if stored[string(s.key.ResponseID(d.token))] {
			hits++
		}
	}
	if hits != len(s.answer) {
		t.Errorf("with the key %d of %d answers were joined", hits, len(s.answer))
	}
}

// guesses are what somebody might try as the way from a token to an id.
func guesses(token survey.Token, class survey.ClassID, dossier string) []string {
	var all []string
	add := func(b []byte) { all = append(all, hex.EncodeToString(b)) }
	for _, text := range []string{
		string(token), "response\x00" + string(token), "content\x00" + string(token), string(token.Hash()), dossier,
		string(storetest.WaveID) + string(token), string(token) + string(storetest.WaveID), string(token) + dossier, string(class) + string(token),
	} {
		all = append(all, text)
		h1, h2, h3, h4 := sha256.Sum256([]byte(text)), sha1.Sum([]byte(text)), md5.Sum([]byte(text)), sha512.Sum512([]byte(text))
		add(h1[:])
		add(h2[:])
		add(h3[:])
		add(h4[:])
		h5 := sha256.Sum256(h1[:])
		add(h5[:])
	}
	for _, key := range [][]byte{nil, make([]byte, 32), []byte(storetest.WaveID), []byte("sipas"), []byte(class), []byte(dossier), []byte(token.Hash())} {
		for _, text := range []string{string(token), "response\x00" + string(token)} {
			m := hmac.New(sha256.New, key)
			m.Write([]byte(text))
			add(m.Sum(nil))
		}
	}
	return all
}

func (s *theft) attemptID(t *testing.T, content []byte) {
	stored := map[string]bool{}
	for _, c := range parseFile(t, content).rows("response") {
		stored[c.text(0)] = true
		stored[c.text(15)] = true
		stored[c.text(15)[:32]] = true
	}
	for i, d := range s.delivered {
		if bytes.Contains(content, []byte(d.token)) {
			t.Fatal("a token stands in the file")
		}
		if i%answering != 0 {
			// Nobody answered with this token, so no guess could hit.
			continue
		}
		for _, g := range guesses(d.token, d.class, d.dossier) {
			if stored[g] || len(g) >= 32 && stored[g[:32]] {
				t.Fatalf("%s is the id or hash of a response", g)
			}
		}
	}
	if bytes.Contains(content, s.key[:]) || bytes.Contains(content, []byte(hex.EncodeToString(s.key[:]))) {
		t.Fatal("the key stands in the file")
	}
}

// attemptContent tries to join comments to answers by the stored digest: whoever guesses the digest's text would see the comment fit.
func (s *theft) attemptContent(t *testing.T, content []byte) {
	f := parseFile(t, content)
	comments := []string{""}
	for _, c := range f.rows("comment") {
		comments = append(comments, c.text(4))
	}
	for _, c := range f.rows("response")[:30] {
		var answers map[string]int
		var modules []string
		if err := json.Unmarshal([]byte(c.text(13)), &answers); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(c.text(10)), &modules); err != nil {
			t.Fatal(err)
		}
		r := survey.Response{Instrument: survey.InstrumentRef{ID: c.text(2), Version: 1}, Modules: modules,
			Disposition: survey.Disposition(c.text(12)), Language: survey.Lang(c.text(9)), Answers: answers}
		for _, comment := range comments {
			if (survey.WaveKey{}).ContentHash(&r, comment) == c.text(15) {
				t.Fatal("the digest of the content was made without the key")
			}
		}
	}
}

// attemptOrder looks for the order of arrival in keys, in pages and within pages.
func (s *theft) attemptOrder(t *testing.T, content []byte) {
	f := parseFile(t, content)
	for _, table := range []string{"response", "comment", "stratum"} {
		tau, z := s.layout(t, content, table)
		t.Logf("%s: tau %.3f, z %.1f", table, tau, z)
		if math.Abs(z) > traceable {
			t.Errorf("%s: the places on a page tell the order of arrival: tau %.3f, %.1f standard errors from nothing", table, tau, z)
		}
		if table == "stratum" {
			// Its key is its content.
			continue
		}
		var keys, places, when []float64
		for i, c := range f.rows(table) {
			if w, known := s.arrival(table, c); known {
				keys, places, when = append(keys, float64(i)), append(places, float64(c.page*f.pageSize+c.offset)), append(when, float64(w))
			}
		}
		bound := 4.5 / math.Sqrt(float64(len(when)-1))
		for name, x := range map[string][]float64{"key": keys, "place in the file": places} {
			if rho := spearman(x, when); math.Abs(rho) > bound {
				t.Errorf("%s: the %s tells the order of arrival: rho %.3f, bound %.3f", table, name, rho, bound)
			}
		}
	}
	db := openCopy(t, content)
	for name := range f.roots() {
		if _, err := db.Exec("SELECT rowid FROM " + quote(name)); err == nil {
			t.Errorf("table %s has row numbers", name)
		}
	}
}

// attemptMatching pairs, class by class, the responses in every order that the file has with the dossiers in every order that the thief has.
func (s *theft) attemptMatching(t *testing.T, content []byte) {
	f := parseFile(t, content)
	byClass := map[survey.ClassID][]cell{}
	for _, c := range f.rows("response") {
		if c.text(5) == string(survey.Invited) {
			byClass[survey.ClassID(c.text(6))] = append(byClass[survey.ClassID(c.text(6))], c)
		}
	}
	invited := map[survey.ClassID][]delivery{}
	for _, d := range s.delivered {
		invited[d.class] = append(invited[d.class], d)
	}
	chance := 0.0
	for class, cells := range byClass {
		chance += float64(len(cells)) / float64(len(invited[class]))
	}
	// Hits by chance are few and independent: this many more come once in millions of attempts.
	bound := chance + 6*math.Sqrt(chance) + 4
	responseOrders := map[string]func(a, b cell) int{
		"key":          func(a, b cell) int { return strings.Compare(a.text(0), b.text(0)) },
		"place":        func(a, b cell) int { return a.page*f.pageSize + a.offset - b.page*f.pageSize - b.offset },
		"place upward": func(a, b cell) int { return (a.page-b.page)*f.pageSize + b.offset - a.offset },
		"digest":       func(a, b cell) int { return strings.Compare(a.text(15), b.text(15)) },
		"answers":      func(a, b cell) int { return strings.Compare(a.text(13), b.text(13)) },
	}
	dossierOrders := map[string]func(a, b delivery) int{
		"delivery": func(a, b delivery) int { return 0 },
		"dossier":  func(a, b delivery) int { return strings.Compare(a.dossier, b.dossier) },
		"token":    func(a, b delivery) int { return strings.Compare(string(a.token), string(b.token)) },
		"hash":     func(a, b delivery) int { return strings.Compare(string(a.token.Hash()), string(b.token.Hash())) },
	}
	for rname, r := range responseOrders {
		for dname, d := range dossierOrders {
			hits := 0
			for class, cells := range byClass {
				cells, candidates := slices.SortedStableFunc(slices.Values(cells), r), slices.SortedStableFunc(slices.Values(invited[class]), d)
				for i, c := range cells {
					guess := candidates[i*len(candidates)/len(cells)]
					if s.answer[survey.ResponseID(c.text(0))] == guess.dossier {
						hits++
					}
				}
			}
			if float64(hits) > bound {
				t.Errorf("responses by %s, dossiers by %s: %d hits, by chance %.1f", rname, dname, hits, chance)
			}
		}
	}
}

var clockTime = regexp.MustCompile(`\d\d:\d\d|\d{4}-\d\d-\d\dT|\d{9,}`)

// attemptTime looks in every column of what answering writes for a time, or for anything that grows with the answers.
func (s *theft) attemptTime(t *testing.T, content []byte) {
	f := parseFile(t, content)
	for _, table := range []string{"response", "comment", "stratum", "day_count", "delivery", "signal_count"} {
		rows := f.rows(table)
		for column := range rows[0].values {
			key := table == "response" && (column == 0 || column == 15) || table == "comment" && (column == 0 || column == 4)
			var values, when []float64
			for _, c := range rows {
				number, isNumber := c.values[column].(int64)
				if isNumber && number > 1e6 {
					t.Errorf("%s, column %d: %d may be a time", table, column, number)
				}
				if !key && clockTime.MatchString(c.text(column)) {
					t.Errorf("%s, column %d: %q may be a time", table, column, c.text(column))
				}
				if w, known := s.arrival(table, c); known && table != "stratum" {
					values, when = append(values, textRank(c.values[column])), append(when, float64(w))
				}
			}
			if len(when) == 0 || slices.Min(values) == slices.Max(values) {
				continue
			}
			// Classes are unequal over time only by the order of delivery, which goes round the units.
			if rho := spearman(values, when); math.Abs(rho) > 5/math.Sqrt(float64(len(when)-1)) {
				t.Errorf("%s, column %d grows with the order of arrival: rho %.3f", table, column, rho)
			}
		}
	}
}

// attemptNumber asks what the file says of the numbers of a kiosk's queue: one stretch for all of them, no time of an answer, and no mark on
// a response that would tell which number it had.
func (s *theft) attemptNumber(t *testing.T, content []byte) {
	f := parseFile(t, content)
	walkIns, suspects := 0, 0
	for _, c := range f.rows("response") {
		if c.text(5) == string(survey.WalkIn) {
			walkIns++
			suspects += int(c.values[14].(int64))
		}
	}
	// queue, first, last
	stretches := f.rows("delivery")
	if len(stretches) != 1 || stretches[0].values[1] != int64(1) || stretches[0].values[2] != int64(walkIns) {
		t.Errorf("%d walk-ins left %d stretches in the ledger: %v", walkIns, len(stretches), stretches)
	}
	// id, device, begun, beat
	if queues := f.rows("queue"); len(queues) != 1 || queues[0].values[2] != int64(0) || queues[0].text(3) != "" {
		t.Errorf("answering left a time in the queue: %v", queues)
	}
	// wave, unit, point, month, signal, n
	if counts := f.rows("signal_count"); len(counts) != 1 || counts[0].text(3) != "2026-08" || counts[0].values[5] != int64(suspects) || suspects == 0 {
		t.Errorf("%d suspect responses, counted as %v", suspects, counts)
	}
	if n := bytes.Count(content, []byte(queueID)); n != 2 {
		t.Errorf("the queue's name stands %d times in the file, want once as a queue and once in the ledger", n)
	}
}

// textRank maps a value to a number whose order is roughly the value's.
func textRank(v any) float64 {
	if n, isNumber := v.(int64); isNumber {
		return float64(n)
	}
	text, _ := v.(string)
	rank := 0.0
	for i := range 6 {
		rank *= 256
		if i < len(text) {
			rank += float64(text[i])
		}
	}
	return rank
}

// attemptElimination counts who is left as the possible author of each response.
func (s *theft) attemptElimination(t *testing.T, content []byte) {
	f := parseFile(t, content)
	invited := map[string]int{}
	for _, c := range f.rows("invitation") {
		invited[c.text(3)]++
	}
	for _, c := range f.rows("response") {
		class := c.text(6)
		if c.text(5) == string(survey.WalkIn) {
			if class != "" || len(c.text(8)) != len("2026-08") {
				t.Errorf("a walk-in says class %q, month %q", class, c.text(8))
			}
			continue
		}
		if invited[class] < survey.DefaultRules().MinInvited || invited[class] != s.classes[survey.ClassID(class)].Invited {
			t.Errorf("a response is one of only %d invited in class %s", invited[class], class)
		}
		if c.text(7) != "" || c.text(8) != "" {
			t.Errorf("an invited response says unit %q, month %q", c.text(7), c.text(8))
		}
	}
	answered, silent := map[string]bool{}, map[string]bool{}
	for _, dossier := range s.answer {
		answered[dossier] = true
	}
	for _, d := range s.delivered {
		if !answered[d.dossier] {
			silent[d.dossier] = true
		}
	}
	// What the file says of a dossier is as much for those who answered as for those who did not.
	mentions := func(dossiers map[string]bool) int {
		n := -1
		for _, d := range slices.Sorted(maps.Keys(dossiers))[:100] {
			c := bytes.Count(content, []byte(d))
			if n >= 0 && c != n {
				t.Fatalf("dossiers are mentioned %d and %d times", n, c)
			}
			n = c
		}
		return n
	}
	if a, b := mentions(answered), mentions(silent); a != b {
		t.Errorf("who answered is mentioned %d times, who did not %d times", a, b)
	}
}

// attemptRemains looks for what drafts and rearranging left behind: every response stands in the file once.
func (s *theft) attemptRemains(t *testing.T, content []byte) {
	for id := range s.order {
		if n := bytes.Count(content, []byte(id)); n != 1 {
			t.Fatalf("a response stands %d times in the file", n)
		}
	}
	for text := range s.texts {
		if n := bytes.Count(content, []byte(text)); n != 1 {
			t.Fatalf("a comment stands %d times in the file", n)
		}
	}
	if bytes.Contains(content, []byte(`"partial"`)) || bytes.Contains(content, []byte("~2026-q3")) {
		t.Error("remains of rearranging stand in the file")
	}
	if bytes.Equal(content, s.backup) {
		// What building a backup leaves on the last page of a tree is of rows in key order.
		return
	}
	// Between the pointers of a page and its first row nothing means anything, so nothing may stand there.
	f := parseFile(t, content)
	for name := range f.roots() {
		for _, n := range f.pagesOf(name) {
			p := f.page(n)
			head := map[byte]int{interiorIndex: 12, leafIndex: 8}[p[0]]
			if head == 0 {
				continue
			}
			unused := p[head+2*int(binary.BigEndian.Uint16(p[3:])) : binary.BigEndian.Uint16(p[5:])]
			if len(bytes.Trim(unused, "\x00")) > 0 {
				t.Errorf("page %d of %s has remains between its rows", n, name)
			}
		}
	}
}
