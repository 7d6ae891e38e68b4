package main

import (
	"math"
	"slices"

	"sipas/survey"
)

// trait is how an item is answered in the demonstration, in ten-thousandths.
type trait struct {
	code string
	// good is the chance of an answer 4 or 5 for a dossier in time, and loss what a late one takes from it.
	good, loss int
	// shared is the chance that an item is answered out of the general mood of the applicant rather than by itself: it is what
	// ties the items to each other, and each of them to overall satisfaction.
	shared int
	// unknown and beside are the chances of "no opinion" and "does not apply".
	unknown, beside int
}

// items are the items of the instruments, the satisfaction items first.
var items = [...]trait{
	{"overall", 8850, 3200, whole, 0, 0},
	{"s24", 8900, 1200, 3500, 300, 0},
	{"s25", 8600, 1200, 3000, 300, 0},
	{"s26", 8500, 1300, 3500, 400, 0},
	{"s27", 9000, 2000, 4500, 300, 0},
	{"s28", 8900, 2500, 5500, 200, 0},
	{"s29", 9300, 1500, 3500, 200, 1500},
	{"s30", 9000, 5000, 6500, 150, 0},
	{"s31", 9000, 2200, 6000, 100, 0},
	{"s32", 8500, 2900, 6500, 100, 0},
	{"s33", 9000, 2900, 6000, 200, 0},
	{"s34", 9200, 5600, 6500, 100, 0},
	{"s35", 9100, 3200, 6000, 150, 0},
	{"s36", 9000, 3000, 6000, 200, 0},
	{"s37", 8400, 2200, 4000, 700, 0},
	{"s38", 8500, 2900, 4500, 600, 2500},
	{"s39", 8400, 3300, 4500, 600, 2500},
	{"law1", 0, 0, 2000, 200, 0},
	{"law3", 6800, 2600, 3000, 200, 0},
	{"law4", 7200, 1800, 2500, 200, 0},
	{"law7", 0, 0, 4000, 150, 0},
}

// firstLaw is the position of the first item that the law scores with 2, 1 or 0.
const firstLaw = 17

func itemAt(code string) int {
	return slices.IndexFunc(items[:], func(t trait) bool { return t.code == code })
}

// The chances of answering an invitation, in ten-thousandths. They depend on what the register knows of
// everybody and on nothing that only the answers tell; lateness does most.
const (
	respondOnTime  = 3950
	respondLate    = 1600
	respondUndated = 3000
)

// state fixes the truth: the answers of every transaction, and how likely they are to be given.
func (w *world) state(d dice) {
	w.answers = make([][len(items)]int8, len(w.Register))
	w.respond = make([]int, len(w.Register))
	w.web = make([]int, len(w.Register))
	byName := map[string]field{}
	for _, f := range fields {
		byName[f.name] = f
	}
	for i, t := range w.Register {
		o, f := &w.Offices[w.office[i]], byName[t.Field]
		mood := d.below(whole)
		for j, it := range items {
			// The same number of draws for every item, so that a changed trait leaves the other answers alone.
			gap, own, ofMood := d.below(whole), d.below(whole), d.hits(it.shared)
			if ofMood {
				own = mood
			}
			w.answers[i][j] = int8(w.answer(t, w.late[i], j, o.Satisfaction+o.Items[j]+f.satisfaction, own, gap))
		}
		w.respond[i], w.web[i] = willingness(w.late[i], t.Channel)
		w.respond[i] += f.response
	}
}

// willingness is the chance that an applicant answers an invitation, and that the answer then comes by the web.
func willingness(late survey.Lateness, channel survey.Channel) (respond, web int) {
	switch late {
	case survey.Late:
		respond = respondLate
	case survey.Undated:
		respond = respondUndated
	default:
		respond = respondOnTime
	}
	switch channel {
	case survey.ChannelOnline:
		return respond + 250, 9200
	case survey.ChannelPost:
		return respond - 250, 8500
	}
	return respond, 7500
}

// answer is the true answer of a transaction to an item. The mood runs from the most content at zero to the least content.
func (w *world) answer(t survey.Transaction, late survey.Lateness, item, shift, mood, gap int) int {
	it := items[item]
	open := t.Returned == ""
	switch {
	case it.code == "law1" && open, it.code == "law7" && late == survey.Late && mood < 7000,
		open && (it.code == "s34" || it.code == "s35" || it.code == "s36" || it.code == "s39"):
		return survey.AnswerNotApply
	case gap < it.unknown, t.Channel == survey.ChannelOnline && (it.code == "s24" || it.code == "s25" || it.code == "s26") && gap < 1000:
		return survey.AnswerDontKnow
	case gap < it.unknown+it.beside:
		return survey.AnswerNotApply
	}
	if item >= firstLaw {
		best, middle := legal(it, t, late)
		switch {
		case mood < best+shift:
			return 2
		case mood < best+shift+middle:
			return 1
		}
		return 0
	}
	good := it.good + shift
	switch late {
	case survey.Late:
		good -= it.loss
	case survey.Undated:
		good -= it.loss / 5
	}
	if t.Channel == survey.ChannelOnline {
		good += 100
	}
	good = min(max(good, 300), 9850)
	if mood < good*36/100 {
		return 5
	}
	if mood < good {
		return 4
	}
	switch rest := (mood - good) * whole / (whole - good); {
	case rest < 6000:
		return 3
	case rest < 8800:
		return 2
	}
	return 1
}

// legal returns the chances of the best and the middle answer to an item that the law scores.
func legal(it trait, t survey.Transaction, late survey.Lateness) (best, middle int) {
	early := t.Returned != "" && t.Due != "" && t.Returned < t.Due
	switch it.code {
	case "law1":
		switch {
		case late == survey.Late:
			return 200, 600
		case late == survey.Undated:
			return 2500, 5500
		case early:
			return 8500, 1400
		}
		return 1200, 8000
	case "law7":
		switch {
		case late == survey.Late:
			return 0, 0
		case early:
			return 7800, 1900
		}
		return 800, 8700
	}
	best, middle = it.good, (whole-it.good)*7/10
	if late == survey.Late {
		best -= it.loss
	}
	return best, middle
}

// truth is the value that an indicator has in a part of the register, from the true answers of every transaction in it:
// NaN when nobody has a valid answer. It is what the estimate of the same figure should find.
func (w *world) truth(v *survey.LeafValue, in survey.Domain) float64 {
	item := itemAt(v.Item)
	if item < 0 {
		return math.NaN()
	}
	valid, sum := 0, 0
	for i := range w.Register {
		t := &w.Register[i]
		if (in.Unit != "" && t.Unit != in.Unit) || (in.Field != "" && t.Field != in.Field) {
			continue
		}
		code := int(w.answers[i][item])
		if code < 0 {
			continue
		}
		valid++
		switch {
		case v.Kind != "share":
			sum += code
		case slices.Contains(v.Codes, code):
			sum++
		}
	}
	if valid == 0 {
		return math.NaN()
	}
	mean := float64(sum) / float64(valid)
	if v.Bounds == nil {
		return mean
	}
	mean = (mean - v.Bounds.Min) / (v.Bounds.Max - v.Bounds.Min)
	if v.Direction == "down" {
		mean = 1 - mean
	}
	return mean
}
