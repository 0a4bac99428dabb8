package evidence_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"manyou/federation/correction/evidence"
)

func drawing(w, h int) image.Image {
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	p.Set(0, 0, color.NRGBA{R: 255, A: 255})
	return p
}

func asPNG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// chunk is a part of a PNG file.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// claiming is a PNG that says it has those dimensions.
func claiming(w, h uint32, depth byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append([]byte("\x89PNG\r\n\x1a\n"), append(chunk("IHDR", append(head, depth, 6, 0, 0, 0)), chunk("IEND", nil)...)...)
}

func deflated(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stored is packed as what it is, so that a reader who is led there finds it.
func stored(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// paper is a PDF of one page with further objects.
func paper(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n")
	for _, o := range objects {
		b.WriteString(o)
	}
	b.WriteString("xref\n0 1\n0000000000 65535 f \ntrailer << /Root 1 0 R /Size 1 >>\nstartxref\n9\n%%EOF\n")
	return b.Bytes()
}

// stream is an object with a stream.
func stream(dictionary string, data []byte) string {
	return fmt.Sprintf("5 0 obj\n<< /Length %d %s >>\nstream\n%s\nendstream\nendobj\n", len(data), dictionary, data)
}

func TestAPictureIsDrawnAnewAndKeepsNothingBesides(t *testing.T) {
	secret := []byte("30.2741N 120.1551E")
	withText := asPNG(t, drawing(30, 20))
	withText = append(bytes.Clone(withText[:33]), append(chunk("tEXt", secret), withText[33:]...)...)
	withComment := asJPEG(t, drawing(30, 20))
	withComment = append([]byte("\xff\xd8\xff\xfe\x00\x14"), append(bytes.Clone(secret), withComment[2:]...)...)
	for name, raw := range map[string][]byte{
		evidence.PNG: withText, evidence.JPEG: withComment,
		evidence.PNG + " with a second file behind it":  append(asPNG(t, drawing(30, 20)), "PK\x03\x04 30.2741N 120.1551E"...),
		evidence.JPEG + " with a second file behind it": append(asJPEG(t, drawing(30, 20)), "<script>30.2741N 120.1551E</script>"...),
	} {
		if !bytes.Contains(raw, secret) {
			t.Fatalf("%s: nothing is hidden in it", name)
		}
		f, err := evidence.Clean(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(f.Body))
		if err != nil || config.Width != 30 || config.Height != 20 || !strings.HasPrefix(name, f.Media) || bytes.Contains(f.Body, secret) {
			t.Errorf("%s: %v, %+v, %s", name, err, config, f.Media)
		}
	}
}

func TestAPictureIsTurnedAsTheTelephoneWasHeld(t *testing.T) {
	exif := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	raw := asJPEG(t, drawing(30, 20))
	held := append([]byte("\xff\xd8\xff\xe1"), binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	f, err := evidence.Clean(append(append(held, exif...), raw[2:]...))
	if err != nil {
		t.Fatal(err)
	}
	if config, err := jpeg.DecodeConfig(bytes.NewReader(f.Body)); err != nil || config.Width != 20 || config.Height != 30 {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestPlainPaperIsKeptAsItIs(t *testing.T) {
	for name, raw := range map[string][]byte{
		"of one page":                  paper(),
		"opened at a page":             paper("7 0 obj << /OpenAction[3 0 R /XYZ null null 0] >> endobj\n"),
		"with a text":                  paper(stream("/Filter /FlateDecode", deflated(t, []byte("BT (about /JS) Tj ET")))),
		"with a picture":               paper(stream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /Filter /DCTDecode", asJPEG(t, drawing(1, 1)))),
		"with objects":                 paper(stream("/Type /ObjStm /N 1 /First 4 /Filter [ /FlateDecode ]", deflated(t, []byte("7 0 << /Type /Page >>")))),
		"with a table":                 paper(stream("/Type /XRef /W [1 2 1] /DecodeParms << /Columns 4 /Predictor 12 >> /Filter /FlateDecode", deflated(t, []byte("0000")))),
		"with three letters of chance": paper(stream("/Subtype /Image /Width 1 /Filter /DCTDecode", []byte("\xff\xd8/AA\x8c /AA) /AA\x00\xff /JS 7"))),
		"with a plain one":             paper(stream("", []byte("BT (words) Tj ET"))),
		"updated once":                 append(paper(), paper()...),
	} {
		f, err := evidence.Clean(raw)
		if err != nil || f.Media != evidence.PDF || !bytes.Equal(f.Body, raw) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttackAFileOfAnotherKind(t *testing.T) {
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	if w, err := z.Create("notice.pdf"); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write(paper()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "a text": []byte("PDF"), "a ZIP named .pdf": zipped.Bytes(), "a page": []byte("<html><script>alert(1)</script>"),
		"a drawing that runs scripts": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "a program": []byte("MZ\x90\x00"),
		"a GIF": []byte("GIF89a\x01\x00\x01\x00"), "a paper that begins later": append([]byte("MZ"), paper()...),
	} {
		if _, err := evidence.Clean(raw); !errors.Is(err, evidence.ErrKind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fourColours is what a JPEG in CMYK says of itself before its pixels.
func fourColours(width, height uint16) []byte {
	raw := []byte("\xff\xd8\xff\xc0\x00\x14\x08")
	raw = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(raw, height), width)
	return append(raw, "\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00\xff\xda\x00\x0e"...)
}

func TestAttackAFileThatIsLargerThanItLooks(t *testing.T) {
	bomb := deflated(t, make([]byte, 200<<20))
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"too many bytes": {append(asJPEG(t, drawing(1, 1)), make([]byte, evidence.MaxSize)...), evidence.ErrSize},
		"a PNG of a hundred million pixels a side":      {claiming(100_000_000, 100_000_000, 8), evidence.ErrPixels},
		"a PNG of two billion pixels a side":            {claiming(1<<31-1, 1<<31-1, 8), evidence.ErrDamaged},
		"a PNG that is long":                            {claiming(100_000, 1, 8), evidence.ErrPixels},
		"a PNG of many pixels":                          {claiming(8000, 8000, 8), evidence.ErrPixels},
		"a PNG of deep pixels":                          {claiming(5000, 4000, 16), evidence.ErrPixels},
		"a JPEG of four colours":                        {fourColours(5000, 4000), evidence.ErrPixels},
		"a PNG of no width":                             {claiming(0, 5, 8), evidence.ErrDamaged},
		"a PNG that is cut off":                         {claiming(500, 500, 8), evidence.ErrDamaged},
		"a JPEG that is cut off":                        {asJPEG(t, drawing(400, 400))[:700], evidence.ErrDamaged},
		"a stream that unpacks to more and more":        {paper(stream("/Filter /FlateDecode", bomb)), evidence.ErrSize},
		"a picture that unpacks to more and more":       {paper(stream("/Subtype /Image /Width 9 /Filter /FlateDecode", bomb)), evidence.ErrSize},
		"many streams, each of which is within a bound": {paper(strings.Repeat(stream("/Filter /FlateDecode", deflated(t, make([]byte, 20<<20))), 7)), evidence.ErrSize},
	} {
		if _, err := evidence.Clean(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAttackAPaperWhoseStreamsAllEndInOnePlace: looked at from each of its streams to the end, the largest takes half an hour.
func TestAttackAPaperWhoseStreamsAllEndInOnePlace(t *testing.T) {
	const begin, end = "1 0 obj<</Filter/DCTDecode>>stream\n", "endstream endobj\nstartxref\n0\n%%EOF\n"
	raw := []byte("%PDF-1.4\n" + strings.Repeat(begin, (evidence.MaxSize-len(end)-16)/len(begin)) + end)
	if _, err := evidence.Clean(raw); err != nil {
		t.Error(err)
	}
	if _, err := evidence.Clean(bytes.ReplaceAll(raw, []byte("endstream"), []byte("endobject"))); !errors.Is(err, evidence.ErrDamaged) {
		t.Errorf("a paper whose streams do not end: %v", err)
	}
}

func TestAttackAPaperThatActs(t *testing.T) {
	action := "<< /S /JavaScript /JS (app.alert(1)) >>"
	hidden := deflated(t, []byte("7 0 "+action))
	first := " /N 1 /First 4 "
	shown := "<< /O << /S /URI /URI (https://track.example) >> >>"
	for name, raw := range map[string][]byte{
		"in plain sight":                   paper("7 0 obj " + action + " endobj\n"),
		"with its name escaped":            paper("7 0 obj << /S /Java#53cript >> endobj\n"),
		"by a short name, escaped":         paper("7 0 obj << /#4A#53 (x) >> endobj\n"),
		"when it is opened":                paper("7 0 obj << /OpenAction 8 0 R >> endobj\n"),
		"when it is opened, said at once":  paper("7 0 obj << /OpenAction<< /S /URI /URI (https://track.example) >> >> endobj\n"),
		"when it is opened, behind a word": paper("7 0 obj << /OpenAction % [\n 8 0 R >> endobj\n"),
		"when a page is shown":             paper("7 0 obj << /Type /Page /AA << >> >> endobj\n"),
		"by starting a program":            paper("7 0 obj << /S /Launch /F (cmd.exe) >> endobj\n"),
		"with a file in it":                paper("7 0 obj << /Type /EmbeddedFile >> endobj\n"),
		"with a film":                      paper("7 0 obj << /Subtype /RichMedia >> endobj\n"),
		"with a form of its own":           paper("7 0 obj << /XFA 8 0 R >> endobj\n"),
		"encrypted":                        paper("7 0 obj << /Encrypt 8 0 R >> endobj\n"),
		"in a stream of objects":           paper(stream("/Type /ObjStm"+first+"/Filter /FlateDecode", hidden)),
		"in such a stream, unnamed":        paper(stream(first+"/Filter/FlateDecode", hidden)),
		"by a short name in such one":      paper(stream(first+"/Filter /FlateDecode", deflated(t, []byte("7 0 << /JS (x) >>")))),
		"packed twice":                     paper(stream(first+"/Filter [/FlateDecode /FlateDecode]", deflated(t, hidden))),
		"packed as digits":                 paper(stream(first+"/Filter /ASCIIHexDecode", []byte("3720302f4a53>"))),
		"packed by another's word":         paper(stream(first+"/Filter 9 0 R", hidden)),
		"packed, with the key escaped":     paper(stream(first+"/#46ilter /LZWDecode", []byte("x"))),
		"behind a predictor":               paper(stream(first+"/DecodeParms << /Predictor 12 /Columns 4 >> /Filter /FlateDecode", deflated(t, []byte("0000")))),
		"behind another's predictor":       paper(stream(first+"/DecodeParms 9 0 R /Filter /FlateDecode", deflated(t, []byte("0000")))),
		"outside":                          paper(stream("/F (http://127.0.0.1/x)", nil)),
		"in bytes that no object names":    paper("% 7 0 obj " + action + " endobj\n"),
		"in a picture's bytes":             paper(stream("/Subtype /Image /Width 1 /Filter /DCTDecode", []byte("\xff\xd8 7 0 obj "+action+" endobj"))),
		"by a form in a picture's bytes":   paper(stream("/Subtype /Image /Width 1 /Filter /DCTDecode", []byte("\xff\xd8 7 0 obj << /XFA 8 0 R >> endobj"))),
		"by a page in a picture's bytes":   paper(stream("/Subtype /Image /Width 1 /Filter /DCTDecode", []byte("\xff\xd8 7 0 obj << /AA "+shown+" >> endobj"))),
		"by a form that is not packed":     paper(stream("/Filter /FlateDecode", stored(t, []byte("7 0 obj << /XFA 8 0 R >> endobj")))),
		"by a page that is not packed":     paper(stream("/Filter /FlateDecode", stored(t, []byte("7 0 obj << /AA"+shown+" >> endobj")))),
		"by a page behind a comment":       paper(stream("/Filter /FlateDecode", stored(t, []byte("7 0 obj << /#41A % x\n 8 0 R >> endobj")))),
		"by a page behind a long comment":  paper(stream("/Filter /FlateDecode", stored(t, []byte("7 0 obj << /AA%"+strings.Repeat("x", 2000)+"\n 8 0 R >> endobj")))),
		"by a page behind nothing, long":   paper(stream("/Filter /FlateDecode", stored(t, []byte("7 0 obj << /AA"+strings.Repeat(" ", 2000)+"8 0 R >> endobj")))),
		"behind the end of a stream":       paper(stream("/Filter /FlateDecode", append(deflated(t, []byte("x")), "\n7 0 obj << /JS (x) >> endobj"...))),
		"behind the end of the paper":      append(paper(), "7 0 obj << /JS (x) >> endobj"...),
		"in a dictionary half commented":   paper("5 0 obj << /N 1 /First 4 % 1 0 obj <<\n /DecodeParms << /Predictor 12 >> /Filter /FlateDecode >> >>\nstream\n" + string(hidden) + "\nendstream endobj\n"),
		"in a dictionary half a string":    paper("5 0 obj << /N 1 /First 4 /X (1 0 obj <<) /DecodeParms << /Predictor 12 >> /Filter /FlateDecode >>\nstream\n" + string(hidden) + "\nendstream endobj\n"),
		"with a comment before a stream":   paper("5 0 obj << /N 1 /First 4 /Filter /FlateDecode >> % x\nstream \n" + string(hidden) + "\nendstream endobj\n"),
		"with the filter said twice":       paper(stream(first+"/Filter /DCTDecode /Filter /FlateDecode", hidden)),
		"in a picture that is none":        paper(stream("/Subtype /Image /Width 1"+first+"/Filter /FlateDecode", deflated(t, []byte("7 0 << /JS (x) >>")))),
		"across two reads":                 paper(stream("/Filter /FlateDecode", deflated(t, append(bytes.Repeat([]byte(" "), 32<<10-5), action...)))),
	} {
		_, err := evidence.Clean(raw)
		if !errors.Is(err, evidence.ErrActive) && !errors.Is(err, evidence.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string][]byte{
		"without a header": append([]byte("%PDF-9"), paper()[8:]...), "without an end": bytes.TrimSuffix(paper(), []byte("%%EOF\n")),
		"cut off": paper(stream("/Filter /FlateDecode", hidden[:10])), "a stream of nothing": paper("stream\nx\nendstream\n"),
	} {
		if _, err := evidence.Clean(raw); !errors.Is(err, evidence.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzClean: whatever comes in is refused, or is kept within the bounds and is kept again as it is.
func FuzzClean(f *testing.F) {
	f.Add(asPNG(f, drawing(3, 2)))
	f.Add(asJPEG(f, drawing(3, 2)))
	f.Add(paper(stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", deflated(f, []byte("7 0 << /Type /Page >>")))))
	f.Add(paper(stream("/Filter [/FlateDecode] /DecodeParms << /Predictor 12 >> /X (a(b)\\)) /Y <41> % c\n /Z [1 0 R 2.5 true]", deflated(f, []byte("x")))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if cost, err := evidence.Cost(raw); err == nil && cost > 512<<20 {
			t.Fatal("a picture costs more than its pixels")
		} else if err == nil && cost > 64<<20 {
			return // slow to fuzz, and tested above
		}
		got, err := evidence.Clean(raw)
		if err != nil {
			return
		}
		if len(got.Body) > evidence.MaxSize {
			t.Fatalf("%d bytes", len(got.Body))
		}
		again, err := evidence.Clean(got.Body)
		if err != nil || again.Media != got.Media {
			t.Fatalf("what was kept is refused: %v", err)
		}
		if got.Media == evidence.PDF && (bytes.Contains(got.Body, []byte("/JavaScript ")) || bytes.Contains(got.Body, []byte("/Launch "))) {
			t.Fatal("it acts")
		}
	})
}
