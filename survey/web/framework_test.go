package web

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/templates/i18n"
)

// change sends one form of the editor, at the revision that the draft has.
func (b *browser) change(draft, op string, pairs ...string) reply {
	b.site.t.Helper()
	revision := 0
	if d, err := b.site.db.Draft(context.Background(), draft); err == nil {
		revision = d.Revision
	}
	form := url.Values{"op": {op}, "revision": {strconv.Itoa(revision)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.post("/admin/drafts/"+draft, form)
}

const smallFramework = `{"id": "x", "version": 1, "title": {"vi": "Chỉ số nhỏ"}, "source": "kiểm thử", "measure": "points", "decimals": 2,
 "root": {"code": "all", "kind": "index", "label": {"vi": "Chung"}, "combine": "mean", "missing": "fail", "weights_sum": 100, "children": [
  {"code": "a", "kind": "indicator", "label": {"vi": "Nhất"}, "coefficient": 60, "value": {"kind": "mean", "item": "s24", "bounds": {"min": 1, "max": 5}, "direction": "up"}},
  {"code": "b", "kind": "indicator", "label": {"vi": "Nhì"}, "coefficient": 40, "value": {"kind": "given", "bounds": {"min": 0, "max": 10}, "direction": "up"}}]}}`

// node is the form of node a as the page has it.
func nodeA(pairs ...string) []string {
	form := []string{
		"place", "0", "label-vi", "Nhất", "code", "a", "kind", "indicator", "coefficient", "60", "value", "mean", "item", "s24",
		"bounds-min", "1", "bounds-max", "5", "direction", "up", "round", "", "rounding", "",
	}
	return append(form, pairs...)
}

// An office copies a framework, changes it, is told of each fault beside its node, and publishes it once nothing is wrong; a wave can use it.
func TestFrameworkEditor(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst := s.as(survey.Analyst)
	copied := func(id string) reply {
		return analyst.post("/admin/frameworks", url.Values{"from": {"papi-style/1"}, "id": {id}})
	}
	copied("sipas-2022").want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "framework.id_shipped", "id", "sipas-2022"))
	copied("Của Sở").want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "framework.id_bad"))
	copied("so-noi-vu").want(t, http.StatusSeeOther)
	copied("so-noi-vu").want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "framework.id_draft", "id", "so-noi-vu"))
	analyst.get("/admin/drafts/so-noi-vu").want(t, http.StatusOK, i18n.T(i18n.VI, "framework.whole", "n", 1))
	analyst.change("so-noi-vu", "json", "json", smallFramework).want(t, http.StatusSeeOther)
	analyst.get("/admin/drafts/so-noi-vu?node=0").want(t, http.StatusOK, `value="60"`, `value="s24"`, i18n.T(i18n.VI, "framework.whole", "n", 1))

	// A weight that no longer sums: the fault stands at the node whose weights they are, and nothing is published.
	analyst.change("so-noi-vu", "node", nodeA("coefficient", "55,5")...).want(t, http.StatusSeeOther)
	sums := i18n.T(i18n.VI, "fault.weights_sum_wrong", "sum", "95.5", "value", "100")
	page := analyst.get("/admin/drafts/so-noi-vu")
	page.want(t, http.StatusOK, sums)
	if row := page.body[strings.Index(page.body, "<tbody>"):]; !strings.Contains(row[:strings.Index(row, "</tr>")], sums) {
		t.Error("the fault does not stand beside its node")
	}
	analyst.change("so-noi-vu", "publish").want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "framework.refused"), sums)
	// An indicator that is bound to nothing.
	analyst.change("so-noi-vu", "node", nodeA("item", "")...).want(t, http.StatusSeeOther)
	analyst.change("so-noi-vu", "publish").want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "fault.item_missing"))
	// What is no number is given back with the reason; an item that nobody asks is said, and may be a column.
	analyst.change("so-noi-vu", "node", nodeA("coefficient", "nhiều")...).
		want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "framework.number_bad", "value", "nhiều"), `value="nhiều"`)
	analyst.change("so-noi-vu", "node", nodeA("item", "wait")...).want(t, http.StatusSeeOther)
	analyst.get("/admin/drafts/so-noi-vu").want(t, http.StatusOK, i18n.T(i18n.VI, "fault.item_not_asked", "value", "wait"), i18n.T(i18n.VI, "framework.whole", "n", 1))

	// Names are text, whatever they hold.
	analyst.change("so-noi-vu", "node", nodeA("label-vi", `<script>alert(1)</script>`)...).want(t, http.StatusSeeOther)
	if page := analyst.get("/admin/drafts/so-noi-vu?node=0"); strings.Contains(page.body, "<script>alert") || !strings.Contains(page.body, "&lt;script&gt;alert") {
		t.Error("a name is not escaped")
	}
	analyst.change("so-noi-vu", "node", nodeA()...).want(t, http.StatusSeeOther)

	// Nodes come, move and go.
	analyst.change("so-noi-vu", "add", "place", "r").want(t, http.StatusSeeOther)
	analyst.get("/admin/drafts/so-noi-vu?node=2").want(t, http.StatusOK, "new-1", i18n.T(i18n.VI, "fault.weight_missing"))
	analyst.change("so-noi-vu", "up", "place", "2").want(t, http.StatusSeeOther)
	analyst.change("so-noi-vu", "remove", "place", "1").want(t, http.StatusSeeOther)
	analyst.change("so-noi-vu", "remove", "place", "r").want(t, http.StatusNotFound)
	// What comes too late is not taken, and not lost: it stands in the form of the newest state.
	late := func(pairs ...string) reply {
		form := url.Values{"revision": {"1"}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return analyst.post("/admin/drafts/so-noi-vu", form)
	}
	stale := i18n.T(i18n.VI, "framework.stale", "name", "analyst")
	late("op", "publish").want(t, http.StatusConflict, stale)
	late("op", "json", "json", "văn bản dài").want(t, http.StatusConflict, stale, ">văn bản dài</textarea>")
	late("op", "names", "name-vi", "Tên khác").want(t, http.StatusConflict, stale, `value="Tên khác"`)
	late(nodeA("op", "node", "of", "a", "label-vi", "Nhãn khác")...).want(t, http.StatusConflict, stale, `value="Nhãn khác"`)
	if r := late(nodeA("op", "node", "of", "other", "label-vi", "Nhãn khác")...); strings.Contains(r.body, "Nhãn khác") {
		t.Error("what was written for one node stands in the form of another")
	}

	// Tried out on a table, which needs both columns.
	table := func(text string) reply {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		d, err := s.db.Draft(context.Background(), "so-noi-vu")
		must(t, err)
		must(t, w.WriteField("op", "preview"))
		must(t, w.WriteField("revision", strconv.Itoa(d.Revision)))
		file, err := w.CreateFormFile("table", "table.csv")
		must(t, err)
		_, err = file.Write([]byte(text))
		must(t, err)
		must(t, w.Close())
		return analyst.send(http.MethodPost, "/admin/drafts/so-noi-vu", w.FormDataContentType(), body.String())
	}
	table("unit,a,b\nXã A,5,5\n").want(t, http.StatusOK, "Xã A", "0,80") // 0.6 × 1 + 0.4 × 0.5
	table("unit,a,b\nXã A,5,\n").want(t, http.StatusOK, i18n.T(i18n.VI, "note.parts_missing", "nodes", "b"))
	table("unit,a,b\n").want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "framework.preview_empty"))
	table("unit,a,b\nXã A,9,5\n").want(t, http.StatusUnprocessableEntity,
		i18n.T(i18n.VI, "table_fault.at", "line", 2)+", "+i18n.T(i18n.VI, "table_fault.column", "column", "a")+", “9”: ", i18n.T(i18n.VI, "table_fault.out_of_bounds", "min", "1", "max", "5"))

	// Published it never changes, and a wave can score it.
	done := analyst.change("so-noi-vu", "publish")
	done.want(t, http.StatusSeeOther)
	if to := done.header.Get("Location"); to != "/admin/frameworks/so-noi-vu/1" {
		t.Fatalf("published to %s", to)
	}
	// A second press, and the same page sent once more, lead to what the first one published.
	if again := analyst.change("so-noi-vu", "publish", "version", "1"); again.header.Get("Location") != "/admin/frameworks/so-noi-vu/1" {
		t.Errorf("pressed twice: status %d", again.status)
	}
	analyst.change("so-noi-vu", "publish", "version", "2").want(t, http.StatusNotFound)
	analyst.get("/admin/frameworks/so-noi-vu/1").want(t, http.StatusOK, "so-noi-vu/1", "Chỉ số nhỏ")
	analyst.get("/admin/drafts/so-noi-vu").want(t, http.StatusNotFound)
	ctx := context.Background()
	w, err := s.db.Wave(ctx, testWave)
	must(t, err)
	next := *w
	next.ID, next.From, next.To, next.Targets = "2026-q4", "2026-10-01", "2026-12-31", nil
	next.Frameworks = []survey.FrameworkRef{{ID: "so-noi-vu", Version: 1}}
	must(t, s.db.CreateWave(ctx, testBy, &next))
	analyst.post("/admin/frameworks", url.Values{"from": {"so-noi-vu/1"}, "id": {"so-noi-vu"}}).want(t, http.StatusSeeOther)
	analyst.get("/admin/drafts/so-noi-vu").want(t, http.StatusOK, i18n.T(i18n.VI, "framework.whole", "n", 2))
	late("op", "discard").want(t, http.StatusConflict, stale) // a page of the draft before it is not a page of this one
	analyst.change("so-noi-vu", "discard").want(t, http.StatusSeeOther)
	trail, err := s.db.Trail(ctx, 50)
	must(t, err)
	acts := map[string]int{}
	for _, a := range trail {
		acts[a.Act]++
	}
	if acts["save_draft"] < 8 || acts["publish_framework"] == 0 || acts["drop_draft"] != 2 {
		t.Errorf("the trail has %v", acts)
	}
}

// Text that is too large, too deep or no document is refused politely, and nothing is kept of it.
func TestFrameworkEditorRefusesBadText(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	admin := s.as(survey.Administrator)
	admin.post("/admin/frameworks", url.Values{"from": {"one-stop-2018/1"}, "id": {"own"}}).want(t, http.StatusSeeOther)
	before, err := s.db.Draft(context.Background(), "own")
	must(t, err)
	for name, c := range map[string]struct {
		text   string
		status int
	}{
		"no JSON":     {`{"id": "own",`, http.StatusUnprocessableEntity},
		"unknown key": {`{"id": "own", "wieght": 1}`, http.StatusUnprocessableEntity},
		"deep":        {strings.Repeat(`{"root":`, 5000) + "1" + strings.Repeat("}", 5000), http.StatusRequestEntityTooLarge},
		"many":        {`{"root":{"children":[` + strings.Repeat(`{},`, 2000) + `{}]}}`, http.StatusRequestEntityTooLarge},
		"large":       {`{"source":"` + strings.Repeat("x", survey.MaxDraft) + `"}`, http.StatusRequestEntityTooLarge},
		"huge":        {strings.Repeat("x", 4*survey.MaxDraft), http.StatusRequestEntityTooLarge},
	} {
		r := admin.change("own", "json", "json", c.text)
		if r.status != c.status || strings.Contains(r.body, "goroutine") {
			t.Errorf("%s: status %d, want %d", name, r.status, c.status)
		}
	}
	after, err := s.db.Draft(context.Background(), "own")
	must(t, err)
	if after.Revision != before.Revision || !bytes.Equal(after.Document, before.Document) {
		t.Error("bad text changed the draft")
	}
	// A document with faults is kept, with each told: that is what a draft is for.
	admin.change("own", "json", "json", `{"id": "own"}`).want(t, http.StatusSeeOther)
	admin.get("/admin/drafts/own").want(t, http.StatusOK, i18n.T(i18n.VI, "fault.code_missing"), i18n.T(i18n.VI, "fault.neither_leaf_nor_node"))
	admin.get("/admin/drafts/own?node=7").want(t, http.StatusNotFound)
	admin.change("own", "nothing").want(t, http.StatusBadRequest)
	s.as(survey.Department).get("/admin/drafts/own").want(t, http.StatusForbidden)
}
