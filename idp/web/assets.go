package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed assets
var assetFiles embed.FS

// The assets, by the names they have in templates.
const (
	assetStyle     = "style.css"
	assetMark      = "mark.svg"
	assetSubmit    = "submit.js"
	assetProvinces = "provinces.js"
	assetPasskey   = "passkey.js"
	assetWait      = "wait.js"
	assetSignal    = "signal.js"
	assetPrint     = "print.js"
	assetSpeak     = "speak.js"
	assetConsole   = "console.js"
	assetDesk      = "console.css"
)

const javaScript = "text/javascript; charset=utf-8"

// asset is a file that never changes under its name.
type asset struct {
	contentType string
	plain       []byte
	packed      func() []byte // in gzip; made when it is first asked for
}

// assets are served under names that carry a hash of their content, so browsers may keep them for ever.
type assets struct {
	byPath map[string]asset  // "style.6uXj….css"
	paths  map[string]string // "style.css" → "/assets/style.6uXj….css"
}

// newAssets prepares the files. The style sheet begins with the colours of the region.
func newAssets(region string) (*assets, error) {
	a := &assets{byPath: map[string]asset{}, paths: map[string]string{}}
	colours := paletteOf(region)
	for name, contentType := range map[string]string{
		assetStyle:     "text/css; charset=utf-8",
		assetMark:      "image/svg+xml",
		assetSubmit:    javaScript,
		assetProvinces: javaScript,
		assetPasskey:   javaScript,
		assetWait:      javaScript,
		assetSignal:    javaScript,
		assetPrint:     javaScript,
		assetSpeak:     javaScript,
		assetConsole:   javaScript,
		assetDesk:      "text/css; charset=utf-8",
	} {
		content, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, fmt.Errorf("web: assets: %w", err)
		}
		switch name {
		case assetStyle:
			content = append([]byte(colours.css()), content...)
		case assetMark:
			content = bytes.ReplaceAll(content, []byte("currentColor"), []byte(colours.light.accent.hex()))
		}
		sum := sha256.Sum256(content)
		stem := strings.TrimSuffix(name, path.Ext(name))
		hashed := stem + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + path.Ext(name)
		a.byPath[hashed] = asset{contentType: contentType, plain: content, packed: sync.OnceValue(func() []byte { return pack(content) })}
		a.paths[name] = pathAssets + hashed
	}
	return a, nil
}

// pack cannot fail: it writes into memory.
func pack(content []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write(content)
	_ = z.Close()
	return b.Bytes()
}

// path is where an asset is served.
func (a *assets) path(name string) (string, error) {
	p, ok := a.paths[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return p, nil
}

func (a *assets) serve(rw http.ResponseWriter, r *http.Request) {
	f, ok := a.byPath[r.PathValue("name")]
	h := rw.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if !ok {
		h.Set("Cache-Control", "no-store") // a page of the version before may still ask for its own assets
		http.Error(rw, "no such asset", http.StatusNotFound)
		return
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	h.Set("Content-Type", f.contentType)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	rw.Write(body)
}
