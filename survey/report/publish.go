package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sipas/survey"
)

// Publisher is what Publish needs of a store; every survey.Store is one.
type Publisher interface {
	Source
	InstrumentHash(ctx context.Context, ref survey.InstrumentRef) (string, error)
	FrameworkHash(ctx context.Context, ref survey.FrameworkRef) (string, error)
	PublishRelease(ctx context.Context, by survey.Actor, r *survey.Release) (*survey.Publication, error)
}

// PublishOptions is what is decided by whoever publishes.
type PublishOptions struct {
	// Reason says why a later release takes the place of the one before. The first of a wave has none.
	Reason  string
	Program string // the version of the program
	// Number is the number that the release is expected to have; 0 expects none. Another one is CodeReleasedMeanwhile.
	Number    int
	Publisher survey.Text // empty means the province's name
	License   string      // empty means DefaultLicense
}

// DefaultLicense is Creative Commons Attribution 4.0: everybody may use the figures who names the publisher.
const DefaultLicense = "https://creativecommons.org/licenses/by/4.0/"

// Publish makes the wave's next release from all rows at once and stores it for good: the one way in which the page and the
// command line alike come to a published release.
//
// When neither the data nor the rules nor the program changed since the newest release, that one is returned, and fresh is false. A release
// that takes the place of another one needs a reason (CodeReasonRequired). A wave without a register is CodeRegisterEmpty, one without
// answers CodeNoAnswers.
func Publish(ctx context.Context, store Publisher, by survey.Actor, wave survey.WaveID, o PublishOptions, now time.Time, progress Progress) (r *survey.Release, fresh bool, err error) {
	const op = "publish release"
	before, err := store.Release(ctx, wave, survey.StatePublished)
	if err != nil && !survey.IsCode(err, survey.CodeNotFound) {
		return nil, false, fmt.Errorf("%s: %w", op, err)
	}
	if err != nil {
		before = nil
	}
	for tries := 1; ; tries++ {
		r, err = next(ctx, store, wave, before, o, now, progress)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", op, err)
		}
		if r == before {
			return before, false, nil
		}
		_, err = store.PublishRelease(ctx, by, r)
		if err == nil {
			return r, true, nil
		}
		// Somebody else showed something meanwhile, which this was not computed from.
		if !survey.IsCode(err, survey.CodeConflict) || tries == mostTries {
			return nil, false, fmt.Errorf("%s: %w", op, err)
		}
	}
}

// next makes the release that comes after the newest one, which is nil where there is none; the newest itself when nothing changed.
func next(ctx context.Context, store Publisher, wave survey.WaveID, before *survey.Release, o PublishOptions, now time.Time, progress Progress) (*survey.Release, error) {
	number := 1
	if before != nil {
		number = before.Number + 1
	}
	in, err := Load(ctx, store, wave)
	if err != nil {
		return nil, err
	}
	in.Program, in.MadeAt = o.Program, now.UTC().Truncate(time.Second)
	reason := ""
	if before != nil {
		if before.Program == in.Program && before.DataHash == dataHash(in) {
			return before, nil
		}
		if reason, err = survey.ParseReason(o.Reason); err != nil {
			return nil, err
		}
	}
	if o.Number != 0 && o.Number != number {
		return nil, &survey.Error{Code: survey.CodeReleasedMeanwhile, Op: "publish release", Params: map[string]string{"wave": string(wave)}}
	}
	r, err := published(ctx, store, in, o, progress)
	if err != nil {
		return nil, err
	}
	r.Number, r.Reason = number, reason
	if before != nil {
		r.Supersedes = before.Number
	}
	r.ID = publishedID(r)
	return r, nil
}

// LiveOf returns the figures of a published release as the live ones of a wave that has none yet, so that they need not be computed twice:
// publishing changes the state of figures and nothing else. They show nothing that the release does not.
func LiveOf(r *survey.Release) *survey.Release {
	live := *r
	live.State, live.Disclosed = survey.StateProvisional, nil
	live.Number, live.Supersedes, live.Reason, live.ContentHash, live.WeightsHash, live.Context = 0, 0, "", "", "", nil
	if r.Recipe != nil {
		// As a live release has it: see survey.Recipe.
		recipe := *r.Recipe
		recipe.Targets, recipe.Method = nil, nil
		recipe.Frameworks, recipe.Instruments = withoutHashes(recipe.Frameworks), withoutHashes(recipe.Instruments)
		live.Recipe = &recipe
	}
	provisional := func(f survey.Figure) survey.Figure {
		if f.State == survey.StatePublished {
			f.State = survey.StateProvisional
		}
		return f
	}
	live.Figures = make([]survey.Figure, len(r.Figures))
	for i, f := range r.Figures {
		live.Figures[i] = provisional(f)
	}
	live.Flags = slices.Clone(r.Flags)
	for i := range live.Flags {
		live.Flags[i].Figure = provisional(live.Flags[i].Figure)
	}
	live.WithoutSuspect = slices.Clone(r.WithoutSuspect)
	for i, c := range live.WithoutSuspect {
		live.WithoutSuspect[i].With, live.WithoutSuspect[i].Without = provisional(c.With), provisional(c.Without)
	}
	live.ID = releaseID(&live, nil)
	return &live
}

func withoutHashes(documents []survey.DocumentHash) []survey.DocumentHash {
	out := slices.Clone(documents)
	for i := range out {
		out[i].SHA256 = ""
	}
	return out
}

// published computes what a release says: everything but its place in the wave.
func published(ctx context.Context, store Publisher, in *Input, o PublishOptions, progress Progress) (*survey.Release, error) {
	r, weights, err := compute(ctx, in, survey.StatePublished, progress)
	if err != nil {
		return nil, err
	}
	r.WeightsHash = weightsHash(weights)
	if err := completeRecipe(ctx, store, in, r); err != nil {
		return nil, err
	}
	r.Context = releaseContext(in, r, o)
	return r, nil
}

// publishedID names a published release by its place and its data, so that the same release has the same name in every copy of a database.
func publishedID(r *survey.Release) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"published", string(r.Wave), strconv.Itoa(r.Number), r.DataHash, r.Program}, "\x00")))
	return hex.EncodeToString(sum[:])[:16]
}

// weightsHash is the SHA-256 of the weights in key order, one line for each respondent.
func weightsHash(w *Weights) string {
	h := sha256.New()
	fmt.Fprintln(h, "modules", strings.Join(w.Modules, " "))
	for _, row := range w.Rows {
		fmt.Fprint(h, row.Source, " ", row.Response)
		for _, x := range row.Weights {
			fmt.Fprint(h, " ", strconv.FormatFloat(x, 'g', -1, 64))
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// completeRecipe adds what was in the documents, and the method.
func completeRecipe(ctx context.Context, store Publisher, in *Input, r *survey.Release) (err error) {
	r.Recipe.Targets, r.Recipe.Method = in.Wave.Targets, methodText(in.Wave.Rules, &r.Weighting)
	for i := range r.Recipe.Frameworks {
		d := &r.Recipe.Frameworks[i]
		if d.SHA256, err = store.FrameworkHash(ctx, survey.FrameworkRef{ID: d.ID, Version: d.Version}); err != nil {
			return err
		}
	}
	for i := range r.Recipe.Instruments {
		d := &r.Recipe.Instruments[i]
		if d.SHA256, err = store.InstrumentHash(ctx, survey.InstrumentRef{ID: d.ID, Version: d.Version}); err != nil {
			return err
		}
	}
	return nil
}

// releaseContext writes down the names that the release's figures have today.
func releaseContext(in *Input, r *survey.Release, o PublishOptions) *survey.Context {
	w := in.Wave
	out := &survey.Context{
		Title: w.Title, From: w.From, To: w.To, Province: w.Province, Publisher: o.Publisher, License: cmp.Or(o.License, DefaultLicense),
	}
	wanted := map[survey.UnitID]bool{w.Province: true}
	for i := range r.Figures {
		wanted[r.Figures[i].Domain.Unit] = true
	}
	for _, u := range in.Units {
		if !wanted[u.ID] {
			continue
		}
		out.Units = append(out.Units, survey.NamedUnit{ID: u.ID, Code: u.Code, Kind: u.Kind, Name: u.Name})
		if u.ID == w.Province && len(out.Publisher) == 0 {
			out.Publisher = u.Name
		}
	}
	slices.SortFunc(out.Units, func(a, b survey.NamedUnit) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for _, f := range in.Frameworks {
		named := survey.NamedFramework{ID: f.ID, Version: f.Version, Title: f.Title, Measure: f.Measure, Decimals: f.Decimals}
		f.Walk(func(n *survey.Node, above []*survey.Node) {
			node := survey.NamedNode{Code: n.Code, Kind: n.Kind, Label: n.Label}
			if len(above) > 0 {
				node.Above = above[len(above)-1].Code
			}
			named.Nodes = append(named.Nodes, node)
		})
		for _, d := range f.Derived {
			named.Nodes = append(named.Nodes, survey.NamedNode{Code: d.Code, Kind: survey.NodeIndex, Label: d.Label})
		}
		out.Frameworks = append(out.Frameworks, named)
	}
	out.Headline = headlineOf(r, out.Frameworks[0])
	return out
}

// headlineOf names the highest node of the first framework that the wave can have a figure of: the index, or the part of it that was asked.
func headlineOf(r *survey.Release, f survey.NamedFramework) survey.Headline {
	of := map[string]survey.State{}
	for i := range r.Figures {
		if g := &r.Figures[i]; g.Framework == f.ID && g.Domain == (survey.Domain{}) && g.Weighting == survey.Weighted && g.Basis == survey.BasisInvited {
			of[g.Node] = g.State
		}
	}
	for _, n := range f.Nodes {
		if state, ok := of[n.Code]; ok && state != survey.StateNotComparable {
			return survey.Headline{Framework: f.ID, Node: n.Code}
		}
	}
	return survey.Headline{Framework: f.ID, Node: f.Nodes[0].Code}
}

// methodText is the method in words, with the numbers of the wave's rules. It is written into the release, which must say for ever how it was
// made, and so it is no text of a page's catalogue, which may be mended.
func methodText(rules survey.Rules, w *survey.WeightReport) []survey.Text {
	level, rate := perCentText(rules.Level), perCentText(rules.FalseFlagRate)
	adjust := strconv.FormatFloat(rules.MaxAdjustment, 'f', -1, 64)
	vi := func(s string) string { return strings.ReplaceAll(s, ".", ",") }
	return []survey.Text{
		{
			survey.Vietnamese: "Hồ sơ được chọn ngẫu nhiên trong từng lớp của sổ đăng ký giao dịch (đơn vị, đúng hạn hay trễ hạn, lĩnh vực, cách nộp, tháng). Chỉ người được mời mới vào con số chính; người tự đến trả lời được tính riêng.",
			survey.English:    "Transactions were drawn by chance within classes of the register (unit, on time or late, field, channel, month). Only the answers of those invited make the main figures; walk-ins are counted apart.",
			survey.Chinese:    "从业务登记册中按层（单位、是否逾期、领域、办理渠道、月份）随机抽取办件。主要数字只使用受邀者的回答；自行前来者另行统计。",
		},
		{
			survey.Vietnamese: fmt.Sprintf("Mỗi câu trả lời mang trọng số là nghịch đảo xác suất được mời và được hỏi. Trọng số được điều chỉnh theo người không trả lời trong các lớp có ít nhất %d người trả lời, mỗi lớp không quá %s lần mức chung.", rules.MinRespondents, vi(adjust)),
			survey.English:    fmt.Sprintf("Each answer weighs the inverse of its chance of being invited and asked. Weights are adjusted for nonresponse in classes of at least %d respondents, each by at most %s times the overall adjustment.", rules.MinRespondents, adjust),
			survey.Chinese:    fmt.Sprintf("每份回答的权重为受邀和被问概率的倒数。权重在至少有%d名回答者的层内按无回答调整，每层不超过总体调整的%s倍。", rules.MinRespondents, adjust),
		},
		rakingText(w),
		{
			survey.Vietnamese: fmt.Sprintf("Sai số chuẩn được tính bằng tuyến tính hóa theo thiết kế, trên phần dư của bước cân chỉnh, có hiệu chỉnh tổng thể hữu hạn; sai số của chỉ số tính từ hiệp phương sai chung của các câu hỏi. Khoảng tin cậy %s%%; của tỷ lệ theo phương pháp %s.", vi(level), rules.Interval),
			survey.English:    fmt.Sprintf("Standard errors come from linearization under the design, from the residuals of the raking, with the finite population correction; those of an index from the joint covariance of its items. Intervals have the level of %s%%; those of shares are by the method %s.", level, rules.Interval),
			survey.Chinese:    fmt.Sprintf("标准误按抽样设计线性化，由校准残差计算，并作有限总体校正；指数的标准误来自各题的联合协方差。置信水平为%s%%；比例的区间用%s法。", level, rules.Interval),
		},
		{
			survey.Vietnamese: fmt.Sprintf("Con số có ít hơn %d câu trả lời không được công bố, và những con số mà phép trừ có thể làm lộ nó cũng vậy.", rules.MinAnswers),
			survey.English:    fmt.Sprintf("Figures of fewer than %d answers are withheld, and so are those that would give them away by subtraction.", rules.MinAnswers),
			survey.Chinese:    fmt.Sprintf("少于%d份回答的数字不公布，可由相减推出它们的数字也不公布。", rules.MinAnswers),
		},
		{
			survey.Vietnamese: fmt.Sprintf("Một chỉ tiêu cần cải thiện khi thấp hơn mục tiêu và có thêm ít nhất một lý do được kiểm định; tỷ lệ báo sai dự kiến không quá %s%%.", vi(rate)),
			survey.English:    fmt.Sprintf("An indicator needs attention when it is shown below its target and for at least one further reason; the expected share of false flags is at most %s%%.", rate),
			survey.Chinese:    fmt.Sprintf("指标被证实低于目标且至少另有一项原因成立时，即为需要改进；预期误报率不超过%s%%。", rate),
		},
	}
}

// perCentText writes a share as a per cent, without the dust of binary fractions.
func perCentText(share float64) string {
	return strconv.FormatFloat(math.Round(1e8*share)/1e6, 'f', -1, 64)
}

// marginWords are the margins of the register in words, in the order in which they are raked.
var marginWords = []struct {
	name string
	text survey.Text
}{
	{marginLateness, survey.Text{survey.Vietnamese: "tình trạng hạn", survey.English: "lateness", survey.Chinese: "是否逾期"}},
	{marginUnit, survey.Text{survey.Vietnamese: "đơn vị × tình trạng hạn", survey.English: "unit × lateness", survey.Chinese: "单位×是否逾期"}},
	{marginField, survey.Text{survey.Vietnamese: "lĩnh vực", survey.English: "field", survey.Chinese: "领域"}},
	{marginChannel, survey.Text{survey.Vietnamese: "cách nộp", survey.English: "channel", survey.Chinese: "办理渠道"}},
}

// metMargin is how far a margin that was raked may lie from the register, relative to its size: far above what raking leaves, and far below
// what a margin is off that was given up.
const metMargin = 1e-6

// rakedTo reports whether a module's weights were raked to a margin.
func rakedTo(m *survey.ModuleWeights, margin string) bool {
	raked := false
	for _, r := range m.Margins {
		if r.Margin == margin {
			raked = m.Converged && math.Abs(r.Achieved-r.Target) <= metMargin*math.Abs(r.Target)
			if !raked {
				return false
			}
		}
	}
	return raked
}

// rakingText says to which of the register's margins the weights were raked, and in which modules not to all of them.
func rakingText(w *survey.WeightReport) survey.Text {
	var margins []int
	fewer := map[string]bool{}
	for i := range marginWords {
		var not []string
		for k := range w.Modules {
			if m := &w.Modules[k]; m.Respondents > 0 && !rakedTo(m, marginWords[i].name) {
				not = append(not, m.Module)
			}
		}
		if !slices.ContainsFunc(w.Modules, func(m survey.ModuleWeights) bool { return rakedTo(&m, marginWords[i].name) }) {
			continue
		}
		margins = append(margins, i)
		for _, module := range not {
			fewer[module] = true
		}
	}
	if len(margins) == 0 {
		return survey.Text{
			survey.Vietnamese: "Trọng số không được cân chỉnh theo sổ đăng ký mà chỉ được điều chỉnh theo người không trả lời. Không cắt bớt trọng số nào.",
			survey.English:    "The weights are not raked to the register; they are adjusted for nonresponse only. No weight is trimmed.",
			survey.Chinese:    "权重没有与登记册校准，只按无回答作了调整。不截断任何权重。",
		}
	}
	list := func(l survey.Lang, between, last string) string {
		var b strings.Builder
		for k, i := range margins {
			switch {
			case k > 0 && k == len(margins)-1:
				b.WriteString(last)
			case k > 0:
				b.WriteString(between)
			}
			b.WriteString(marginWords[i].text.In(l))
		}
		return b.String()
	}
	except := survey.Text{}
	if len(fewer) > 0 {
		names := strings.Join(slices.Sorted(maps.Keys(fewer)), ", ")
		except = survey.Text{
			survey.Vietnamese: " Với các nhóm câu hỏi sau, không khớp được tất cả: " + names + ".",
			survey.English:    " Not all of these could be met for the modules " + names + ".",
			survey.Chinese:    "以下题组未能全部一致：" + names + "。",
		}
	}
	return survey.Text{
		survey.Vietnamese: "Sau đó trọng số được cân chỉnh (raking) để khớp với sổ đăng ký theo " + list(survey.Vietnamese, ", ", " và ") + "." + except[survey.Vietnamese] + " Không cắt bớt trọng số nào.",
		survey.English:    "The weights are then raked to the register by " + list(survey.English, ", ", " and ") + "." + except[survey.English] + " No weight is trimmed.",
		survey.Chinese:    "然后用迭代比例法使权重与登记册在" + list(survey.Chinese, "、", "和") + "上一致。" + except[survey.Chinese] + "不截断任何权重。",
	}
}
