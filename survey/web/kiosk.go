package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"

	"sipas/survey"
)

// The seconds of the kiosk's rules: quiet before "still there?", to answer it, and for which the thanks stay.
const (
	kioskIdle   = 45
	kioskWarn   = 20
	kioskThanks = 6
)

// kioskConfig gives a device all that it needs without a network. In a demonstration a browser that is no kiosk yet becomes one.
func (s *Server) kioskConfig(c *call) error {
	d, err := s.device(c)
	if s.cfg.DemoKiosk && survey.IsCode(err, survey.CodeDeviceUnknown) {
		d, err = s.enrolInDemo(c)
	}
	if err != nil {
		return err
	}
	if err := s.limited(s.limits.device, "read kiosk's configuration", string(d.ID)); err != nil {
		return err
	}
	config, err := s.kioskConfigOf(c.ctx(), d)
	if err != nil {
		return err
	}
	config.Now = s.clock().UnixMilli()
	return c.json(http.StatusOK, config)
}

// kioskConfigOf makes a device's configuration, without the time.
func (s *Server) kioskConfigOf(ctx context.Context, d *kioskDevice) (*KioskConfig, error) {
	id, public := s.seals.Public()
	k := &KioskConfig{
		Device: d.ID, Point: d.point.Name, Office: map[string]string{}, Languages: survey.Languages(),
		Idle: kioskIdle, Warn: kioskWarn, Thanks: kioskThanks,
		Key:     KioskKey{ID: id, Public: sealEncoding.EncodeToString(public)},
		PIN:     KioskPIN{Salt: d.PIN.Salt, Iterations: d.PIN.Iterations, Hash: d.PIN.Hash},
		Measure: !s.cfg.DemoKiosk, Program: s.cfg.Program,
	}
	w, in, err := s.openWave(ctx, d.point.Unit, survey.ModeKiosk)
	switch {
	case survey.IsCode(err, survey.CodeWaveClosed):
		k.Closed = survey.CodeWaveClosed
	case err != nil:
		return nil, err
	default:
		units, err := s.unitDirectory(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range survey.Languages() {
			k.Office[string(l)] = units.name(w.Province, l)
		}
		k.Wave, k.Instrument = w.ID, kioskInstrument(in)
	}
	content, err := json.Marshal(k)
	if err != nil {
		return nil, survey.Errorf(survey.CodeInternal, "write kiosk's configuration", "%w", err)
	}
	sum := sha256.Sum256(content)
	k.ETag = hex.EncodeToString(sum[:8])
	return k, nil
}

func kioskInstrument(in *survey.Instrument) *KioskInstrument {
	k := &KioskInstrument{
		ID: in.ID, Version: in.Version, Intro: inEvery(in.Intro), Core: kioskItems(in, in.Core), Draw: in.Draw, Modules: []KioskModule{},
	}
	for _, m := range in.Modules {
		k.Modules = append(k.Modules, KioskModule{Code: m.Code, Chance: m.Chance, Items: kioskItems(in, m.Items)})
	}
	if in.Comment != nil {
		k.Comment = in.Comment.Max
	}
	return k
}

// kioskItems lists questions in every language, so that the language can change half-way.
func kioskItems(in *survey.Instrument, codes []string) []KioskItem {
	items := make([]KioskItem, 0, len(codes))
	for _, code := range codes {
		it, _ := in.Item(code)
		item := KioskItem{Code: it.Code, Required: it.Required, Text: inEvery(it.Text)}
		scale, _ := in.Scale(it.Scale)
		for i, level := range scale.Levels {
			item.Options = append(item.Options, KioskOption{Code: level.Code, Face: face(scale, i), Text: inEvery(level.Label)})
		}
		for _, level := range scale.Missing {
			item.Options = append(item.Options, KioskOption{Code: level.Code, Text: inEvery(level.Label)})
		}
		items = append(items, item)
	}
	return items
}

func inEvery(t survey.Text) map[string]string {
	all := make(map[string]string, len(survey.Languages()))
	for _, l := range survey.Languages() {
		all[string(l)] = t.In(l)
	}
	return all
}

// decodeJSON reads one JSON object and nothing behind it. A form of another site cannot send this content type unasked.
func decodeJSON(r *http.Request, into any) error {
	const op = "read request"
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return survey.Errorf(survey.CodeBadRequest, op, "the body is not declared as JSON")
	}
	var b bytes.Buffer
	// A length that is only said must not take memory: the largest body of a script is small.
	b.Grow(int(between(r.ContentLength, 0, answersBody)) + bytes.MinRead)
	if _, err := b.ReadFrom(r.Body); err != nil {
		return survey.Errorf(survey.CodeBadRequest, op, "%w", err)
	}
	return decodeObject(b.Bytes(), into)
}

// decodeObject reads one JSON value of the shape asked for, and nothing behind it.
func decodeObject(text []byte, into any) error {
	if p, ok := into.(interface{ readPlain(text string) bool }); ok && p.readPlain(string(text)) {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return survey.Errorf(survey.CodeBadRequest, "read request", "%w", err)
	}
	return nil
}
