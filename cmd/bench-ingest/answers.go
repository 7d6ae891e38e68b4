package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"sipas/survey"
	"sipas/survey/web"
)

// answer is one citizen's, ready to be sent.
type answer struct {
	id      survey.ResponseID // under which it will stand
	given   survey.Day
	kiosk   *kiosk
	modules []string
	said    map[string]int
	body    []byte // of the request
}

// answers makes n complete answers of five items, every second with a token, as many from each kiosk, and seals them. The answers
// come from the seed; ids and seals never do.
func (o *office) answers(n int, seed uint64) ([]answer, error) {
	if 2*len(o.tokens) < n {
		return nil, fmt.Errorf("%d tokens do not do for %d answers", len(o.tokens), n)
	}
	all := make([]answer, n)
	src := rand.New(rand.NewPCG(seed, 1))
	texts := make([][]byte, n)
	now := time.Now()
	for i := range all {
		var err error
		if texts[i], err = o.compose(&all[i], i, src, now); err != nil {
			return nil, err
		}
	}
	failed := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range failed {
		wg.Go(func() {
			// A kiosk seals one answer after another.
			for i := range all {
				if i%len(o.kiosks)%len(failed) == w && failed[w] == nil {
					failed[w] = o.sealOne(&all[i], i, texts[i], now)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// compose answers the questions of one sitting.
func (o *office) compose(a *answer, i int, src *rand.Rand, now time.Time) ([]byte, error) {
	sitting := survey.NewResponseID()
	a.id, a.kiosk = sitting, &o.kiosks[i%len(o.kiosks)]
	at := given(i/len(o.kiosks), now, src)
	a.given = survey.DayOf(at)
	said := web.KioskAnswer{
		ID: string(sitting), Wave: wave, Instrument: o.in.Ref().String(), Revision: 1, Disposition: survey.Complete,
		Language: survey.Vietnamese, Answers: map[string]int{}, At: at.UnixMilli(), Took: 20 + src.IntN(60),
	}
	if i%2 == 0 {
		token := o.tokens[i/2]
		a.id, said.Token = o.key.ResponseID(token), string(token)
	}
	a.modules, a.said = o.in.DrawModules(survey.ModuleDrawOf(sitting)), said.Answers
	for _, item := range o.in.Asked(a.modules) {
		scale, _ := o.in.Scale(item.Scale)
		said.Answers[item.Code] = scale.Levels[src.IntN(len(scale.Levels))].Code
	}
	return json.Marshal(said)
}

// given is when the n-th answer of a kiosk was given: the answers are a backlog of kiosks that had no network. A citizen came every minute
// and a half while the office was open, from the Monday three weeks ago.
func given(n int, now time.Time, src *rand.Rand) time.Time {
	const every, perDay, workdays = 90 * time.Second, 400, 5
	now = now.In(survey.Zone)
	monday := time.Date(now.Year(), now.Month(), now.Day()-21-(int(now.Weekday())+6)%7, 7, 0, 0, 0, survey.Zone)
	day := n / perDay
	return monday.AddDate(0, 0, day/workdays*7+day%workdays).Add(time.Duration(n%perDay)*every + time.Duration(src.Int64N(int64(every/3))))
}

func (o *office) sealOne(a *answer, i int, text []byte, now time.Time) error {
	id, public := o.seal.Public()
	seq := i/len(o.kiosks) + 1
	if a.kiosk.sealer == nil {
		sealer, err := web.NewSealer(public)
		if err != nil {
			return err
		}
		a.kiosk.sealer = sealer
	}
	sealed, err := a.kiosk.sealer.Seal(a.kiosk.queue, seq, text)
	if err != nil {
		return err
	}
	a.body, err = json.Marshal(web.KioskEnvelope{Queue: a.kiosk.queue, Seq: seq, Sent: now.UnixMilli(), Key: id, Sealed: sealed})
	return err
}

// post is a request as it goes over the wire.
func post(host, path, cookie string, body []byte) []byte {
	if cookie != "" {
		cookie = "Cookie: " + cookie + "\r\n"
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n", path, host, cookie, len(body))
	return append([]byte(head), body...)
}
