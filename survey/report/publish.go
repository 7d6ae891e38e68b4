package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
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
	live.Number, live.Supersedes, live.Reason, live.ContentHash, live.WeightsHash, live.Recipe, live.Context = 0, 0, "", "", "", nil, nil
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

// published computes what a release says: everything but its place in the wave.
func published(ctx context.Context, store Publisher, in *Input, o PublishOptions, progress Progress) (*survey.Release, error) {
	r, weights, err := compute(ctx, in, survey.StatePublished, progress)
	if err != nil {
		return nil, err
	}
	r.WeightsHash = weightsHash(weights)
	if r.Recipe, err = recipe(ctx, store, in); err != nil {
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

// recipe names the documents that the release rests on, with what was in them, and the method.
func recipe(ctx context.Context, store Publisher, in *Input) (*survey.Recipe, error) {
	out := &survey.Recipe{Targets: in.Wave.Targets, Method: methodText(in.Wave.Rules)}
	for _, f := range in.Frameworks {
		sum, err := store.FrameworkHash(ctx, f.Ref())
		if err != nil {
			return nil, err
		}
		out.Frameworks = append(out.Frameworks, survey.DocumentHash{ID: f.ID, Version: f.Version, SHA256: sum})
	}
	refs := slices.SortedFunc(maps.Keys(in.Instruments), func(a, b survey.InstrumentRef) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	for _, ref := range refs {
		sum, err := store.InstrumentHash(ctx, ref)
		if err != nil {
			return nil, err
		}
		out.Instruments = append(out.Instruments, survey.DocumentHash{ID: ref.ID, Version: ref.Version, SHA256: sum})
	}
	return out, nil
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
func methodText(rules survey.Rules) []survey.Text {
	level := strconv.FormatFloat(100*rules.Level, 'f', -1, 64)
	rate := strconv.FormatFloat(100*rules.FalseFlagRate, 'f', -1, 64)
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
		{
			survey.Vietnamese: "Sau đó trọng số được cân chỉnh (raking) để khớp với sổ đăng ký theo tình trạng hạn, đơn vị × tình trạng hạn, lĩnh vực và cách nộp. Không cắt bớt trọng số nào.",
			survey.English:    "The weights are then raked to the register by lateness, unit × lateness, field and channel. No weight is trimmed.",
			survey.Chinese:    "然后用迭代比例法使权重与登记册在是否逾期、单位×是否逾期、领域和办理渠道上一致。不截断任何权重。",
		},
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
