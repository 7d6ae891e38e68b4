package main

import "sipas/survey"

// remarkFor picks a remark that fits the language and the overall satisfaction of who makes it.
func remarkFor(d dice, lang survey.Lang, overall int) string {
	of := remarks[lang]
	list := of.pleased
	switch {
	case overall <= 2:
		list = of.angry
	case overall == 3:
		list = of.mixed
	}
	return list[d.below(len(list))]
}

// remarks are what people write. Nobody is named.
var remarks = map[survey.Lang]struct{ pleased, mixed, angry []string }{
	survey.Vietnamese: {
		pleased: []string{
			"Cán bộ hướng dẫn tận tình, tôi rất hài lòng.",
			"Làm nhanh, đúng hẹn. Cảm ơn các anh chị.",
			"Trả kết quả sớm hơn hẹn hai ngày.",
			"Nhân viên vui vẻ, giải thích dễ hiểu.",
			"Chỗ ngồi chờ sạch sẽ, có nước uống.",
			"Nộp trực tuyến rất tiện, không phải đi lại.",
			"Lần này nhanh hơn trước nhiều.",
			"Các cháu ở quầy hướng dẫn người già rất chu đáo.",
			"Thủ tục gọn, chỉ cần đến một lần.",
			"Tốt.",
			"Rất hài lòng, mong giữ được như vậy.",
			"Được nhắn tin báo kết quả nên khỏi phải hỏi.",
			"Bộ phận một cửa làm việc nghiêm túc.",
			"Nhận kết quả tại nhà qua bưu điện, rất tiện cho người ở xa.",
		},
		mixed: []string{
			"Nên có thêm ghế ngồi chờ vào đầu tuần.",
			"Máy lấy số hay hỏng, mong sửa lại.",
			"Trang dịch vụ công hay bị lỗi khi tải giấy tờ lên.",
			"Biển chỉ dẫn chưa rõ, tôi đi nhầm quầy.",
			"Mẫu đơn khó hiểu, cần có bản điền mẫu.",
			"Buổi chiều ít người trực nên phải chờ lâu.",
			"Cần thêm chỗ gửi xe.",
			"Mong cho nhận kết quả vào sáng thứ bảy.",
			"Sau sáp nhập, đường đến trung tâm xa hơn nên đi lại vất vả.",
			"Nên báo trước giấy tờ còn thiếu qua điện thoại.",
		},
		angry: []string{
			"Trễ hẹn ba tuần mà không ai báo cho tôi biết.",
			"Phải đi lại bốn lần vì mỗi lần nói thiếu một giấy khác nhau.",
			"Hồ sơ đất nộp từ tháng sáu đến nay chưa xong.",
			"Gọi điện hỏi không ai nghe máy.",
			"Hướng dẫn không thống nhất, mỗi người nói một kiểu.",
			"Đến hẹn thì bảo chờ thêm, không nói lý do.",
			"Không biết phản ánh ở đâu, hộp thư góp ý thì khóa.",
			"Chờ gần hai tiếng mới đến lượt.",
			"Yêu cầu thêm giấy tờ không có trong danh mục niêm yết.",
			"Không có phiếu xin lỗi khi trễ hẹn.",
			"Thái độ cán bộ gắt gỏng khi tôi hỏi lại.",
			"Đã góp ý hai lần nhưng chưa thấy trả lời.",
		},
	},
	survey.English: {
		pleased: []string{
			"The staff explained everything clearly. Thank you.",
			"Quick and polite. The result came a day early.",
			"Filing online saved me a trip.",
			"Much easier than last year.",
		},
		mixed: []string{
			"The English version of the form is hard to find.",
			"More seats would help on Monday mornings.",
			"The website logged me out twice while I uploaded papers.",
		},
		angry: []string{
			"Two weeks late and nobody told me why.",
			"I was sent to three different counters.",
			"Each visit I was asked for another paper.",
			"I could not find where to complain.",
		},
	},
	survey.Chinese: {
		pleased: []string{"工作人员很耐心，办得很快。", "网上办理很方便，谢谢。", "提前拿到了结果。"},
		mixed:   []string{"希望有中文的填写样本。", "等候的座位不够。"},
		angry:   []string{"比约定的时间晚了十天，没有人通知。", "跑了三次才办完。"},
	},
}
