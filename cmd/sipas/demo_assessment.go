package main

import (
	"context"
	"strings"

	"sipas/survey"
)

// demoPoints are the points of a made assessment: most appraised, one not yet, and satisfaction left to the wave.
var demoPoints = []struct {
	code                  string
	self, appraised, stat float64   // 0 for none
	files                 [2]string // of evidence
}{
	{code: "1", self: 9.5, appraised: 9.25, files: [2]string{"Kế hoạch CCHC năm 2026.txt", "Báo cáo kết quả thực hiện kế hoạch.txt"}},
	{code: "2", self: 9.5, appraised: 9, files: [2]string{"Danh mục văn bản đã ban hành.txt"}},
	{code: "3", self: 13, appraised: 12.98, files: [2]string{"Thống kê hồ sơ quý III.csv"}},
	{code: "4", self: 10},
	{code: "5", self: 14.25, appraised: 13.6, files: [2]string{"Kết quả đánh giá công chức.txt"}},
	{code: "6", self: 11, appraised: 10.5},
	{code: "7", self: 12, appraised: 11.2, files: [2]string{"Tỷ lệ hồ sơ trực tuyến.csv"}},
	{code: "8.2", stat: 4.61},
}

// assess begins the assessment of the province, as its analyst would on the page.
func (f *filling) assess(ctx context.Context) error {
	framework, err := f.data.framework(ctx, "par-2022")
	if err != nil {
		return err
	}
	a := survey.Assessment{
		ID: "tinh-tay-ninh-2026", Framework: framework.Ref(), Office: "Tỉnh Tây Ninh", Unit: f.wave.Province, Year: 2026, Wave: f.wave.ID,
		Values: map[string]survey.CriterionValues{},
	}
	var files []survey.Evidence
	for _, p := range demoPoints {
		var v survey.CriterionValues
		for source, x := range map[survey.PointSource]float64{survey.SourceSelf: p.self, survey.SourceAppraised: p.appraised, survey.SourceStatistics: p.stat} {
			if x > 0 {
				v.Set(source, &x)
			}
		}
		a.Values[p.code] = v
		for _, name := range p.files {
			if name == "" {
				continue
			}
			e, err := f.data.db.LoadEvidence(ctx, strings.NewReader("Tài liệu minh họa, không phải của cơ quan nào: "+name+"\n"))
			if err != nil {
				return err
			}
			e.Criterion, e.Name = p.code, name
			files = append(files, e)
		}
	}
	_, err = f.data.db.SaveAssessment(ctx, f.by, a, files...)
	return err
}
