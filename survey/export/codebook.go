package export

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
)

// fixedMeanings say what the columns before the items hold.
var fixedMeanings = map[string]survey.Text{
	"source":             {"vi": "Cách có được câu trả lời", "en": "How the response came to be"},
	"mode":               {"vi": "Nơi trả lời", "en": "Where it was answered"},
	"language":           {"vi": "Ngôn ngữ trả lời", "en": "Language of the questionnaire"},
	"disposition":        {"vi": "Kết cục của lần trả lời", "en": "How the attempt ended"},
	"suspect":            {"vi": "Bị nghi không phải câu trả lời thật", "en": "Suspected of not being a real answer"},
	"instrument":         {"vi": "Phiếu khảo sát", "en": "Questionnaire"},
	"instrument_version": {"vi": "Phiên bản phiếu", "en": "Version of the questionnaire"},
	"modules":            {"vi": "Các nhóm câu hỏi được rút, kể cả khi bỏ trống", "en": "Modules drawn for the response, even when left open"},
	"class":              {"vi": "Lớp chọn mẫu của hồ sơ được mời", "en": "Sampling class of the invited transaction"},
	"unit":               {"vi": "Đơn vị, đã gộp", "en": "Unit, as coarsened; of a walk-in, the unit of the kiosk"},
	"lateness":           {"vi": "Đúng hạn hay trễ, đã gộp", "en": "On time or late, as coarsened"},
	"field_group":        {"vi": "Nhóm lĩnh vực, đã gộp", "en": "Group of fields, as coarsened"},
	"field":              {"vi": "Lĩnh vực, đã gộp", "en": "Field, as coarsened"},
	"channel":            {"vi": "Cách nộp hồ sơ, đã gộp", "en": "Channel of filing, as coarsened"},
	"month":              {"vi": "Tháng, đã gộp", "en": "Month, as coarsened; of a walk-in, the month of the answer"},
	"stratum":            {"vi": "Tầng để tính phương sai", "en": "Stratum of the variance: the nonresponse class, or the post-stratum of a walk-in"},
	"fpc":                {"vi": "Số hồ sơ của tầng trong sổ đăng ký, để hiệu chỉnh tổng thể hữu hạn", "en": "Transactions of the stratum in the register, for the finite population correction; empty for walk-ins"},
}

// fixedCodes are the codes of text columns.
var fixedCodes = map[string][]struct {
	code string
	text survey.Text
}{
	"source": {
		{string(survey.Invited), survey.Text{"vi": "Được mời, có mã: mẫu xác suất", "en": "Invited with a token: a probability sample"}},
		{string(survey.WalkIn), survey.Text{"vi": "Tự đến, không có mã: không phải mẫu xác suất", "en": "Walked in without a token: not a probability sample"}},
	},
	"mode": {
		{string(survey.ModeKiosk), survey.Text{"vi": "Ki-ốt", "en": "Kiosk"}},
		{string(survey.ModeWeb), survey.Text{"vi": "Trang mạng", "en": "Web form"}},
	},
	"disposition": {
		{string(survey.Complete), survey.Text{"vi": "Trả lời xong", "en": "Complete"}},
		{string(survey.Partial), survey.Text{"vi": "Trả lời dở", "en": "Partial"}},
		{string(survey.TimedOut), survey.Text{"vi": "Hết thời gian", "en": "Timed out"}},
		{string(survey.Refused), survey.Text{"vi": "Từ chối", "en": "Refused"}},
		{string(survey.Failed), survey.Text{"vi": "Lỗi thiết bị", "en": "Failed"}},
	},
	"lateness": {
		{string(survey.OnTime), survey.Text{"vi": "Đúng hạn", "en": "On time"}},
		{string(survey.Late), survey.Text{"vi": "Trễ hạn", "en": "Late"}},
		{string(survey.Undated), survey.Text{"vi": "Không có ngày hẹn", "en": "No due day"}},
	},
	"channel": {
		{string(survey.ChannelCounter), survey.Text{"vi": "Trực tiếp", "en": "At the counter"}},
		{string(survey.ChannelOnline), survey.Text{"vi": "Trực tuyến", "en": "Online"}},
		{string(survey.ChannelPost), survey.Text{"vi": "Bưu chính", "en": "By post"}},
	},
}

// refusedLabel is the meaning of the one missing code that every item accepts, whether its scale lists it or not.
var refusedLabel = survey.Text{"vi": "Bỏ qua", "en": "Skipped on purpose"}

// Codebook writes what every column of the file of responses means as CSV: one row a column, followed by one row for
// each of its codes.
func Codebook(w io.Writer, t ResponseTable) error {
	f := newCSV(w)
	if err := f.line("column", "type", "text_vi", "text_en", "weight", "required", "scale", "code", "label_vi", "label_en", "missing"); err != nil {
		return err
	}
	row := func(column, kind string, text survey.Text, rest ...any) error {
		cells := append([]any{column, kind, text[survey.Vietnamese], text[survey.English]}, rest...)
		for len(cells) < 11 {
			cells = append(cells, nil)
		}
		return f.line(cells...)
	}
	for _, column := range responseColumns {
		kind := "text"
		if column == "fpc" || column == "instrument_version" {
			kind = "number"
		}
		if err := row(column, kind, fixedMeanings[column]); err != nil {
			return err
		}
		for _, c := range fixedCodes[column] {
			if err := row(column, "code", nil, nil, nil, nil, c.code, c.text[survey.Vietnamese], c.text[survey.English], false); err != nil {
				return err
			}
		}
	}
	for _, code := range t.Items() {
		item := t.item(code)
		if err := row(code, "item", item.Text, weightColumn(t.WeightOf[code]), item.Required, item.Scale); err != nil {
			return err
		}
		for _, l := range t.levels(code) {
			if err := row(code, "code", nil, nil, nil, item.Scale, l.Code, l.Label[survey.Vietnamese], l.Label[survey.English], l.Code < 0); err != nil {
				return err
			}
		}
	}
	for _, m := range t.Modules {
		text := survey.Text{
			"vi": "Quyền số của người được mời cho nhóm câu hỏi " + m + "; trống nếu không được hỏi",
			"en": "Weight of an invited respondent for the items of module " + m + "; empty where it was not asked",
		}
		if err := row(weightColumn(m), "weight", text); err != nil {
			return err
		}
	}
	for _, m := range t.Modules {
		text := survey.Text{
			"vi": "Quyền số của người tự đến cho nhóm câu hỏi " + m + ", theo đơn vị và tháng; không phải mẫu xác suất",
			"en": "Weight of a walk-in for the items of module " + m + ", post-stratified on unit and month; not a probability sample",
		}
		if err := row(walkInColumn(m), "weight", text); err != nil {
			return err
		}
	}
	return f.close()
}

// item returns an item as the first instrument that has it asks it.
func (t ResponseTable) item(code string) survey.Item {
	for _, in := range t.Instruments {
		if it, ok := in.Item(code); ok {
			return it
		}
	}
	panic("export: item " + code + " is in no instrument, though it was listed from them")
}

// levels returns the codes that an item can have in any of the instruments.
func (t ResponseTable) levels(code string) []survey.Level {
	var levels []survey.Level
	for _, in := range t.Instruments {
		it, ok := in.Item(code)
		if !ok {
			continue
		}
		scale, _ := in.Scale(it.Scale)
		for _, l := range slices.Concat(scale.Levels, scale.Missing) {
			if !hasCode(levels, l.Code) {
				levels = append(levels, l)
			}
		}
	}
	if it := t.item(code); !it.Required && !hasCode(levels, survey.AnswerRefused) {
		levels = append(levels, survey.Level{Code: survey.AnswerRefused, Label: refusedLabel})
	}
	return levels
}

func hasCode(levels []survey.Level, code int) bool {
	return slices.ContainsFunc(levels, func(l survey.Level) bool { return l.Code == code })
}

// Guide writes the codebook for reading, as Markdown: what the sample is, what the weights mean, every question with
// its answers, and how the design is declared in R.
func Guide(w io.Writer, wave *survey.Wave, t ResponseTable) error {
	b := bufio.NewWriter(w)
	print := func(format string, args ...any) { _, _ = fmt.Fprintf(b, format, args...) } // an error stays in b until Flush
	print("# %s\n\n", line(wave.Title.In(survey.Vietnamese)))
	if en := wave.Title[survey.English]; en != "" {
		print("%s\n\n", line(en))
	}
	print("Wave %s, transactions from %s to %s.\n\n", wave.ID, wave.From, wave.To)
	print(`## The files

- responses.csv: one row a response, in an order drawn by chance. No row can be traced to a dossier, and none should be tried.
- codebook.csv: every column of responses.csv with its codes.
- figures.csv, flags.csv, weighting.csv and figures.xlsx: what was computed, each figure with its base and interval.
- comments.csv: the remarks, apart from the answers and in an order of their own.

Files are UTF-8 with a byte order mark. Text that a spreadsheet would take for a formula has an apostrophe before it; numbers are as they are.

## The sample

Invited responses (source = invited) are a stratified random sample of the office's register of transactions. Their
classes were fixed before the draw: "*" means that a dimension was not used, values joined by "|" were pooled.
Walk-ins (source = walk_in) chose themselves at a kiosk; figures from them say nothing certain of the register.

A respondent is who answered the required question. Others have no weight and stay in the file to show how attempts ended.

## Missing answers

An empty cell was not asked, or not reached. Negative codes were shown and have no value: -1 don't know, -2 does not
apply, -3 skipped. They are not answers: leave them out of the base, question by question, inside the design.

## The weights

weight_core belongs to the questions that everybody is asked. Each module has a weight of its own, because modules were drawn by
chance: use the weight of the module that a question is in, and no other. A weight is 1 / (chance of the invitation × chance of
the module), adjusted for nonresponse and raked to the register. Questions and their weights:

| column | question | weight |
|---|---|---|
`)
	for _, code := range t.Items() {
		print("| %s | %s | %s |\n", code, cellOf(t.item(code).Text), weightColumn(t.WeightOf[code]))
	}
	print("\n## The answers\n\n")
	for _, code := range t.Items() {
		print("**%s** %s\n\n", code, cellOf(t.item(code).Text))
		for _, l := range t.levels(code) {
			print("- %d: %s\n", l.Code, cellOf(l.Label))
		}
		print("\n")
	}
	item := t.example()
	print("## In R\n\n```r\n%s```\n\n", RScript(item, t.valid(item), t.WeightOf[item]))
	print(`The script takes the weights as known, which is a little too careful: sipas computes the variance from the residuals of the
raking and adds the draw of the modules, so its standard errors differ somewhat from R's.
For the composites use the figures of sipas: their standard errors come from all items jointly.
`)
	return b.Flush()
}

// RScript declares the design in R's survey package and estimates the share of the given answers among the valid
// answers of an item.
func RScript(item string, codes []int, weight string) string {
	list := make([]string, len(codes))
	for i, c := range codes {
		list[i] = strconv.Itoa(c)
	}
	return fmt.Sprintf(`library(survey)
options(survey.lonely.psu = "adjust")
d <- read.csv("responses.csv", fileEncoding = "UTF-8-BOM", na.strings = "")
d <- d[d$source == "invited" & !is.na(d$%[2]s), ]
design <- svydesign(ids = ~1, strata = ~stratum, weights = ~%[2]s, fpc = ~fpc, data = d)
# The part of the sample with a valid answer is a domain of the design, never a cut before it.
answered <- subset(design, !is.na(%[1]s) & %[1]s >= 0)
estimate <- svyciprop(~I(%[1]s %%in%% c(%[3]s)), answered, method = "beta")
print(c(estimate = coef(estimate)[[1]], se = SE(estimate)[[1]], confint(estimate)))
`, item, weightColumn(weight), strings.Join(list, ", "))
}

// example is the item of the guide's script: of the rotated modules, whose weight is not everybody's, the first item that most of
// the instruments have; without modules the required one.
func (t ResponseTable) example() string {
	required := ""
	askedBy := map[string]int{}
	for _, in := range t.Instruments {
		if required == "" {
			required = in.RequiredItem()
		}
		for _, item := range in.Items {
			askedBy[item.Code]++
		}
	}
	best := required
	for _, code := range t.Items() {
		if t.WeightOf[code] != t.WeightOf[required] && (best == required || askedBy[code] > askedBy[best]) {
			best = code
		}
	}
	return best
}

// valid returns the two highest codes of an item: the example's good answers.
func (t ResponseTable) valid(item string) []int {
	var codes []int
	for _, l := range t.levels(item) {
		if l.Code >= 0 {
			codes = append(codes, l.Code)
		}
	}
	slices.Sort(codes)
	return codes[max(0, len(codes)-2):]
}

// cellOf writes a text in Vietnamese and English for a cell of a Markdown table.
func cellOf(t survey.Text) string {
	s := t.In(survey.Vietnamese)
	if en := t[survey.English]; en != "" && en != s {
		s += " / " + en
	}
	return line(s)
}

// line makes text safe in one line of Markdown.
func line(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "|", "\\|", "<", "&lt;").Replace(s)
}
