package report

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sipas/survey"
)

// province is the accounts of a whole province: communes, each with every field, and items that one answer in five or every
// answer has.
type province struct {
	domains  []domain
	holders  [][]int
	answers  []map[int]map[int]int // by item
	accounts []*account
	epoch    int
	shown    [][]int // answers at the last epoch at which a domain advanced, by item and domain
}

func newProvince(communes, fields, items int) *province {
	p := &province{domains: []domain{{}}}
	for u := range communes {
		p.domains = append(p.domains, domain{Domain: survey.Domain{Unit: survey.UnitID(fmt.Sprint("u", u))}, family: familyUnit})
	}
	for f := range fields {
		p.domains = append(p.domains, domain{Domain: survey.Domain{Field: fmt.Sprint("f", f)}, family: familyField})
	}
	for u := range communes {
		for f := range fields {
			p.holders = append(p.holders, []int{0, 1 + u, 1 + communes + f})
		}
	}
	for range items {
		p.answers, p.accounts = append(p.answers, map[int]map[int]int{}), append(p.accounts, &account{})
		p.shown = append(p.shown, make([]int, len(p.domains)))
	}
	return p
}

func (p *province) answer(rng *rand.Rand, n int) {
	for range n {
		at, module, web := rng.IntN(len(p.holders)), rng.IntN(5), rng.Float64() < 0.3
		for i, answers := range p.answers {
			if !web && i%5 != module {
				continue
			}
			if answers[at] == nil {
				answers[at] = map[int]int{}
			}
			answers[at][1+rng.IntN(5)]++
		}
	}
}

// show is one epoch of all accounts.
func (p *province) show() error {
	p.epoch++
	return each(context.Background(), 0, len(p.accounts), func(i int) error {
		t := &turn{account: p.accounts[i], least: 15, epoch: p.epoch, domains: p.domains, holders: p.holders}
		t.begin(p.answers[i])
		t.choose(func(int) bool { return false })
		t.end()
		for d := range p.domains {
			if t.advance[d] || t.same[d] {
				p.shown[i][d] = t.total[d]
			}
		}
		return nil
	})
}

// behind counts the figures that are shown, and by how many answers each is behind, at most.
func (p *province) behind() (shown, most int) {
	for i, answers := range p.answers {
		now := make([]int, len(p.domains))
		for at, byCode := range answers {
			for _, d := range p.holders[at] {
				now[d] += total(byCode)
			}
		}
		for d, n := range p.shown[i] {
			if n > 0 {
				shown, most = shown+1, max(most, now[d]-n)
			}
		}
	}
	return shown, most
}

// A province of 126 communes, 30 fields and 25 items: what is decided takes well under a second, what is kept stays small, and every
// figure that was shown keeps up with the answers.
func TestProvince(t *testing.T) {
	p, rng := newProvince(126, 30, 25), rand.New(rand.NewPCG(1, 2))
	p.answer(rng, 4000)
	longest, largest := time.Duration(0), 0
	for step := range 12 {
		p.answer(rng, []int{30, 600}[step%2])
		began := time.Now()
		if err := p.show(); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
		doc, err := json.Marshal(p.accounts)
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, len(doc))
	}
	shown, most := p.behind()
	t.Logf("an epoch takes at most %v, what is kept at most %d bytes; %d figures are shown, at most %d answers behind", longest, largest, shown, most)
	if longest > 5*time.Second || largest > 6<<20 || shown < 3500 || most > 14 {
		t.Error("that is too slow, too large or too far behind")
	}
}

// A live page that is refreshed all through a wave shows nearly what a publication of all answers would: figures of the whole are fresh, and
// those of units are behind by no more than they have to.
func TestLivePageKeepsUp(t *testing.T) {
	w := newWorld(t, setting{units: 6, cases: 4000, seed: 61, bare: true, answer: func(bool) float64 { return 0.6 }})
	w.draw(t, 0.6, 61)
	w.walkIn(300, 61)
	m := storeOf(w)
	all := w.in.Responses
	rand.New(rand.NewPCG(61, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var r *survey.Release
	for n := 90; n <= len(all); n += 90 {
		w.in.Responses = all[:n]
		r, _ = refresh(t, m)
	}
	now, _ := computeWorld(t, w)
	fresh := map[survey.FigureKey]int{}
	for _, f := range now.Figures {
		if f.State == survey.StateProvisional {
			fresh[f.FigureKey] = f.Estimate.N
		}
	}
	items := map[string]bool{}
	for _, f := range w.in.Frameworks {
		for _, l := range f.Root.Leaves() {
			items[l.Code] = true
		}
	}
	type lag struct{ figures, shown, behind, answers, most int }
	lags := map[string]*lag{}
	for _, f := range r.Figures {
		n, could := fresh[f.FigureKey]
		if !could || f.Weighting != survey.Weighted || f.Basis != survey.BasisInvited {
			continue
		}
		kind := "composites"
		if items[f.Node] {
			kind = "indicators"
		}
		if f.Domain == (survey.Domain{}) {
			kind += " of the whole"
		}
		l := lags[kind]
		if l == nil {
			l = &lag{}
			lags[kind] = l
		}
		l.figures++
		if f.State != survey.StateProvisional {
			continue
		}
		l.shown++
		if d := n - f.Estimate.N; d != 0 {
			l.behind, l.answers, l.most = l.behind+1, l.answers+d, max(l.most, d)
		}
	}
	for kind, most := range map[string]int{"indicators of the whole": 29, "composites of the whole": 100, "indicators": 29, "composites": 100} {
		l := lags[kind]
		t.Logf("%s: %d of %d shown, %d behind, by %.1f answers on average, %d at most",
			kind, l.shown, l.figures, l.behind, float64(l.answers)/float64(max(1, l.behind)), l.most)
		if l.shown < l.figures*9/10 || l.most > most {
			t.Errorf("%s lag", kind)
		}
	}
}

// total sums counts by code.
func total(n map[int]int) int {
	sum := 0
	for _, x := range n {
		sum += x
	}
	return sum
}
