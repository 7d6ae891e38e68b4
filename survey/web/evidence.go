package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/i18n"
)

// evidenceBody is the most that is taken at once: several files.
const evidenceBody = 4*survey.MaxEvidence + 64<<10

// evidencePace is how long the next part of a file may be on its way, in both directions. The whole may take longer than any other page.
const evidencePace = time.Minute

// pacer gives a connection time as long as something moves.
type pacer struct{ control *http.ResponseController }

func newPacer(c *call) pacer {
	return pacer{http.NewResponseController(c.echo.Response().Writer)}
}

// more gives the next part its time. Where there is no connection, there is no time to give.
func (p pacer) more() {
	until := time.Now().Add(evidencePace)
	_, _ = p.control.SetReadDeadline(until), p.control.SetWriteDeadline(until)
}

// pacedBody is the body of a request that arrives part by part.
type pacedBody struct {
	io.ReadCloser
	pacer
}

func (b pacedBody) Read(p []byte) (int, error) {
	b.more()
	return b.ReadCloser.Read(p)
}

// pacedWriter is an answer that leaves part by part.
type pacedWriter struct {
	io.Writer
	pacer
}

func (w pacedWriter) Write(p []byte) (int, error) {
	w.more()
	return w.Writer.Write(p)
}

// sentFile is the content of a part of a form. What fails while it arrives is the sender's fault.
type sentFile struct{ part *multipart.Part }

func (f sentFile) Read(p []byte) (int, error) {
	n, err := f.part.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = badForm("receive evidence", err)
	}
	return n, err
}

// evidenceAttach attaches the files of a form, all or none. Each is on disk, piece by piece, as it comes in, and exists once all of them are there.
func (s *Server) evidenceAttach(c *call) error {
	o, err := s.openAssessment(c)
	if err != nil {
		return err
	}
	r := c.request()
	r.Body = pacedBody{r.Body, newPacer(c)}
	form, err := r.MultipartReader()
	if err != nil {
		return badForm("attach evidence", err)
	}
	files := incoming{server: s, o: o}
	err = files.receive(c, form)
	if err == nil && len(files.loaded) > 0 {
		err = s.store.AttachEvidence(c.ctx(), c.actor, o.ID, files.loaded...)
		if err == nil {
			return c.redirect(o.place(files.criterion))
		}
	}
	// Whoever sent them may be gone, and what came of them goes too.
	if lost := s.store.UnloadEvidence(context.WithoutCancel(c.ctx()), files.loaded...); lost != nil {
		return errors.Join(err, lost)
	}
	status, problem := files.problem(c.lang, err)
	if problem == "" {
		return err
	}
	if o, err = s.openAssessment(c); err != nil {
		return err
	}
	return s.assessmentPage(c, status, o, assessmentEdit{open: files.criterion, problem: problem})
}

// incoming are the files of a form on their way.
type incoming struct {
	server    *Server
	o         *opened
	criterion string
	loaded    []survey.Evidence
}

// receive takes the parts of a form: the criterion, then its files. After the first that cannot be taken the others are read and thrown away:
// a browser only shows an answer once it has sent everything.
func (f *incoming) receive(c *call, form *multipart.Reader) (first error) {
	const op = "receive evidence"
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			if first == nil && f.criterion == "" {
				first = survey.Errorf(survey.CodeBadRequest, op, "no criterion before the files")
			}
			return first
		}
		if err != nil {
			if first == nil {
				first = badForm(op, err)
			}
			return first
		}
		switch {
		case first != nil:
		case part.FormName() == "criterion":
			code, err := io.ReadAll(io.LimitReader(sentFile{part}, 1<<10))
			if err != nil {
				return err
			}
			if _, ok := f.o.framework.Criterion(string(code)); !ok {
				return survey.Errorf(survey.CodeNotFound, op, "no criterion %q", code)
			}
			f.criterion = string(code)
		case part.FormName() == "file" && f.criterion != "" && part.FileName() != "":
			first = f.load(c, part)
		}
	}
}

// load takes one file.
func (f *incoming) load(c *call, part *multipart.Part) error {
	name, err := survey.CleanEvidenceName(part.FileName())
	if err != nil {
		return err
	}
	if len(f.o.Files)+len(f.loaded) >= survey.MaxEvidenceFiles {
		return (&survey.Error{Code: survey.CodeEvidenceFull, Op: "receive evidence"}).With("max", strconv.Itoa(survey.MaxEvidenceFiles))
	}
	e, err := f.server.store.LoadEvidence(c.ctx(), sentFile{part})
	if own := codedError(err); own != nil {
		return own.With("name", name)
	}
	if err != nil {
		return err
	}
	e.Criterion, e.Name = f.criterion, name
	f.loaded = append(f.loaded, e)
	return nil
}

// problem says on the page what is wrong with the files; "" where that is no matter of them.
func (f *incoming) problem(l survey.Lang, err error) (status int, text string) {
	if f.criterion == "" {
		return 0, ""
	}
	if err == nil {
		return http.StatusUnprocessableEntity, i18n.T(l, "assessment.no_file")
	}
	e := normal(err)
	switch e.Code {
	case survey.CodeTooLarge:
		text = i18n.T(l, "assessment.too_much", "mb", evidenceBody>>20)
	case survey.CodeEvidenceKind, survey.CodeEvidenceTooLarge, survey.CodeEvidenceEmpty, survey.CodeEvidenceFull, survey.CodeEvidenceTaken:
		text = sentence(l, e) + " " + i18n.T(l, "assessment.none_attached")
	}
	return statusOf[e.Code], text
}

// filePolicy keeps a browser that opens a file all the same from running anything of it, or taking it for one of the pages.
const filePolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

// attachment sets the headers of a file that somebody else made, or that holds such files: it is saved, never shown.
func attachment(c *call, kind, name string) {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._", r) {
			return r
		}
		return '-'
	}, name)
	h := c.header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, plain, strings.ReplaceAll(url.QueryEscape(name), "+", "%20")))
	h.Set("Content-Security-Policy", filePolicy)
}

// evidenceFile sends one attached file.
func (s *Server) evidenceFile(c *call) error {
	o, err := s.openAssessment(c)
	if err != nil {
		return err
	}
	e, ok := o.File(survey.EvidenceID(c.param("file")))
	if !ok {
		return survey.Errorf(survey.CodeNotFound, "send evidence", "no file %q", c.param("file"))
	}
	attachment(c, "application/octet-stream", e.Name)
	c.header().Set("Content-Length", strconv.FormatInt(e.Size, 10))
	return s.stream(c, func(w io.Writer) error { return s.store.ReadEvidence(c.ctx(), o.ID, e.ID, w) })
}

// assessmentCriteria sends the table of criteria as "sipas score --criteria" reads it.
func (s *Server) assessmentCriteria(c *call) error {
	o, err := s.openAssessment(c)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := s.bundle(c, o).WriteCriteria(&b); err != nil {
		return survey.Errorf(survey.CodeInternal, "send criteria", "%w", err)
	}
	attachment(c, kinds["csv"], string(o.ID)+".csv")
	return c.blob(http.StatusOK, kinds["csv"], b.Bytes())
}

// assessmentZip sends an assessment with all of its evidence, file by file.
func (s *Server) assessmentZip(c *call) error {
	o, err := s.openAssessment(c)
	if err != nil {
		return err
	}
	attachment(c, "application/zip", string(o.ID)+".zip")
	return s.stream(c, s.bundle(c, o).WriteZip)
}

func (s *Server) bundle(c *call, o *opened) export.Bundle {
	return export.Bundle{Framework: o.framework, Assessment: o.Assessment, Read: func(file survey.EvidenceID, w io.Writer) error {
		return s.store.ReadEvidence(c.ctx(), o.ID, file, w)
	}}
}

// stream sends what may be large as it is made. When that fails midway, the connection is cut, so that nobody takes a part for the whole.
func (s *Server) stream(c *call, write func(io.Writer) error) error {
	c.echo.Response().WriteHeader(http.StatusOK)
	err := write(pacedWriter{c.echo.Response(), newPacer(c)})
	if err == nil {
		return nil
	}
	s.logFailure(c, http.StatusInternalServerError, normal(err), err)
	panic(http.ErrAbortHandler)
}
